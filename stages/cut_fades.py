"""Fades: the picture sinks into black or white and another rises out of it. A cut to black counts as sinking at once.

The distance of a frame from black (or white) falls along a fade and rises again: a fade is a valley of that distance.
What lies on its slopes must be the picture at the valley's edge, only paler: that tells it from a dark scene.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stages.cut_boundary import Boundary
from stages.cut_track import BLACK, BLOCKS, PIECE, WHITE, Array, Flags, Track, apart, distance

_FLOOR = 0.28
"""The bottom of a valley lies below this part of the height of both edges."""
_BARE = 8.0
"""Levels by which 95 of 100 blocks of an empty frame differ from the colour at most."""
_SLOPE = 0.3
"""A slope ends where it is flatter than this part of its mean so far."""
_FAITHFUL = 0.3
"""By how much of its size a frame on a slope may differ from the paler edge."""
_GENTLE = 4
"""Frames on each slope of a fade that parts a scene from itself: anything steeper is a flash."""
_BLINK_US = 250_000
"""Microseconds of empty screen that part a scene from itself."""
_SAME = 0.35
"""Edges nearer to each other than this part of their height show the same scene."""


@dataclass(frozen=True, eq=False)
class _Depth:
    """How far each frame is from a colour, in levels, and which frames show nothing else."""

    colour: Array
    height: Array
    bare: Flags


@dataclass(frozen=True)
class _Valley:
    """Frames: the old shot's last, the first and last of the bottom, the new shot's first."""

    left: int
    down: int
    up: int
    right: int


def fades(track: Track, longest_frames: int) -> list[Boundary]:
    """The fades through black and white, and black screens between shots; a slope has ``longest_frames`` at most."""
    found: list[Boundary] = []
    for colour in (BLACK, WHITE):
        depth = _Depth(colour, distance(track, colour), _is_bare(track, colour))
        for valley in _valleys(depth, longest_frames):
            boundary = _judge(track, depth, valley)
            if boundary and all(boundary.last <= other.first or boundary.first >= other.last for other in found):
                found.append(boundary)
    return sorted(found)


def lead_in(track: Track, longest_frames: int) -> int:
    """The first frame that shows the opening shot fully: 0, unless the video opens on black."""
    bare = _is_bare(track, BLACK)
    if not bare[0] or bare.all():
        return 0
    foot = int(np.argmin(bare))
    top = _climb(distance(track, BLACK), foot - 1, longest_frames)
    return top if _is_faithful(track, BLACK, range(foot, top), top) else foot


def lead_out(track: Track, longest_frames: int) -> int:
    """The frame after the last that shows the closing shot fully: the end, unless the video ends on black."""
    bare = _is_bare(track, BLACK)
    if not bare[-1] or bare.all():
        return track.n
    foot = track.n - 1 - int(np.argmin(bare[::-1]))
    top = track.n - 1 - _climb(distance(track, BLACK)[::-1], track.n - 2 - foot, longest_frames)
    return top + 1 if _is_faithful(track, BLACK, range(top + 1, foot + 1), top) else foot + 1


def _is_bare(track: Track, colour: Array) -> Flags:
    """Which frames show nothing but the colour."""
    few = BLOCKS // 20
    pieces = (track.levels(at, at + PIECE)[:, ::3] for at in range(0, track.n, PIECE))
    return np.concatenate([(np.abs(piece - colour[0]) > _BARE).sum(1) <= few for piece in pieces])


def _valleys(depth: _Depth, longest: int) -> Iterator[_Valley]:
    height, bare = depth.height, depth.bare
    n, at = len(height), 1
    for frame in np.flatnonzero(_is_low(height, bare, longest)).tolist():
        if frame < at:
            continue
        down = up = frame
        while up + 1 < n and (bare[up + 1] or height[up + 1] < height[up]):
            up += 1
        down = _foot(height[::-1], bare[::-1], n - 1 - up)
        down = n - 1 - down
        left, right = n - 1 - _climb(height[::-1], n - 1 - down, longest), _climb(height, up, longest)
        at = max(right, up + 1)
        if down > 0 and up < n - 1:
            yield _Valley(left, down, up, right)


def _foot(height: Array, bare: Flags, at: int) -> int:
    """The far end of the bottom on which ``at`` lies."""
    if bare[at]:
        while at + 1 < len(height) and bare[at + 1]:
            at += 1
    return at


def _is_low(height: Array, bare: Flags, longest: int) -> Flags:
    """Where the frame is bare, or its height far below the highest within reach on both sides."""
    before, after = np.zeros_like(height), np.zeros_like(height)
    for reach in range(1, longest + 1):
        np.maximum(before[reach:], height[:-reach], out=before[reach:])
        np.maximum(after[:-reach], height[reach:], out=after[:-reach])
    low: Flags = (height < _FLOOR * np.minimum(before, after)) | bare
    return low


def _climb(height: Array, foot: int, longest: int) -> int:
    """The frame at which the slope that starts at ``foot`` ends."""
    at, n = foot, len(height)
    while at + 1 < n and at - foot < longest:
        rise = height[at + 1] - height[at]
        mean = (height[at] - height[foot]) / max(at - foot, 1)
        if at > foot and rise < max(_SLOPE * mean, 0.01 * height[at]):
            break
        at += 1
    return at


def _judge(track: Track, depth: _Depth, valley: _Valley) -> Boundary | None:
    """The boundary in the valley, if it is one."""
    height, colour = depth.height, depth.colour
    left, right, is_bare = valley.left, valley.right, bool(depth.bare[valley.down])
    edge = float(min(height[left], height[right]))
    if height[valley.down] > _FLOOR * edge:
        return None
    slopes = (range(left + 1, valley.down), left), (range(valley.up + 1, right), right)
    if not all(_is_faithful(track, colour, frames, at) for frames, at in slopes):
        return None
    steep = [len(frames) < 2 for frames, _ in slopes]
    if any(steep) and not is_bare:
        return None
    is_same = apart(track.level(left), track.level(right)) < _SAME * edge
    if is_same and _is_blink(track, valley, [len(frames) for frames, _ in slopes]):
        return None
    return Boundary(left + 1, right, "cut" if all(steep) else "fade", 1 - float(height[valley.down]) / max(edge, 1e-6))


def _is_blink(track: Track, valley: _Valley, slopes: list[int]) -> bool:
    """Whether the screen went empty too shortly, and came and went too suddenly, to part one scene into two shots."""
    stays = track.time_us(valley.up + 1) - track.time_us(valley.down)
    return min(slopes) < _GENTLE and stays <= _BLINK_US


def _is_faithful(track: Track, colour: Array, frames: range, edge: int) -> bool:
    """Whether the frames are the frame at the edge, mixed with the colour."""
    if not len(frames):
        return True
    whole = track.level(edge) - colour
    parts = track.levels(frames.start, frames.stop) - colour
    share = parts @ whole / max(float(whole @ whole), 1.0)
    left_over = np.abs(parts - share[:, None] * whole).mean() / max(float(np.abs(whole).mean()), 1e-6)
    return bool(left_over < _FAITHFUL)
