"""T13: a body that comes a byte at a time, for ever or never, takes no longer than a whole answer may."""

import time
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import openai  # noqa: F401  imported before the clock runs: on a busy machine that alone takes seconds

from infra.rehearsal import start
from schemas.chat import NoReply
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.teaching import HASTY, Pupil, packs, teacher

DEADLINE_S, LATE_S = 1.0, 2.0
SLOW = {"slow_loris": 0.6, "sse_forever": 0.2, "silence": 0.2}


def show(folder: Path, scale: Scale) -> Shown:
    """Asks 50 times at once where every body drips, and looks at the server when each was given up."""
    count = scale.of(50, 12)
    habits = replace(HASTY, down_after_s=3600.0)
    with teacher(seed=scale.seed, faults=SLOW) as place:
        began = time.monotonic()
        lesson = Pupil(folder, place, habits).learn(packs(count), timeout_s=DEADLINE_S, in_flight=count)
        took = time.monotonic() - began
        tries = defaultdict(list)
        for entry in start.entries(place):
            tries[entry["key"]].append(entry["at_s"])
    gaps = [after - before for times in tries.values() for before, after in pairwise(sorted(times))]
    ended = sum(isinstance(answer, NoReply) and answer.reason == "model_timeout" for answer in lesson.answers)
    in_time = sum(gap <= DEADLINE_S + LATE_S for gap in gaps)
    figures = (
        f"{ended} of {count} drip bodies end as model_timeout; {in_time} of {len(gaps)} tries were given up within "
        f"{DEADLINE_S + LATE_S:g} s (deadline {DEADLINE_S:g} s), the slowest after {max(gaps):.2f} s; "
        f"all with their {habits.timeouts} tries in {took:.1f} s"
    )
    fair = len(gaps) == count * (habits.timeouts - 1) and took <= habits.timeouts * (DEADLINE_S + LATE_S)
    return Shown(ended == count and in_time == len(gaps) and fair, figures)


BAR = Bar("T13", "an answer that drips ends with its deadline", show)
