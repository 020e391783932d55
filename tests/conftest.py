"""What holds for every test: a quiet stack, no network, no test of a GPU or of torch that passes by being skipped."""

import importlib.util
import ipaddress
import os
import re
import shutil
import signal
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, and no deadline: a loaded machine is slow, not wrong.
settings.register_profile("rushes", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("rushes")

QUIET = {
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "RAY_AUTH_MODE": "disabled",  # loopback only
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}
# What would lead a test to somebody's real server or account.
OUTSIDE = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE", "RAY_ADDRESS", "OPENAI_API_KEY", "OPENAI_BASE_URL")
# Servers that are costly to start: the tests that ask for one run in the same worker, so that it starts once.
SERVERS = ("ray_cluster", "prefect_harness", "prefect_server")
SLOW_MODULE = re.compile(r"^pytestmark = .*pytest\.mark\.slow\b", re.MULTILINE)


def heed_interrupts() -> None:
    """A shell starts what it runs in the background with SIGINT ignored, and whatever that starts inherits it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Set before Ray or Prefect is imported: both read the environment only once."""
    heed_interrupts()
    for name in OUTSIDE:
        os.environ.pop(name, None)
    home = tempfile.mkdtemp(prefix="rushes-prefect-")  # one per worker: each has its own database
    os.environ.update(QUIET | {"PREFECT_HOME": home})
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without slow tests, modules that are slow as a whole are not even imported: that takes half of all collecting."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    return True if SLOW_MODULE.search(collection_path.read_text("utf-8")) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        asked = getattr(item, "fixturenames", ())
        for server in SERVERS:
            if server in asked:
                item.add_marker(pytest.mark.xdist_group(server))
        if item.get_closest_marker("live") and os.environ.get("RUSHES_LIVE") != "1":
            item.add_marker(pytest.mark.skip(reason="talks to the outside: set RUSHES_LIVE=1"))
        if item.get_closest_marker("gpu") and not has_gpu():
            item.add_marker(pytest.mark.skip(reason="no GPU here"))
        if item.get_closest_marker("torch") and importlib.util.find_spec("torch") is None:
            item.add_marker(pytest.mark.skip(reason="no torch here: infra/setup.sh models"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_GPU=1 or REQUIRE_TORCH=1 a skipped test of such a thing is a failed one: there, green means run."""
    report = yield
    for marker, wish in (("gpu", "REQUIRE_GPU"), ("torch", "REQUIRE_TORCH")):
        if report.skipped and item.get_closest_marker(marker) and os.environ.get(wish) == "1":
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped although {wish}=1: {report.longrepr}"
    return report


def has_gpu() -> bool:
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for a public address fails at once, and says where to."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and self.type == socket.SOCK_STREAM:
            assert is_near(address), f"a test reached for {address}: use a local server, or mark the test live"
        real(self, address)  # type: ignore[arg-type]

    if not request.node.get_closest_marker("live"):
        monkeypatch.setattr(socket.socket, "connect", connect)


def is_near(address: object) -> bool:
    """Whether the address is this machine's or a private network's (Ray speaks to itself over the latter)."""
    host = str(address[0]) if isinstance(address, tuple) else ""
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_private
    except ValueError:
        return host in ("localhost", socket.gethostname())
