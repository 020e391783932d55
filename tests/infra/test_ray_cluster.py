"""Runs on a Ray that was there before, with and without tokens."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from schemas.rejects import Reject
from stages.stage import Needs, Stage
from tests.builders import ToyVideo, ToyWord
from tests.chaos.builds import descendants
from tests.chaos.slow_recipe import write_slow
from tests.chaos.t07_killed_workers import loses_a_machine
from tests.flows.toys import write_toy

pytestmark = pytest.mark.slow
PROGRAMS = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
# The only machine with a GPU goes while it works.
LOSES_THE_GPU = """
import sys, threading
from pathlib import Path
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
leaving = cluster.add_node(num_cpus=1, num_gpus=1)
from infra.engine import engine
from infra.profile import Profile, RayPart, Retries
from infra.run import Run
from schemas.errors import ToolDown
from schemas.media import Source
from stages.graph import given
from stages.stage import Needs
from storage.layout import Workspace
from tests.builders import Name, sources
from tests.infra.test_ray_cluster import Paint
folder = Path(sys.argv[1])
profile = Profile(ray=RayPart(address=cluster.address), retries=Retries(wait_s=(0.1, 0.1)))
recipe = given(Source).then(Name()).then(Paint(flag=str(folder / "painting")))
with Run(recipe, sources("anna"), Workspace(folder / "data"), engine("ray"), profile=profile) as run:
    while not (folder / "painting").exists():
        threading.Event().wait(0.05)
    cluster.remove_node(leaving, allow_graceful=False)
    try:
        run.built()
    except ToolDown as error:
        print(error)
"""
TOKEN = "0123456789abcdef" * 4
TOKENS = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}
FREE = {"RAY_AUTH_MODE": "disabled"}
UP = "Ray runtime started"


class Paint(Stage[ToyVideo, ToyWord, None], version=1, needs=Needs(cpus=1, gpus=1)):
    """Wants a GPU, says that it has one, and never ends."""

    flag: str

    def run(self, rows: Sequence[ToyVideo], tool: None) -> Iterator[ToyWord | Reject]:
        Path(self.flag).touch()
        threading.Event().wait()
        yield from ()


def without_auth() -> dict[str, str]:
    """The environment, without what says how to knock at a Ray."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}


@contextmanager
def cluster(folder: Path, rules: dict[str, str]) -> Iterator[str]:
    """The address of a cluster of one machine with these rules."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    log = folder / "ray.log"
    command = [str(PROGRAMS / "ray"), "start", "--head", "--block", "--num-cpus=1", "--include-dashboard=false"]
    command += ["--node-ip-address=127.0.0.1", f"--port={address.rpartition(':')[2]}", f"--temp-dir={folder}"]
    environment = without_auth() | rules
    with log.open("wb") as out:
        head = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        subprocess.run(["sh", "-c", f"timeout 120 tail -n +1 -F {log} | grep -q '{UP}'"], check=True)
        yield address
    finally:
        for pid in {head.pid, *descendants(head.pid)}:  # asked kindly, it takes half a minute
            with suppress(ProcessLookupError):  # gone with another
                os.kill(pid, signal.SIGKILL)
        head.wait(60)


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    folder = tmp_path / "footage"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.mp4").write_bytes(b"x" * (10 + number))
    return folder


def build(tmp_path: Path, footage: Path, address: str, rules: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    profile = tmp_path / "cluster.toml"
    profile.write_text(f"[ray]\naddress = {address!r}\n[retries]\nwait_s = []\n")
    command: list[str | Path] = [PROGRAMS / "rushes", "build", write_toy(tmp_path), footage, "--to", tmp_path / "data"]
    command += ["--engine", "ray", "--profile", profile]
    environment = without_auth() | rules
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.parametrize(("theirs", "ours"), [(FREE, {}), (TOKENS, {"RAY_AUTH_TOKEN": TOKEN})])
def test_a_cluster_is_joined_by_its_own_rules(
    theirs: dict[str, str],
    ours: dict[str, str],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    footage: Path,
) -> None:
    with cluster(tmp_path_factory.mktemp("r"), theirs) as address:
        ended = build(tmp_path, footage, address, ours)
        assert ended.returncode == 0, ended.stderr


def test_a_token_for_a_cluster_that_wants_none_is_told_with_the_remedy(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, footage: Path
) -> None:
    with cluster(tmp_path_factory.mktemp("r"), FREE) as address:
        ended = build(tmp_path, footage, address, TOKENS)
    assert ended.returncode == 1
    assert "one without needs RAY_AUTH_MODE=disabled" in ended.stderr.splitlines()[-1]


def test_nothing_waits_for_a_place_on_a_machine_that_is_gone(tmp_path: Path) -> None:
    recipe, _ = write_slow(tmp_path, 1)
    assert loses_a_machine(recipe, tmp_path)


def test_what_only_a_lost_machine_could_make_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOSES_THE_GPU, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert "no machine of the cluster has 1 GPUs and 1 GB of memory any more" in ended.stdout, ended.stderr
