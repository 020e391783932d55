"""Dissolves and wipes, found by one idea: on the way from one shot to another the picture goes straight.

Take two frames A and B. In a dissolve every block's value moves from A's to B's and never turns back; in a wipe it
jumps once. So the sum of all small changes on the way hardly exceeds the one large change from A to B. Under motion
blocks go to and fro, and the way is longer than the distance. A transition moreover stands alone (over the same time
before and after it the picture changes far less), and no camera motion explains it. Of what is left, a dissolve is a
mixture: all blocks are half-way at half-time. In a wipe each block is on one side or the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stages.cut_boundary import Boundary
from stages.cut_track import PIECE, Array, Track, alike, apart, area

_SHORTEST = 4
_GROWTH = 1.3
_STEP = 0.5
"""The largest single change, as a part of the whole one: anything above is a cut."""
_PACE = 9.0
"""The least change per second, in levels: what changes more slowly is weather, or somebody walking."""
_BOLD = 10.0
_SHORTEST_WIPE = 5
"""A wipe changes the picture by more levels and takes more frames than this; somebody running past does not."""
_STRONG = 6.0
"""Levels by which a block must differ between the two shots to tell which of them it shows."""
_CORNER = 3
"""So many blocks of the new shot among the old ones are the beginning of a wipe."""
_LENGTH_TAX = 0.002
"""Of two windows that are equally straight the shorter one is tried first, by this much quality a frame."""
_EDGE = 0.03
"""How far from pure old or pure new a frame must be to count as mixed."""


@dataclass(frozen=True)
class Straightness:
    """What a transition must keep; the settings of ``CutShots`` say what each bound means."""

    change: float
    detour: float
    drift: float
    part: float
    camera: float
    mixture: float


@dataclass(frozen=True)
class _Stretch:
    """The frames [low, high) that no other boundary has taken, and the longest transition, in frames."""

    low: int
    high: int
    longest: int


def gradual(track: Track, taken: list[tuple[int, int]], rules: Straightness, longest: int) -> list[Boundary]:
    """The dissolves and wipes between the stretches [first, last) of frames that are ``taken`` by other boundaries."""
    found: list[Boundary] = []
    low = 0
    for first, last in [*sorted(taken), (track.n, track.n)]:
        if first - low > _SHORTEST:
            found += _between(track, _Stretch(low, first, longest), rules)
        low = max(low, last)
    return found


def _between(track: Track, stretch: _Stretch, rules: Straightness) -> list[Boundary]:
    found: list[Boundary] = []
    free = np.ones(track.n + 1, np.bool_)
    for _, start, width in sorted(_windows(track, stretch, rules), reverse=True):
        if not free[start : start + width + 1].all():
            continue
        boundary = _judge(track, stretch, (start, start + width), rules)
        if boundary and free[boundary.first - 1 : boundary.last + 1].all():
            free[boundary.first - 1 : boundary.last + 1] = False
            found.append(boundary)
    return found


def _windows(track: Track, stretch: _Stretch, rules: Straightness) -> Iterator[tuple[float, int, int]]:
    """Pairs of frames that may enclose a transition: (quality, frame, how many frames later)."""
    for first in range(stretch.low, stretch.high, PIECE):
        low = max(stretch.low, first - 2 * stretch.longest)
        piece = _Stretch(low, min(stretch.high, first + PIECE + 4 * stretch.longest), stretch.longest)
        yield from (window for window in _windows_in(track, piece, rules) if first <= window[1] < first + PIECE)


def _windows_in(track: Track, stretch: _Stretch, rules: Straightness) -> Iterator[tuple[float, int, int]]:
    grids, change = track.levels(stretch.low, stretch.high), track.change[stretch.low : stretch.high].copy()
    change[0] = 0
    way = np.cumsum(change)
    width = float(_SHORTEST)
    while int(width) < min(stretch.longest + 2, len(grids)):
        w = int(width)
        path = way[w:] - way[:-w]
        most = np.lib.stride_tricks.sliding_window_view(change[1:], w).max(1)
        places = np.flatnonzero((path >= rules.change) & (most <= _STEP * path))
        width = max(width + 1, width * _GROWTH)
        if not len(places):
            continue
        step = np.abs(grids[places + w] - grids[places]).mean(1)
        fits = (step >= rules.change) & (path[places] <= rules.detour * step) & (most[places] <= _STEP * step)
        places, step = places[fits], step[fits]
        quality = np.zeros(len(path), np.float32)
        quality[places] = step / (path[places] + _aside(grids, places, w) + 1)
        peaks = places[quality[places] >= _largest_near(quality, w // 3)[places]]
        yield from ((float(quality[i]) - _LENGTH_TAX * w, stretch.low + int(i), w) for i in peaks)


def _aside(grids: Array, places: npt.NDArray[np.intp], w: int) -> Array:
    """The larger of the changes over w frames just before and just after each window, as far as there are so many."""
    last = len(grids) - 1
    before = np.abs(grids[places] - grids[np.maximum(places - w, 0)]).mean(1) * (places >= w)
    after = np.abs(grids[np.minimum(places + 2 * w, last)] - grids[places + w]).mean(1) * (places + 2 * w <= last)
    worst: Array = np.maximum(before, after)
    return worst


def _largest_near(values: Array, reach: int) -> Array:
    largest: Array = np.lib.stride_tricks.sliding_window_view(np.pad(values, reach), 2 * reach + 1).max(1)
    return largest


def _judge(track: Track, stretch: _Stretch, window: tuple[int, int], rules: Straightness) -> Boundary | None:
    """The boundary in the window, with its exact frames and kind, if the frames on either side are two shots."""
    first, last = _extent(track, stretch, window)
    if last - first < 2:
        return None
    old, new = track.level(first - 1), track.level(last)
    step, way = apart(old, new), float(track.change[first : last + 1].sum())
    if step < max(rules.change, _PACE * (last - first + 1) / track.rate_hz) or way > rules.detour * step:
        return None
    if area(old, new, 2.0) < rules.part or track.fit[first : last + 1].mean() > rules.camera:
        return None
    drift = _drift(track, stretch, first, last)
    if drift > rules.drift * step or step - 1.6 * drift < 0.8 * rules.change:
        return None
    halfway, strange = _mixture(track.levels(first, last), old, new)
    if halfway > 0.7 and strange <= rules.mixture and alike(old, new) < 0.9:
        return Boundary(first, last, "dissolve", min(1.0, step / way))
    if halfway < 0.5 and step > _BOLD and last - first >= _SHORTEST_WIPE:
        return Boundary(*_swept(track, stretch, first, last), "wipe", min(1.0, step / way))
    return None


def _extent(track: Track, stretch: _Stretch, window: tuple[int, int]) -> tuple[int, int]:
    """The first mixed frame and the first pure one after it, by each frame's place between old (0) and new (1)."""
    start, end = window
    reach = (end - start) // 2
    low, high = max(stretch.low, start - reach), min(stretch.high - 1, end + reach)
    old = track.level(start)
    across = track.level(end) - old
    place = (track.levels(low, high + 1) - old) @ across / max(float(across @ across), 1.0)
    middle = start - low + int(np.argmin(np.abs(place[start - low : end - low + 1] - 0.5)))
    quarter, rest = middle, middle
    while quarter > 0 and place[quarter] > 0.25:
        quarter -= 1
    while rest < len(place) - 1 and place[rest] < 0.75:
        rest += 1
    most = int(0.75 * (rest - quarter)) + 2
    first = last = middle
    while first > max(1, quarter - most) and place[first - 1] > _EDGE:
        first -= 1
    while last < min(len(place) - 1, rest + most) and place[last] < 1 - _EDGE:
        last += 1
    return max(low + first, 1), low + last


