"""Strips: pictures at equal steps of time that run over several shots."""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from random import Random

import numpy as np

from stages.fragments import distances
from stages.fragments.slate import Limits
from stages.fragments.timeline import Film, Take

CLEAR_OF_ENDS_US = 80_000
"""A picture so near to the end of its shot may show the next, where a boundary was found a frame or two off."""

LEAST, MOST = 7, 14
LENGTHS = (8, 9, 10, 11, 12)
STEPS_US = (200_000, 300_000, 400_000, 500_000, 650_000, 800_000, 1_000_000, 1_300_000, 1_700_000, 2_200_000)


@dataclass(frozen=True, eq=False)
class Strip:
    """Evenly spaced pictures of a film: ``frames`` in order of time, and the take that each shows."""

    film: Film
    frames: tuple[int, ...]
    takes: tuple[Take, ...]

    @cached_property
    def runs(self) -> list[list[int]]:
        """The places of the pictures, from 0, shot by shot."""
        groups = groupby(range(len(self.frames)), key=lambda place: self.takes[place].number)
        return [list(places) for _, places in groups]

    @cached_property
    def steps(self) -> distances.Floats:
        """The distance of each picture to the next."""
        return distances.steps(self.film.looks(self.frames))

    @property
    def times_us(self) -> list[int]:
        """When the pictures come on."""
        return [self.film.time(frame) for frame in self.frames]

    @property
    def changes(self) -> list[int]:
        """The places after which the shot changes: ``n`` for a change between pictures n and n + 1, counted from 0."""
        return [run[-1] for run in self.runs[:-1]]

    def inside(self) -> float:
        """The largest distance between neighbouring pictures of one shot."""
        return float(max((step for place, step in enumerate(self.steps) if place not in self.changes), default=0.0))

    def between(self) -> float:
        """The smallest distance between neighbouring pictures of two shots; infinite where there is one shot."""
        return float(min((self.steps[place] for place in self.changes), default=np.inf))

    def is_clear(self, limits: Limits) -> bool:
        """Whether every change of shot is plain to see, and nothing else looks like one.

        In a shot that moves, the same colours come back in other places, so colours alone may tell it as well.
        """
        inside, between = self.inside(), self.between()
        if is_plain(inside, between, limits) or between < limits.apart:
            return is_plain(inside, between, limits)
        tones = distances.tones(self.film.looks(self.frames))
        across = [tones[place] for place in self.changes]
        within = np.delete(tones, self.changes).max(initial=0.0)
        return bool(across) and min(across) >= max(0.5 * limits.apart, 1.3 * limits.margin * within)


def is_plain(inside: float, between: float, limits: Limits) -> bool:
    """Whether a change of shot stands out: ``between`` two shots there is more change than anywhere ``inside`` one."""
    return between >= max(limits.apart, 1.15 * limits.margin * inside) and inside <= 1.4 * limits.apart


def strip(film: Film, start_us: int, step_us: int, n: int) -> Strip | None:
    """The strip that starts there; None where a picture shows no single lively shot, or nothing, or steps differ."""
    frames = film.at(start_us + step_us * np.arange(n))
    if not film.is_even(step_us) or len(set(frames.tolist())) < n or not film.shows(frames).all():
        return None
    takes = [film.take_of(int(frame)) for frame in frames]
    if any(
        take is None or not _is_well_inside(film, take, int(frame)) for take, frame in zip(takes, frames, strict=True)
    ):
        return None
    return Strip(film, tuple(frames.tolist()), tuple(take for take in takes if take))


def random_strip(film: Film, takes: tuple[Take, ...], chance: Random) -> Strip | None:
    """A strip, drawn at random, that begins in the first of the takes, ends in the last, and shows each of them."""
    if len(takes) == 1:
        n, step = chance.choice(LENGTHS), chance.choice(STEPS_US)
        start, end = takes[0].inner_us
        slack = end - start - (n - 1) * step
        return strip(film, start + chance.randint(0, slack), step, n) if slack >= 0 else None
    first, last, n = takes[0], takes[-1], chance.randint(LEAST, MOST)
    ahead, behind = (chance.uniform(0.15, 1) * min(take.length_us, 5_000_000) for take in (first, last))
    step = int((ahead + last.start_us - first.end_us + behind) / n)
    found = strip(film, first.end_us - int(ahead) + step // 2, step, n)
    return found if found and len(found.runs) == len(takes) else None


def _is_well_inside(film: Film, take: Take, frame: int) -> bool:
    start, end = take.start_us + CLEAR_OF_ENDS_US, take.end_us - CLEAR_OF_ENDS_US
    return take.is_alive and start <= film.time(frame) and film.end_of(frame) <= end


def in_a_row(film: Film, n: int, chance: Random) -> list[tuple[Take, ...]]:
    """Takes that follow each other, all of them lively, ``n`` at a time: 40 at most, in random order.

    Those with nothing but cuts between them come first: a picture that falls into a gradual transition spoils a strip.
    """
    starts = range(len(film.takes) - n + 1)
    found = []
    for start in chance.sample(starts, len(starts)):
        takes = film.takes[start : start + n]
        gaps = [b.start_us - a.end_us for a, b in pairwise(takes)]
        if all(take.is_alive for take in takes) and all(b.number == a.number + 1 for a, b in pairwise(takes)):
            found.append((sum(gap > 0 for gap in gaps), takes))
    return [takes for _, takes in sorted(found, key=lambda pair: pair[0])][:40]


def all_differ(film: Film, takes: tuple[Take, ...], limits: Limits) -> bool:
    """Whether no two of the takes look alike at any of the moments compared."""
    looks = [film.looks_of(take, 5) for take in takes]
    return all(
        distances.across(one, other).min() >= limits.apart for i, one in enumerate(looks) for other in looks[i + 1 :]
    )
