"""A video's signals as one track, and what can be told from it without looking for boundaries: black and still stretches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.media import Signal

Array = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

BLOCKS = 144
BLACK = np.tile(np.float32([16, 128, 128]), BLOCKS)
WHITE = np.tile(np.float32([235, 128, 128]), BLOCKS)

BLACK_LEVELS = 3.0
"""Mean distance from black, in levels of 255, up to which a picture counts as black."""
STILL_DIFFERENCE = 0.0012
"""``difference`` up to which a picture repeats the one before it: 0.3 levels of 255, the noise of a good encoder."""


@dataclass(frozen=True, eq=False)
class Track:
    """All frames of a video in order: times, block means (n, 432) in levels, and changes against the frame before.

    ``change[i]`` is the mean absolute difference of the block means of frames i - 1 and i in levels, 0 for the first;
    ``fit[i]`` is the part of it that camera motion explains.
    """

    pts_us: npt.NDArray[np.int64]
    end_us: int
    grids: Array
    change: Array
    fit: Array
    difference: Array

    @property
    def n(self) -> int:
        """How many frames there are."""
        return len(self.pts_us)

    @property
    def rate_hz(self) -> float:
        """Frames per second: the median over the video, 25 where there is only one frame."""
        return 1e6 / float(np.median(np.diff(self.pts_us))) if self.n > 1 else 25.0

    def time_us(self, frame: int) -> int:
        """When a frame comes on; the end of the video for the frame after the last."""
        return int(self.pts_us[frame]) if frame < self.n else self.end_us


def track(signals: Sequence[Signal]) -> Track:
    """The track of one video out of all its rows of ``signals``, in order of ``first_frame``."""
    rows = sorted(signals, key=lambda row: row.first_frame)
    grids = np.concatenate([np.frombuffer(row.grids, np.uint8).reshape(row.n_frames, -1) for row in rows])
    levels = grids.astype(np.float32)
    change = np.zeros(len(levels), np.float32)
    for at in range(1, len(levels), 4096):  # in pieces: a long film's differences need not lie in memory at once
        piece = levels[at - 1 : at + 4096]
        change[at : at + 4096] = np.abs(piece[1:] - piece[:-1]).mean(1)
    return Track(
        pts_us=np.concatenate([row.pts_us for row in rows]),
        end_us=rows[-1].end_us,
        grids=levels,
        change=change,
        fit=np.concatenate([row.camera_fit for row in rows]),
        difference=np.concatenate([row.difference for row in rows]),
    )


def apart(one: Array, other: Array) -> float:
    """The mean absolute difference of two frames' block means, in levels of 255."""
    return float(np.abs(one - other).mean())


def alike(one: Array, other: Array) -> float:
    """How alike the layouts of two frames' brightness are: their correlation, 0 where either has no contrast to speak of."""
    a, b = one[::3] - one[::3].mean(), other[::3] - other[::3].mean()
    size = float(np.sqrt((a * a).mean() * (b * b).mean()))
    return float((a * b).mean()) / size if size > 1 else 0.0


def area(one: Array, other: Array, levels: float) -> float:
    """The part of the picture, in [0, 1], that differs by more than ``levels`` in any channel."""
    return float((np.abs(one - other).reshape(BLOCKS, 3).max(1) > levels).mean())


def black_stretches(track: Track, at_least_us: int = 100_000) -> list[tuple[int, int]]:
    """The spans [start_us, end_us), at least that long, in which every frame is black."""
    dark = np.array([apart(grid, BLACK) <= BLACK_LEVELS for grid in track.grids], np.bool_)
    return [span for span in _spans(track, runs(dark)) if span[1] - span[0] >= at_least_us]


def still_stretches(track: Track, at_least_us: int = 500_000) -> list[tuple[int, int]]:
    """The spans [start_us, end_us), at least that long, in which the same picture stays on the screen."""
    same = track.difference <= STILL_DIFFERENCE
    same[0] = False
    found = [(max(0, first - 1), last) for first, last in runs(same)]
    return [span for span in _spans(track, found) if span[1] - span[0] >= at_least_us]


def runs(flags: Flags) -> Iterator[tuple[int, int]]:
    """The stretches [first, last) of consecutive true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _spans(track: Track, found: Iterator[tuple[int, int]] | list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(track.time_us(first), track.time_us(last)) for first, last in found]
