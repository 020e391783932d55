"""T16: a key is in the environment and in the requests, and nowhere else, however a run ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.prefect_api import check_reachable
from infra.profile import load
from infra.rehearsal import start
from infra.rehearsal.settings import Settings
from schemas.errors import BadInput, ToolDown
from tests.chaos import spoken_notes
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.secret_hunt import Hunt

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    spoken_notes.KEY: "sk-canary/Wq9+f3Zt7=Lx2",
    "WRONG_KEY": "sk-cuckoo/Pd4+m8Yv1=Rn6",
    "RAY_AUTH_TOKEN": "canary0000111122223333444455556666777788889999aaaabbbbccccdddd0",
    "AWS_SECRET_ACCESS_KEY": "aws-canary/Ks5+h2Gb8=Tj0",
    "PREFECT_API_KEY": "pnu_canary_Vz3Xc6Qm1Lp9",
    "https_proxy": "http://someone:proxy-canary-Hb7@127.0.0.1:9",
    "SECRET_IN_A_PROFILE": "sk-profile-canary-Jd2Fw8",
}
PROFILE = """
[models.teacher]
name = "teacher"
revision = "1"
endpoints = ["{url}"]
key_env = "{key}"
timeout_s = 20
{more}
[roles]
writer = "teacher"
[workers]
cpus = 2
memory_gb = 4
"""
NOTHING: Mapping[str, str] = {}
HIDDEN_IN = ("api_key = '{secret}'", "key_env = '{secret}'", "kind = '{secret}'\nkind = '{secret}'", "key = '{secret}'")


def show(folder: Path, scale: Scale) -> Shown:
    """Runs well, with a wrong key, into a bug and into kill -9, on both engines and under Prefect; then looks."""
    hunt = Hunt(SECRETS)
    home = Path(tempfile.mkdtemp(prefix="t16-", dir="/tmp"))  # Ray's sockets need a short path
    told: list[str] = []
    settings = Settings(key=SECRETS[spoken_notes.KEY])
    try:
        with start.apart(settings) as place, hunt.meanwhile(home):
            runs = Runs(home, place.url)
            told += [runs.well(), runs.bug(), *runs.refused(folder)]
            if scale.whole:
                told += [runs.wrong(), *runs.ray(), *runs.prefect()]
            requests = start.stats(place)["answered"]
        hunt.through(home)
        control = _is_found(home, hunt)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    wrong = [one for one in told if one.startswith("WRONG")]
    figures = (
        f"{len(told)} runs ({requests} answers with the key): {len(hunt.places)} places with a secret"
        f"{f' ({sorted(hunt.places)[:3]})' if hunt.places else ''} in {hunt.looked} looks at up to {hunt.most_files} "
        f"files at once, for {len(SECRETS)} secrets in 11 forms; planted ones are found: {control}"
        f"{f'; {wrong[0]}' if wrong else ''}"
    )
    return Shown(not hunt.places and not wrong and requests > 0 and control, figures)


def _is_found(home: Path, hunt: Hunt) -> bool:
    """Whether the same hunt finds a secret that is there."""
    (home / "planted").write_text(f"x{SECRETS[spoken_notes.KEY]}")
    again = Hunt(hunt.secrets)
    again.through(home)
    return (spoken_notes.KEY, str(home / "planted")) in again.places


class Runs:
    """Builds of the recipe that asks, each in a process of its own, with all secrets in its environment."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url = home, url
        (home / "tmp").mkdir()
        films = home / "films"
        films.mkdir()
        for number in range(6):
            (films / f"{number}.mp4").write_bytes(bytes([number]) * 9)
        buggy = shutil.copytree(films, home / "buggy")
        (buggy / "bug.mp4").write_bytes(b"bug")
        shutil.copy(Path(spoken_notes.__file__), home / "spoken_notes.py")

    def refused(self, elsewhere: Path) -> Iterator[str]:
        """Profiles, elsewhere, with a secret written into them: what is said to them comes home."""
        for number, line in enumerate(HIDDEN_IN):
            more = line.format(secret=SECRETS["SECRET_IN_A_PROFILE"])
            profile = elsewhere / f"hidden{number}.toml"
            profile.write_text(PROFILE.format(url=self.url, key=spoken_notes.KEY, more=more))
            try:
                load(str(profile))
            except BadInput as error:
                (self.home / f"hidden{number}.out").write_text(f"{error}\n{traceback.format_exc()}")
                yield f"hidden{number}"
            else:
                yield f"WRONG: hidden{number} was taken"

    def well(self, **more: str) -> str:
        """A run that goes well."""
        return self.build(f"well{len(more)}", "inline", 0, more)

    def wrong(self) -> str:
        """A run with a wrong key."""
        return self.build("wrong", "inline", 2, {spoken_notes.KEY: SECRETS["WRONG_KEY"]})

    def bug(self, engine: str = "inline", **more: str) -> str:
        """A run into a bug."""
        return self.build(f"bug-{engine}{len(more)}", engine, 1, more)

    def ray(self) -> list[str]:
        """On Ray: into a bug, and killed in the middle, whose files stay."""
        return [self.bug("ray"), self.build("killed", "ray", -signal.SIGKILL)]

    def prefect(self) -> list[str]:
        """As flows of a Prefect server: one that goes well, and one into a bug."""
        with _prefect(self.home, self.environment()) as url:
            return [self.well(PREFECT_API_URL=url), self.bug(PREFECT_API_URL=url)]

    def build(self, name: str, engine: str, code: int, more: Mapping[str, str] = NOTHING) -> str:
        """One run, of the films with the bug where its name says so; what is wrong with how it ended, or its name."""
        films = "buggy" if name.startswith("bug") else "films"
        profile = self.home / f"{name}.toml"
        profile.write_text(PROFILE.format(url=self.url, key=spoken_notes.KEY, more=""))
        command = [
            str(Path(sys.executable).with_name("rushes")),
            "--debug",
            "build",
            str(self.home / "spoken_notes.py"),
        ]
        command += [
            str(self.home / films),
            "--to",
            str(self.home / name),
            "--engine",
            engine,
            "--profile",
            str(profile),
        ]
        with (self.home / f"{name}.out").open("wb") as out:
            run = subprocess.Popen(command, cwd=self.home, env={**self.environment(), **more}, stdout=out, stderr=out)
            if code < 0:
                _wait_for(lambda: any((self.home / name).rglob("cells/**/*.parquet")) or run.poll() is not None)
                run.send_signal(-code)
            ended = run.wait(400)
        return name if ended == code else f"WRONG: {name} ended with {ended}, not {code}"

    def environment(self) -> dict[str, str]:
        """All secrets, a home of its own, and nothing of Ray's or Prefect's settings."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PREFECT_"))}
        own = {"HOME": str(self.home), "TMPDIR": str(self.home / "tmp"), "PREFECT_HOME": str(self.home / "prefect")}
        quiet = {"NO_PROXY": "127.0.0.1,localhost", "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        given = {name: secret for name, secret in SECRETS.items() if name not in ("WRONG_KEY", "SECRET_IN_A_PROFILE")}
        return plain | own | quiet | given


@contextmanager
def _prefect(home: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """A Prefect server of our own, whose database and files lie in the home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    program = str(Path(sys.executable).with_name("prefect"))
    command = [program, "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "prefect.out").open("wb") as out:
        server = subprocess.Popen(command, env=dict(environment), stdout=out, stderr=out, start_new_session=True)
        try:
            _wait_for(lambda: _is_up(url))
            yield url
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def _is_up(url: str) -> bool:
    try:
        check_reachable(url, timeout_s=5)
    except ToolDown:
        return False
    return True


def _wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not what() and time.monotonic() < deadline:
        time.sleep(0.1)


BAR = Bar("T16", "no secret in any log, table, page, database, argument or file of Ray or Prefect", show)
