"""Builds by the real command in processes of their own: started, ended early, gone on with, and what they published."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.films import Film, Move, Take, write

RUSHES = str(Path(sys.executable).with_name("rushes"))
LOOKS = ("hills", "city", "reef", "sea", "table")


def films(folder: Path, n: int) -> Path:
    """A folder of short films with cuts, so that there is something to publish."""
    folder.mkdir()
    moves: tuple[Move, Move] = ("static", "pan right")
    for nth in range(n):
        takes = (Take(LOOKS[(cut + nth) % 5], 10 * nth + cut, moves[cut % 2], 36 + 4 * cut) for cut in range(5))
        write(Film(f"film {nth}", tuple(takes)), folder)
    return folder


@dataclass(frozen=True)
class Build:
    """One build into one folder."""

    to: Path
    given: Sequence[str | Path]
    recipe: str = "fragments"
    more: Sequence[str] = field(default_factory=tuple)

    def command(self, engine: str = "inline") -> list[str]:
        given = map(str, self.given)
        return [RUSHES, "build", self.recipe, *given, "--to", str(self.to), "--engine", engine, *self.more]

    def started(self, engine: str = "inline") -> "subprocess.Popen[str]":
        """The running build, in a session of its own."""
        return subprocess.Popen(
            self.command(engine), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def run(self, engine: str = "inline") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self.command(engine), capture_output=True, text=True, timeout=300, check=False)

    def done(self, engine: str = "inline") -> "Build":
        """The build, when it is done and has published."""
        ended = self.run(engine)
        assert ended.returncode == 0, ended.stderr[-2000:]
        return self

    def parquet(self) -> dict[str, str]:
        """The sha256 of each Parquet file of the latest version."""
        latest = max((self.to / "versions").glob("[0-9]*"), key=lambda path: int(path.name))
        files = json.loads((latest / "manifest.json").read_text())["files"]
        return {name: facts["sha256"] for name, facts in files.items() if name.endswith(".parquet")}

    def locked(self) -> bool:
        """Whether a publisher's lock lies there."""
        return (self.to / "versions" / ".lock").exists()


@dataclass(frozen=True)
class Ending:
    """How a build ended that was sent a signal: status, the seconds that took, what it said, and who outlived it."""

    status: int
    seconds: float
    said: str
    left: tuple[str, ...]


def end(process: "subprocess.Popen[str]", after_s: float, number: signal.Signals, patience_s: float = 5.0) -> Ending:
    """Sends a running build the signal after so long, and waits for it and for all that it began."""
    began, seen = time.monotonic(), {process.pid}
    while process.poll() is None and time.monotonic() < began + after_s:
        seen |= descendants(process.pid)
        time.sleep(0.05)
    process.send_signal(number)
    asked = time.monotonic()
    while process.poll() is None and time.monotonic() < asked + 120:
        seen |= descendants(process.pid)
        time.sleep(0.05)
    seconds = time.monotonic() - asked
    left = left_of(seen, patience_s)
    said = process.communicate(timeout=60)[1]
    return Ending(process.returncode, seconds, said, tuple(left))


def descendants(pid: int) -> set[int]:
    """The living processes that this one and its children began."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in ("Z", "X"):
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        more = children.get(waiting.pop(), [])
        found.update(more)
        waiting += more
    return found


def left_of(pids: set[int], within_s: float) -> list[str]:
    """How those of the processes are called that still live after so long."""
    until = time.monotonic() + within_s
    while True:
        alive = [pid for pid in pids if _is_alive(pid)]
        if not alive or time.monotonic() > until:
            return [_called(pid) for pid in alive]
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def _called(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:120]
    except OSError:
        return ""
