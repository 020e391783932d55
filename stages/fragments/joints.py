"""Where one shot of a film gives way to the next, and the strips of pictures that show it."""

from dataclasses import dataclass
from random import Random

import numpy as np

from stages.fragments import blends, distances
from stages.fragments.slate import Limits, Wish, luck
from stages.fragments.strips import is_plain
from stages.fragments.timeline import Film, Take

MOST = 80
"""Joints tried in a film."""


@dataclass(frozen=True)
class Joint:
    """One change of shot: the takes on either side of it, which lie next to each other."""

    before: Take
    after: Take

    @property
    def kind(self) -> str:
        """Cut, dissolve, fade or wipe."""
        return self.after.opened_by

    @property
    def start_us(self) -> int:
        """Up to where the first shot is seen alone."""
        return self.before.end_us

    @property
    def length_us(self) -> int:
        """How long the transition takes; 0 for a cut."""
        return self.after.start_us - self.before.end_us


@dataclass(frozen=True)
class Change:
    """A strip of frames at equal steps that shows a joint.

    ``first`` is the last place, from 0, that shows the first shot alone, ``last`` the first that shows the second.
    """

    joint: Joint
    frames: tuple[int, ...]
    step_us: int
    first: int
    last: int
    inside: float
    across: float


def joints(film: Film, wish: Wish, task: str) -> list[Joint]:
    """The joints between lively takes, in random order."""
    pairs = zip(film.takes[:-1], film.takes[1:], strict=True)
    found = [Joint(a, b) for a, b in pairs if b.number == a.number + 1 and a.is_alive and b.is_alive]
    return luck(wish, film, task, "joints").sample(found, min(len(found), MOST))


def change(film: Film, joint: Joint, frames: list[int], step_us: int, limits: Limits) -> Change | None:
    """The strip of these frames as a change, when it shows nothing but this joint, and that clearly."""
    before = [i for i, frame in enumerate(frames) if film.end_of(frame) <= joint.start_us]
    after = [i for i, frame in enumerate(frames) if film.time(frame) >= joint.after.start_us]
    if min(len(before), len(after)) < 1 or not film.is_even(step_us) or len(set(frames)) < len(frames):
        return None
    if film.time(frames[0]) < joint.before.start_us or film.end_of(frames[-1]) > joint.after.end_us:
        return None
    if not film.shows(np.array([frames[i] for i in (*before, *after)])).all():
        return None
    steps = distances.steps(film.looks(frames))
    inside = float(max((steps[i] for i in (*before[:-1], *after[:-1])), default=0.0))
    looks = film.looks([frames[before[-1]], frames[after[0]]])
    across = float(distances.far(looks[0], looks[1]))
    if not is_plain(inside, across, limits):
        return None
    return Change(joint, tuple(frames), step_us, before[-1], after[0], inside, across)


def hard(film: Film, joint: Joint, where: tuple[int, int, int], limits: Limits, chance: Random) -> Change | None:
    """A strip of ``n`` pictures, ``step_us`` apart, whose cut falls right after place ``place``: ``where`` is these."""
    n, step_us, place = where
    start = joint.start_us - place * step_us - round(step_us * chance.uniform(0.3, 0.7))
    frames = film.at(start + step_us * np.arange(n)).tolist()
    found = change(film, joint, frames, step_us, limits) if joint.start_us == joint.after.start_us else None
    return found if found and (found.first, found.last) == (place, place + 1) else None


def soft(film: Film, joint: Joint, n: int, place: int, limits: Limits) -> Change | None:
    """A strip of ``n`` pictures over a gradual transition, three of them inside it, beginning right after ``place``."""
    step_us = round(0.3 * joint.length_us)
    start = joint.start_us - round(0.1 * joint.length_us) - place * step_us
    frames = film.at(start + step_us * np.arange(n)).tolist()
    found = change(film, joint, frames, step_us, limits)
    if found is None or (found.first, found.last) != (place, place + 4):
        return None
    looks = film.looks([frames[place], frames[place + 2], frames[place + 4]])
    return found if blends.kind(looks[0], looks[1], looks[2]) == joint.kind else None
