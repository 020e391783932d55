"""Camera motion between neighbouring low-resolution pictures: how far the whole picture moved, and how much it grew.

Signs, everywhere: ``pan`` is positive when the camera moves right (what it sees moves left), in picture widths per
frame; ``tilt`` is positive when the camera moves up (what it sees moves down), in picture heights per frame; ``zoom``
is positive when the camera moves in (what it sees grows), as the natural logarithm of the scale per frame.

Method: phase correlation gives the whole-pixel shift, however large; weighted least squares on the brightness gradients
(Lucas and Kanade 1981, with weights that doubt what does not fit, so that moving people count for less) refine it to
hundredths of a pixel and add the zoom.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

STILL_LEVELS = 0.03
"""Mean absolute difference, in grey levels of 255 after smoothing, below which two pictures are the same."""
FAST_LEVELS = 1.0
"""Mean absolute difference above which a pair may have moved by whole pixels: its phases are correlated first."""

_STEPS = 2
_MOST_ZOOM = 0.2
_RIDGE = np.eye(3, dtype=np.float32) * np.float32(1e-2)


@dataclass(frozen=True)
class Motion:
    """Vectors of equal length, one element per pair of neighbours; the module says the units and signs.

    ``fit``, in [0, 1], is the part of the change that the motion explains; 1 where nothing changed.
    """

    pan: Array
    tilt: Array
    zoom: Array
    fit: Array


def smooth(pictures: Array) -> Array:
    """The pictures (n, height, width) blurred each way by (1, 4, 6, 4, 1)/16; the border is repeated."""
    n, height, width = pictures.shape
    across = (pictures.reshape(-1, width) @ _blur(width)).reshape(n, height, width)
    soft: Array = _blur(height).T @ across
    return soft


@lru_cache(maxsize=8)
def _blur(size: int) -> Array:
    """The matrix (size, size) that blurs a row when multiplied from the right."""
    once = np.zeros((size, size), np.float32)
    for offset, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
        np.add.at(once, (np.clip(np.arange(size) + offset, 0, size - 1), np.arange(size)), np.float32(weight))
    return once @ once


def camera_motion(luma: Array) -> Motion:
    """The n motions from each picture to the next; ``luma`` is (n + 1, height, width) in grey levels."""
    soft = smooth(luma)
    n, (height, width) = len(luma) - 1, luma.shape[1:]
    pan, tilt, zoom, fits = np.zeros((4, n), np.float32)
    fits[:] = 1
    change = np.abs(soft[1:] - soft[:-1]).mean((1, 2))
    moved = np.flatnonzero(change > STILL_LEVELS)
    if len(moved):
        pairs = _Pairs(soft[moved], soft[moved + 1])
        motion, fit = pairs.refine(pairs.start(change[moved] > FAST_LEVELS))
        wild = (fit <= 0) | (np.abs(motion[:, 2]) > _MOST_ZOOM)
        motion[wild], fit[wild] = 0, 0
        pan[moved], tilt[moved], zoom[moved] = -motion[:, 0] / width, motion[:, 1] / height, motion[:, 2]
        fits[moved] = fit
    return Motion(pan, tilt, zoom, fits)


def _shifts(before: Array, after: Array) -> Array:
    """By how many pixels (right, down) the content of each pair moved: the peak of their phase correlation, (n, 2)."""
    one, other = _waves(before), _waves(after)
    cross = other * one.conj()
    cross /= np.abs(cross) ** np.float32(0.75) + np.float32(1e-3)
    height, width = before.shape[1] // 2, before.shape[2] // 2
    peaks = np.fft.irfft2(cross, s=(height, width)).reshape(len(before), -1).argmax(1)
    down, right = np.divmod(peaks, width)
    down = np.where(down > height // 2, down - height, down)
    right = np.where(right > width // 2, right - width, right)
    return np.stack([right, down], 1).astype(np.float32) * 2


def _waves(pictures: Array) -> npt.NDArray[np.complex64]:
    """The spectra of the pictures at half their size, with their borders faded out."""
    small = pictures[:, ::2, ::2] + pictures[:, 1::2, ::2] + pictures[:, ::2, 1::2] + pictures[:, 1::2, 1::2]
    small = (small - small.mean((1, 2), keepdims=True)) * _window(small.shape[1], small.shape[2])
    return np.fft.rfft2(small * np.float32(0.25)).astype(np.complex64)


@lru_cache(maxsize=8)
def _window(height: int, width: int) -> Array:
    return np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]).astype(np.float32)


class _Pairs:
    """Pairs of smoothed pictures, compared at every second pixel each way."""

    def __init__(self, before: Array, after: Array) -> None:
        self.before, self.whole_after, self.n = before, after, len(before)
        self.height, self.width = before.shape[1:]
        self.across = np.arange(2, self.width - 2, 2, dtype=np.float32) + np.float32(0.5 - self.width / 2)
        self.down = np.arange(2, self.height - 2, 2, dtype=np.float32) + np.float32(0.5 - self.height / 2)
        inner = (slice(None), slice(2, self.height - 2, 2), slice(2, self.width - 2, 2))
        self.after = after[inner]
        slope_x = (after[:, 2:-2:2, 3:-1:2] - after[:, 2:-2:2, 1:-3:2]) * np.float32(0.5)
        slope_y = (after[:, 3:-1:2, 2:-2:2] - after[:, 1:-3:2, 2:-2:2]) * np.float32(0.5)
        growth = slope_x * self.across + slope_y * self.down[:, None]
        self.slopes = -np.stack([slope_x, slope_y, growth], 1).reshape(self.n, 3, -1)

    def start(self, fast: npt.NDArray[np.bool_]) -> Array:
        """Motions (n, 3) to start from: no motion or, where it explains a fast pair better, the whole-pixel shift."""
        motion = np.zeros((self.n, 3), np.float32)
        if fast.any():
            shifted = np.zeros((self.n, 3), np.float32)
            shifted[fast, :2] = _shifts(self.before[fast], self.whole_after[fast])
            better = self.residue(shifted)[1] < self.residue(motion)[1]
            motion[better] = shifted[better]
        return motion

    def residue(self, motion: Array) -> tuple[Array, Array, Array]:
        """What the motion leaves unexplained: per pixel, its mean size, and which pixels were seen in both."""
        shrink = np.exp(-motion[:, 2:])
        x = (self.across - motion[:, :1]) * shrink + np.float32((self.width - 1) / 2)
        y = (self.down - motion[:, 1:2]) * shrink + np.float32((self.height - 1) / 2)
        warped = _between(y, self.height) @ self.before @ _between(x, self.width).transpose(0, 2, 1)
        seen_x, seen_y = (x >= 0) & (x <= self.width - 1), (y >= 0) & (y <= self.height - 1)
        seen = (seen_y[:, :, None] & seen_x[:, None, :]).astype(np.float32)
        left = (self.after - warped) * seen
        return left, np.abs(left).sum((1, 2)) / np.maximum(seen.sum((1, 2)), 1), seen

    def refine(self, motion: Array) -> tuple[Array, Array]:
        """The motions (n, 3) after a few steps of weighted least squares, and what part of the change they explain."""
        most = np.array([self.width / 2, self.height / 2, 0.5], np.float32)
        for _ in range(_STEPS):
            left, size, seen = self.residue(motion)
            weight = seen / (1 + (left / (2 * size[:, None, None] + np.float32(0.2))) ** 2)
            weighted = self.slopes * weight.reshape(self.n, 1, -1)
            normal = weighted @ self.slopes.transpose(0, 2, 1) + _RIDGE
            step = np.linalg.solve(normal, weighted @ left.reshape(self.n, -1, 1))[:, :, 0]
            motion = np.clip(motion + step, -most, most).astype(np.float32)
        _, size, seen = self.residue(motion)
        change = np.abs(self.after - self.before[:, 2:-2:2, 2:-2:2]) * seen
        change = change.sum((1, 2)) / np.maximum(seen.sum((1, 2)), 1)
        return motion, np.clip(1 - size / np.maximum(change, np.float32(1e-6)), 0, 1).astype(np.float32)


def _between(places: Array, size: int) -> Array:
    """Weights (n, places, size) that read a row of ``size`` pixels at fractional places, linearly."""
    weights: Array = np.maximum(np.float32(0), 1 - np.abs(places[:, :, None] - np.arange(size, dtype=np.float32)))
    return weights
