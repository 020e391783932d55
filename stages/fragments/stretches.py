"""Where in a film to look for items: windows of evenly spaced frames inside a take, the lively ones first."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import TypeVar

import numpy as np

from schemas.items import Task
from stages.fragments import distances
from stages.fragments.slate import Draft, Wish, luck, shuffled
from stages.fragments.timeline import Film, Frames, Take

T = TypeVar("T")
SPACINGS_US = (100_000, 160_000, 240_000, 360_000, 500_000, 700_000, 1_000_000, 1_500_000, 2_200_000)
TRIES = 150
"""Windows tried in a take before it is given up."""
TAKES = 80
"""Takes tried in a film: a long film is sampled, not searched."""


def windows(film: Film, take: Take, n: int, least: float, chance: Random) -> Iterator[Frames]:
    """Windows of ``n`` evenly spaced frames well inside a take, drawn where something happens.

    Every picture differs from the next by ``least`` or more, and all can be seen well.
    """
    start, end = take.inner_us
    spacings = [step for step in SPACINGS_US if (n - 1) * step <= end - start and film.is_even(step)]
    if not spacings:
        return
    moments, weights = _lively(film, take)
    steps = np.array(chance.choices(spacings, k=TRIES))
    middles = np.array(chance.choices(moments, weights, k=TRIES)) + [chance.randrange(-step, step) for step in steps]
    firsts = np.clip(middles - (n - 1) * steps // 2, start, end - (n - 1) * steps)
    frames = film.within(take, (firsts[:, None] + steps[:, None] * np.arange(n)).ravel())
    looks = film.looks(frames).reshape(TRIES, n, -1)
    fits = film.shows(frames, well=True).reshape(TRIES, n).all(axis=1)
    fits &= distances.far(looks[:, 1:], looks[:, :-1]).min(axis=1) >= least
    yield from frames.reshape(TRIES, n)[fits]


def _lively(film: Film, take: Take) -> tuple[list[int], list[float]]:
    """Moments of a take, and how much happens around each: no more than 2000 of them."""
    n = int(min(2000, max(2, take.length_us // 200_000)))
    frames = np.unique(np.linspace(take.first, take.last, n).astype(np.int64))
    happens = distances.steps(film.looks(frames))
    return film.times_us[frames[1:]].tolist(), (happens + 1e-6).tolist()


def alive(film: Film, task: Task, wish: Wish) -> list[Take]:
    """The takes that may be asked about, in this task's own random order."""
    return shuffled([take for take in film.takes if take.is_alive], luck(wish, film, task))[:TAKES]


def from_takes(film: Film, task: Task, wish: Wish, search: Callable[[Take], Iterator[Draft]]) -> Iterator[Draft]:
    """What ``search`` finds in the takes, one of each take in turn, none overlapping another, as many as wished."""
    yield from apart(in_turn([search(take) for take in alive(film, task, wish)]), wish)


def apart(drafts: Iterable[Draft], wish: Wish) -> Iterator[Draft]:
    """The drafts that do not overlap an earlier one, as many as wished."""
    found: list[Draft] = []
    for draft in drafts:
        if not any(_overlap(draft, other) for other in found):
            found.append(draft)
            yield draft
        if len(found) >= wish.most:
            return


def _overlap(one: Draft, other: Draft) -> bool:
    ones, others = one.slate.frames, other.slate.frames
    return ones[0] <= others[-1] and others[0] <= ones[-1]


def in_turn(sources: Sequence[Iterator[T]]) -> Iterator[T]:
    """One of each source in turn, until all are empty."""
    waiting = list(sources)
    while waiting:
        still = []
        for source in waiting:
            for first in source:
                still.append(source)
                yield first
                break
        waiting = still
