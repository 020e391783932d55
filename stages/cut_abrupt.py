"""Cuts: one frame shows another shot than the frame before it.

A cut is a change that stands out from the changes around it, that lasts, that concerns most of the picture, and that
neither camera motion nor light explains. Repeated frames (10 new frames a second in a stream of 25) make every new
frame stand out from its neighbours; so the second largest change of the surroundings is the measure, not their mean.
"""

import numpy as np
import numpy.typing as npt

from stages.cut_track import Array, Track, alike, apart, area

REACH = 7
"""Frames on either side that a change is compared with."""
_NEAR = 5
_FLOOR = 0.4
_RAW_RATIO = 1.6
"""How far a change must stand out before camera motion is subtracted."""
_SAME_LIGHT = 0.93
_POP = 2.5
"""Levels: a smaller change of a picture that keeps its layout is an encoder's key frame, not a cut."""
_SAME_SCENE = 0.8
_RETURN = 0.4
_FLASH_S = 0.25
_LONG_FLASH_S = 1.2
_FLARE = 15.0


def standing_out(change: Array) -> Array:
    """By how many times each change exceeds the second largest around it.

    Of its two neighbours only the smaller one counts: a cut may be smeared over two frames, a jerk over more.
    """
    n = len(change)
    padded = np.pad(change, REACH)
    around = np.stack([padded[REACH + k : REACH + k + n] for k in range(-REACH, REACH + 1) if abs(k) > 1])
    beside = np.minimum(padded[REACH - 1 : REACH - 1 + n], padded[REACH + 1 : REACH + 1 + n])
    second = np.maximum(np.partition(around, -2, axis=0)[-2], beside)
    ratio: Array = change / (second + np.float32(_FLOOR))
    return ratio


def cuts(track: Track, ratio: float, change: float, part: float) -> list[tuple[int, float]]:
    """The first frame of each new shot, with how far it stands out.

    ``ratio``: how many times a cut's change exceeds the second largest around it; ``change``: the least change, in
    levels; ``part``: the least part of the picture that must change.
    """
    stands = standing_out(track.change * (1 - track.fit))
    candidates = np.flatnonzero(
        (stands >= ratio) & (standing_out(track.change) >= _RAW_RATIO) & (track.change >= change)
    )
    peaks = [int(i) for i in candidates if track.change[i] >= track.change[max(0, i - 1) : i + 2].max()]
    found = [i for i in peaks if _is_cut(track, i, part)]
    flashes = _flashes(track, found)
    return [(i, float(stands[i])) for i in found if i not in flashes]


def _is_cut(track: Track, i: int, part: float) -> bool:
    before, after = track.level(i - 1), track.level(i + 1 if _is_blend(track, i) else i)
    step = apart(before, after)
    if area(before, after, 2.0) < part:
        return False
    if track.fit[i] > 0.7 and step < 20:
        return False
    likeness = alike(before, after)
    if likeness > _SAME_LIGHT and (step < _POP or _is_light(before, after)):
        return False
    return _lasts(track, i, step)


def _is_blend(track: Track, i: int) -> bool:
    """Whether frame i is a mixture of the shots on either side, as frame rate conversion makes them."""
    return i + 1 < track.n and track.change[i + 1] > 0.25 * track.change[i]


def _is_light(before: Array, after: Array) -> bool:
    """Whether the change is one of light: brightness scaled and shifted alike everywhere."""
    old, new = before[::3], after[::3]
    gain, offset = np.polyfit(old, new, 1)
    left = np.abs(new - gain * old - offset).mean()
    return bool(left < 0.35 * np.abs(new - old).mean())


def _lasts(track: Track, i: int, step: float) -> bool:
    """Whether no frame soon after looks like one shortly before: then the scene was only disturbed."""
    old, new = track.levels(max(0, i - _NEAR), i), track.levels(i, i + _NEAR + 1)
    nearest = np.abs(old[:, None] - new[None]).mean(2).min()
    return bool(nearest >= _RETURN * step)


def _flashes(track: Track, found: list[int]) -> set[int]:
    """Cuts that are only the beginnings or ends of flashes: the scene before comes back soon."""
    flashes: set[int] = set()
    short, long = int(_FLASH_S * track.rate_hz), int(_LONG_FLASH_S * track.rate_hz)
    for at, i in enumerate(found):
        following = found[at + 1] if at + 1 < len(found) else track.n
        until = min(track.n, i + long + 1)
        before = track.level(i - 1)
        is_flare = track.level(i)[::3].mean() > before[::3].mean() + _FLARE
        back = np.abs(track.levels(i + 1, until) - before).mean(1) < 0.3 * track.change[i]
        if not back.any():
            continue
        first_back = i + 1 + int(np.argmax(back))
        if alike(track.level(first_back), before) < _SAME_SCENE:
            continue
        if first_back < following and (is_flare or first_back <= i + short):
            flashes.add(i)
        elif following <= first_back <= i + short:
            flashes |= {i, following}
    return flashes


def as_scores(stands: npt.ArrayLike) -> Array:
    """How sure a cut is, in [0, 1], from how many times it stands out: 0.5 at twice, 0.9 at ten times."""
    many = np.asarray(stands, np.float32)
    score: Array = np.clip(1 - 1 / np.maximum(many, 1), 0, 1)
    return score
