"""When each picture was taken, worked out from what it shows: its look is searched for in the film's track."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stages.recheck.sheet import Floats, Sheet

FOUND = 8.0
"""The most grey levels (root mean square) by which a picture may differ from its frame in the track: two readers and
two scalers differ by less than 3 on the test clips, different pictures of an item by 6 and more."""
SLACK = 0.8
"""Frames whose distance is within so many levels of the best one's are equally likely to be the picture."""
_ROWS = 8192


@dataclass(frozen=True)
class Moment:
    """When a picture may have been taken: most likely at ``best_us``, certainly in ``first_us`` to ``last_us``."""

    best_us: int
    first_us: int
    last_us: int

    def is_before(self, other: "Moment") -> bool:
        """Whether this moment is certainly the earlier one."""
        return self.last_us < other.first_us


class Unclear(Exception):
    """The pictures do not tell; the message says why."""


def moments(sheet: Sheet, *, whole_film: bool = False) -> list[Moment]:
    """The moment of each picture, in the order shown. Raises Unclear where a picture is not in the track.

    Only the footage that the item is about is searched, unless ``whole_film`` asks for all of it.
    """
    inside = np.ones(len(sheet.track_us), bool)
    if not whole_film:
        inside = (sheet.track_us >= sheet.start_us - 500_000) & (sheet.track_us < sheet.end_us + 500_000)
    times, track = sheet.track_us[inside], sheet.track[inside]
    if not len(times):
        raise Unclear("the film's track does not reach where the item is")
    parts = [_distances(sheet.grids, track[at : at + _ROWS].astype(np.float64)) for at in range(0, len(times), _ROWS)]
    distances = np.concatenate(parts, axis=1)
    return [_moment(row, times, label) for row, label in zip(distances, sheet.labels, strict=True)]


def _moment(row: Floats, times: npt.NDArray[np.int64], label: str) -> Moment:
    best = float(row.min())
    if best > FOUND:
        raise Unclear(f"picture {label} looks like nothing in the film: it is {best:.1f} levels off")
    likely = times[row <= best + SLACK]
    return Moment(int(times[int(row.argmin())]), int(likely[0]), int(likely[-1]))


def _distances(pictures: Floats, track: Floats) -> Floats:
    squares = (pictures**2).sum(axis=1)[:, None] + (track**2).sum(axis=1)[None, :] - 2 * (pictures @ track.T)
    return np.asarray(np.sqrt(np.maximum(squares, 0) / pictures.shape[1]))


def jump(sheet: Sheet, one: Moment, other: Moment) -> tuple[int, float]:
    """Where in the track, between two moments, the picture changes most from one frame to the next, and how sharply.

    Gives the time at which the changed frame comes on, and that frame's change as a share of all the change between the
    two moments: near 1 at a cut, small in a gradual transition or in a moving shot. Nothing changes after the last
    frame: the share is 0 there.
    """
    first, last = np.searchsorted(sheet.track_us, [one.best_us, other.best_us])
    track = sheet.track[first : max(last, first + 1) + 1].astype(np.float64)
    if len(track) < 2:
        return int(sheet.track_us[first]), 0.0
    jumps = np.abs(np.diff(track, axis=0)).mean(axis=1)
    place = int(jumps.argmax())
    return int(sheet.track_us[first + 1 + place]), float(
        jumps[place] / max(float(np.abs(track[-1] - track[0]).mean()), 1.0)
    )


def certainly_forward(found: list[Moment]) -> bool:
    """Whether no picture certainly comes before the one shown ahead of it."""
    return not any(other.is_before(one) for one, other in pairwise(found))


def in_time(found: list[Moment], labels: tuple[str, ...]) -> list[int]:
    """The places of the pictures, earliest first. Raises Unclear where two cannot be told apart in time."""
    order = sorted(range(len(found)), key=lambda place: found[place].best_us)
    for one, other in pairwise(order):
        if not found[one].is_before(found[other]):
            raise Unclear(f"pictures {labels[one]} and {labels[other]} look alike: either may come first")
    return order
