"""T10: no room, no permission, or no folder to write into."""

import os
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.builds import Build
from tests.flows.toys import write_toy

MOST_S, LONGEST_S = 10.0, 120.0
GOOD = "each told in one line in time, nothing half-written, the same bytes after resuming"
ROOM = "make room there, then run the same command again"


def show(folder: Path, scale: Scale) -> Shown:
    """Ends builds for want of room at several points, then lets them go on; and gives them what is no folder."""
    recipe = write_toy(folder)
    footage = folder / "footage"
    footage.mkdir()
    for number in range(40):
        (footage / f"{number}.mp4").write_bytes(b"x" * (10 + number))
    clean = Build(folder / "clean", [footage], str(recipe)).done()
    sizes = sorted({path.stat().st_size for path in clean.to.rglob("*") if path.is_file()})
    points = scale.of(7, 2)
    limits = [sizes[nth * (len(sizes) - 1) // points] - 1 for nth in range(1, points + 1)]
    said = Trial(Build(folder / "limited", [footage], str(recipe)), clean).of_file_size(limits)
    place = folder / "disk"
    full = Trial(Build(place / "data", [footage], str(recipe)), clean)
    said += mounted(full, place, random.Random(scale.seed), scale.of(3, 1))
    (folder / "file").write_text("in the way")
    said.append(Trial(Build(folder / "file" / "data", [footage], str(recipe)), clean).told("choose another"))
    wrong = [one for one in said if one]
    return Shown(
        not wrong,
        f"{points} limits of a file's size from {limits[0]:,} to {limits[-1]:,} bytes, {scale.of(3, 1)} of a "
        f"file system's room, a read-only one, a file for a folder: "
        + (f"{len(wrong)} wrong: {'; '.join(wrong)}" if wrong else GOOD),
    )


@dataclass(frozen=True)
class Trial:
    """A build that cannot write, beside one that could. What is wrong is told; else nothing."""

    build: Build
    clean: Build

    def of_file_size(self, limits: Sequence[int]) -> list[str]:
        """What is wrong when no file may grow above a limit, then, going on, above a higher one, and afterwards."""
        return [*(self.told(ROOM, "prlimit", f"--fsize={limit}") for limit in limits), self.resumed()]

    def told(self, remedy: str, *under: str) -> str:
        """What is wrong with how the build ends: not in one line, not with the remedy, not in time."""
        process = subprocess.Popen([*under, *self.build.command()], stderr=subprocess.PIPE, text=True)
        wrote = began = time.time()
        while process.poll() is None and time.time() < began + LONGEST_S:
            wrote = max(wrote, self.written_at())
            time.sleep(0.05)
        seconds = time.time() - wrote
        process.kill()
        said = process.communicate()[1]
        last = (said.splitlines() or [""])[-1]
        if process.returncode not in (1, 2) or not last.startswith("rushes: cannot ") or remedy not in last:
            return f"{self.build.to.name}: status {process.returncode}: {last[:300]}"
        if "Traceback" in said or seconds > MOST_S:
            return f"{self.build.to.name}: a traceback, or {seconds:.1f} s after the last thing that could be written"
        half = [path.name for path in self.build.to.rglob(".*.tmp")]
        return f"{self.build.to.name}: left {half[:3]}" if half else ""

    def written_at(self) -> float:
        """When the last file was written of those that are there now: a build removes what it could not finish."""
        newest = 0.0
        for folder, _, names in os.walk(self.build.to):  # which passes over a folder that goes meanwhile
            for name in names:
                with suppress(OSError):
                    newest = max(newest, Path(folder, name).stat().st_mtime)
        return newest

    def resumed(self) -> str:
        """What is wrong with what comes out when there is room again."""
        ended = self.build.run()
        if ended.returncode:
            return f"{self.build.to.name}: then status {ended.returncode}: {ended.stderr[-200:]}"
        return "" if self.build.parquet() == self.clean.parquet() else f"{self.build.to.name}: other bytes afterwards"


def mounted(trial: Trial, place: Path, chance: random.Random, times: int) -> Iterator[str]:
    """The same on a file system with room for too little, then, going on, for more, and on one that is read-only."""
    used = sum(path.stat().st_size for path in trial.clean.to.rglob("*") if path.is_file())
    with disk(place, "size=64m") as ready:
        if not ready:
            yield "no file system can be mounted here, so only limits of files were shown"
            return
        free, filler = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize, place / "filler"
        filler.write_bytes(bytes(free))
        for room in sorted(chance.randrange(10_000, used) for _ in range(times)):
            os.truncate(filler, free - room)
            yield trial.told(ROOM)
        filler.unlink()
        yield trial.resumed()
    with disk(place, "size=1m,ro"):
        yield trial.told("choose a")


@contextmanager
def disk(place: Path, options: str) -> Iterator[bool]:
    """A file system in memory; False where none may be mounted."""
    place.mkdir(exist_ok=True)
    ready = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], capture_output=True, check=False)
    try:
        yield ready.returncode == 0
    finally:
        if ready.returncode == 0:
            subprocess.run(["umount", place], check=True)


BAR = Bar(
    "T10",
    f"A disk that is full, read-only or no folder: one line with the remedy within {MOST_S:.0f} s of it, resumable",
    show,
    in_suite=False,
)
