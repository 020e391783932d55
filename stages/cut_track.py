"""A video's signals as one track, and what it tells without any boundaries: black and still stretches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.media import Signal

Array = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

BLOCKS = 144
PIECE = 2048
"""Frames reckoned with at once: a long film's grids as numbers would fill memory."""
BLACK = np.tile(np.array([16, 128, 128], np.float32), BLOCKS)
WHITE = np.tile(np.array([235, 128, 128], np.float32), BLOCKS)

_BAR_LEVELS = 3.0
BLACK_LEVELS = 3.0
"""Mean distance from black, in levels of 255, up to which a picture counts as black."""
STILL_DIFFERENCE = 0.0012
"""``difference`` up to which a picture repeats the one before it: 0.3 levels of 255, the noise of a good encoder."""


@dataclass(frozen=True, eq=False)
class Track:
    """All frames of a video in order: times, block means (n, 432) as bytes, and changes against the frame before.

    ``change[i]`` is the mean absolute difference of the block means of frames i - 1 and i in levels, 0 for the first;
    ``fit[i]`` is the part of it that camera motion explains.
    """

    pts_us: npt.NDArray[np.int64]
    end_us: int
    grids: npt.NDArray[np.uint8]
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

    def levels(self, first: int, last: int) -> Array:
        """The block means of the frames [first, last) as numbers to reckon with."""
        levels: Array = self.grids[first:last].astype(np.float32)
        return levels

    def level(self, frame: int) -> Array:
        """The block means of one frame."""
        level: Array = self.grids[frame].astype(np.float32)
        return level

    def time_us(self, frame: int) -> int:
        """When a frame comes on; the end of the video for the frame after the last."""
        return int(self.pts_us[frame]) if frame < self.n else self.end_us


def track(signals: Sequence[Signal]) -> Track:
    """The track of one video out of all its rows of ``signals``, in order of ``first_frame``."""
    rows = sorted(signals, key=lambda row: row.first_frame)
    grids = np.concatenate([np.frombuffer(row.grids, np.uint8).reshape(row.n_frames, -1) for row in rows])
    change = np.zeros(len(grids), np.float32)
    for at in range(1, len(grids), PIECE):
        piece = grids[at - 1 : at + PIECE].astype(np.float32)
        change[at : at + PIECE] = np.abs(piece[1:] - piece[:-1]).mean(1)
    return Track(
        pts_us=np.concatenate([row.pts_us for row in rows]),
        end_us=rows[-1].end_us,
        grids=grids,
        change=change,
        fit=np.concatenate([row.camera_fit for row in rows]),
        difference=np.concatenate([row.difference for row in rows]),
    )


def apart(one: Array, other: Array) -> float:
    """The mean absolute difference of two frames' block means, in levels of 255."""
    return float(np.abs(one - other).mean())


def alike(one: Array, other: Array) -> float:
    """How alike the layouts of two frames' brightness are: their correlation, 0 where either has no contrast."""
    a, b = one[::3] - one[::3].mean(), other[::3] - other[::3].mean()
    size = float(np.sqrt((a * a).mean() * (b * b).mean()))
    return float((a * b).mean()) / size if size > 1 else 0.0


def distance(track: Track, colour: Array) -> Array:
    """The mean absolute difference of each frame's block means from one colour (432), in levels."""
    pieces = [np.abs(track.levels(at, at + PIECE) - colour).mean(1) for at in range(0, track.n, PIECE)]
    return np.concatenate(pieces)


def area(one: Array, other: Array, levels: float) -> float:
    """The part of the picture, in [0, 1], that differs by more than ``levels`` in any channel. Bars do not count."""
    pair = np.stack([one, other]).reshape(2, BLOCKS, 3)
    shows = (np.abs(pair[..., 0] - BLACK[0]) > _BAR_LEVELS).any(0)
    differs = np.abs(pair[0] - pair[1]).max(1) > levels
    return float((differs & shows).sum() / max(int(shows.sum()), BLOCKS // 8))


def black_stretches(track: Track, at_least_us: int = 100_000) -> list[tuple[int, int]]:
    """The spans [start_us, end_us), at least that long, in which every frame is black."""
    dark = distance(track, BLACK) <= BLACK_LEVELS
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
