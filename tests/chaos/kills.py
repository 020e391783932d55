"""Builds whose process is killed at random moments and begun again, until so many kills are done."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.builds import Build, end


@dataclass(frozen=True)
class Killed:
    """What came of it: kills, builds that came to their end, what went wrong, and their requests to the teacher.

    ``requests_clean`` is what one undisturbed build asks.
    """

    kills: int
    finished: int
    wrong: tuple[str, ...]
    requests_clean: int = 0
    requests: int = 0

    @property
    def asked_again(self) -> int:
        """How many requests were sent that an earlier process had sent already."""
        return self.requests - self.finished * self.requests_clean


@dataclass
class Killing:
    """Kills builds in one workspace until it comes to its end, then in the next; the last is gone on with to its end.

    ``build`` gives the build into a folder, ``requests`` how many requests there were so far.
    """

    build: Callable[[Path], Build]
    folder: Path
    chance: random.Random
    requests: Callable[[], int] = lambda: 0

    def run(self, kills: int) -> Killed:
        """Kills so many times, and compares what is published with an undisturbed build."""
        start = self.requests()
        began = time.monotonic()
        clean = self.build(self.folder / "clean").done()
        seconds, at_first = time.monotonic() - began, self.requests()
        places, wrong = self._killed(kills, seconds)
        for place in places:
            last = self.build(place).run()
            if last.returncode or self.build(place).parquet() != clean.parquet() or self.build(place).locked():
                wrong.append(f"{place.name}: status {last.returncode}, {last.stderr[-200:]}, or other bytes, or a lock")
        return Killed(kills, len(places), tuple(wrong), at_first - start, self.requests() - at_first)

    def _killed(self, kills: int, longest_s: float) -> tuple[list[Path], list[str]]:
        places, wrong, done = [self.folder / "killed-0"], list[str](), 0
        while done < kills:
            began = time.monotonic()
            ending = end(self.build(places[-1]).started(), self.chance.uniform(0.3, longest_s), signal.SIGKILL)
            done += ending.status == -signal.SIGKILL
            if ending.left:
                wrong.append(f"outlived their run: {ending.left}")
            if ending.status == 0:  # too late for a kill: so long no build takes
                longest_s = min(longest_s, time.monotonic() - began)
                places.append(self.folder / f"killed-{len(places)}")
            elif ending.status != -signal.SIGKILL:
                wrong.append(f"status {ending.status}: {ending.said[-200:]}")
                break
        return places, wrong
