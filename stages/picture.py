"""What is measured of a single small picture, alike in the low-resolution pass and at full resolution.

A small picture is 36 rows by 64 columns of 8-bit Y, U and V without subsampling: shape (3, 36, 64), whatever the shape
of the video. Every function takes a stack of n of them, (n, 3, 36, 64), so that whole stretches go at once.
"""

import functools

import numpy as np
import numpy.typing as npt

ROWS, COLUMNS = 36, 64
GRID_ROWS, GRID_COLUMNS = 9, 16
_SCALE = 1024.0
_STEP = 8.0
"""The hash rounds its coefficients to multiples of this: the noise of a flat picture must not decide bits."""

Small = npt.NDArray[np.uint8]


def grids(small: Small) -> npt.NDArray[np.uint8]:
    """The means of a 16 by 9 grid of blocks, rounded: shape (n, 9, 16, 3), the channels last, in Y, U and V."""
    tall, wide = ROWS // GRID_ROWS, COLUMNS // GRID_COLUMNS
    exact = small.astype(np.uint16)
    rows = functools.reduce(np.add, (exact[:, :, at::tall] for at in range(tall)))
    sums = functools.reduce(np.add, (rows[..., at::wide] for at in range(wide)))
    means = (sums + tall * wide // 2) // (tall * wide)
    return np.ascontiguousarray(means.transpose(0, 2, 3, 1).astype(np.uint8))


def hashes(small: Small) -> npt.NDArray[np.uint64]:
    """A 64-bit perceptual hash of each picture's luma: look-alikes differ in few bits. 0 for a flat picture.

    One bit per coefficient of the 8 by 8 lowest frequencies of a cosine transform: whether it is above their median;
    the constant one, which is brightness, is left out (after Zauner, "Implementation and Benchmarking of Perceptual
    Image Hash Functions", 2010, with a rectangular transform).
    """
    waves = _DOWN @ small[:, 0].astype(np.float64) @ _ACROSS.T
    coefficients = np.round(waves.reshape(len(small), 64) / (_STEP * _SCALE**2))
    coefficients[:, 0] = 0
    bits = coefficients > np.median(coefficients, axis=1, keepdims=True)
    return np.packbits(bits, axis=1, bitorder="big").view(">u8").astype(np.uint64).reshape(len(small))


def bits_apart(one: int, other: int) -> int:
    """In how many of the 64 bits two hashes differ: 0 for the same picture, about 32 for unrelated ones."""
    return (int(one) ^ int(other)).bit_count()


def grid_distance(one: bytes, other: bytes) -> float:
    """The mean absolute difference of two grids as they lie in rows, in [0, 1]."""
    apart = np.frombuffer(one, np.uint8).astype(np.int16) - np.frombuffer(other, np.uint8)
    return float(np.abs(apart).mean() / 255)


def _cosines(length: int) -> npt.NDArray[np.float64]:
    """The eight slowest rows of the orthonormal cosine transform (DCT-II), times ``_SCALE`` and rounded.

    Whole numbers, so that sums of products are exact and the hash is the same on every machine and in every batch.
    """
    angle = np.pi * np.outer(np.arange(8), np.arange(length) + 0.5) / length
    rows = np.cos(angle) * np.sqrt(2 / length)
    rows[0] /= np.sqrt(2)
    return np.asarray(np.rint(rows * _SCALE), np.float64)


_DOWN, _ACROSS = _cosines(ROWS), _cosines(COLUMNS)