def _swept(track: Track, stretch: _Stretch, first: int, last: int) -> tuple[int, int]:
    """The frames of a wipe, from the first in which a block shows the new shot to the last in which one shows the old.

    The picture as a whole hardly changes while a wipe covers its first corner, so the blocks must tell.
    """
    reach, most = (last - first) // 2 + 2, (last - first) // 8 + 1
    low, high = max(stretch.low, first - reach), min(stretch.high - 1, last + reach)
    frames = track.levels(low, high + 1).reshape(high - low + 1, -1, 3)
    to_old, to_new = np.abs(frames - frames[0]).mean(2), np.abs(frames - frames[-1]).mean(2)
    strong = to_old[-1] > _STRONG
    covered = (strong & (to_new < to_old / 2)).sum(1)
    bare = (strong & (to_old < to_new / 2)).sum(1)
    earliest, latest = max(low + 1, first - most), min(high, last + 1)
    while first > earliest and _CORNER <= covered[first - 1 - low] <= covered[first - low]:
        first -= 1
    while last < latest and _CORNER <= bare[last - low] <= bare[last - 1 - low]:
        last += 1
    return first, last


def _drift(track: Track, stretch: _Stretch, first: int, last: int) -> float:
    """How much the picture changes beside the transition in as long a time, on the side where it changes more."""
    length = last - first + 1
    sides = (first - 1, max(stretch.low, first - 1 - length)), (last, min(stretch.high - 1, last + length))
    drifts = [0.0]
    for edge, far in sides:
        frames = abs(far - edge)
        if frames >= 2:
            drifts.append(apart(track.level(edge), track.level(far)) * (length / frames) ** 0.5)
    return max(drifts)


def _mixture(mixed: Array, old: Array, new: Array) -> tuple[float, float]:
    """How far the blocks are half-way together (1 in a dissolve, 0 where each is old or new), and what is strange.

    The latter is what is left of each frame, explained as old and new in one proportion, as a part of the change.
    """
    across = new - old
    strong = np.abs(across) > _STRONG
    share = (mixed - old) @ across / max(float(across @ across), 1.0)
    strange = float(np.abs(mixed - old - share[:, None] * across).mean() / max(float(np.abs(across).mean()), 1e-6))
    if not strong.any():
        return 1.0, strange
    place = np.clip((mixed[:, strong] - old[strong]) / across[strong], 0, 1)
    mean = place.mean(1)
    inner = (mean > 0.2) & (mean < 0.8)
    if not inner.any():
        return 1.0, strange
    return float(((place * (1 - place)).mean(1)[inner] / (mean * (1 - mean))[inner]).mean()), strange
