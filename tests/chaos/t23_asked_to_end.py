"""T23: Ctrl-C and SIGTERM at any moment."""

import random
import signal
from pathlib import Path

from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.builds import Build, end, films

MOST_S = 15.0
LONGEST_S = {"inline": 9.0, "ray": 11.0}


def show(folder: Path, scale: Scale) -> Shown:
    """Asks builds to end at random moments, each time in the workspace that the last one left."""
    given = [films(folder / "films", 1)]
    clean = Build(folder / "clean", given).done().parquet()
    chance, asked, wrong = random.Random(scale.seed), scale.of(10, 2), list[str]()
    endings = []
    for nth in range(asked):
        engine, number = ("inline", "ray")[nth % 2], (signal.SIGINT, signal.SIGTERM)[nth // 2 % 2]
        build = Build(folder / f"data-{nth // 5}", given)
        ending = end(build.started(engine), chance.uniform(0.3, LONGEST_S[engine]), number)
        endings.append(ending)
        if ending.left or build.locked() or ending.seconds > MOST_S or abs(ending.status) not in codes(number):
            wrong.append(f"{engine}, {number.name}: {ending}")
    for place in sorted(folder.glob("data-*")):
        if Build(place, given).done().parquet() != clean:
            wrong.append(f"{place.name}: other bytes after going on")
    ended = sum(ending.status != 0 for ending in endings)
    slowest = max(ending.seconds for ending in endings)
    return Shown(
        not wrong,
        f"{asked} signals, {ended} of them before the end; gone within {slowest:.1f} s; "
        + (f"{len(wrong)} wrong, first: {wrong[0]}" if wrong else "no process or lock left, the same bytes afterwards"),
    )


def codes(number: signal.Signals) -> tuple[int, ...]:
    """What a build may end with: done already, asked to end, or, before it began to listen, by the signal itself."""
    return (0, 128 + number, number)


BAR = Bar(
    "T23",
    f"Ctrl-C and SIGTERM at any moment: gone within {MOST_S:.0f} s with all it began, and resumable",
    show,
    timed=True,
    in_suite=False,
)
