"""Whether two pictures are of one shot, told from colour and structure: not from blocks compared in their places."""

import numpy as np
import numpy.typing as npt

from stages.recheck.sheet import Floats

Waves = npt.NDArray[np.complex128]
_WINDOW = np.outer(np.hanning(38)[1:-1], np.hanning(66)[1:-1])
REACH = (9, 22)
"""How far, in rows and columns of 36 by 64, a camera may have moved from one picture to the next."""


def unlike(grids: Floats, lumas: Floats) -> Floats:
    """How unlike the pictures are, each to each: float64[n, n]; about 0.1 within a shot, above 0.4 between shots.

    Half of it is structure, 1 minus the best correlation of the small pictures wherever a camera may have moved them;
    half is colour, compared as sorted values, so that it matters how much of a colour there is and not where.
    """
    n = len(lumas)
    made = np.zeros((n, n))
    spectra = [np.fft.rfft2(_even(luma), (72, 128)) for luma in lumas]
    colours = [np.sort(grid.reshape(144, 3), axis=0) for grid in grids]
    for one in range(n):
        for other in range(one + 1, n):
            structure = 1 - _correlation(spectra[one], spectra[other])
            colour = float(np.abs(colours[one] - colours[other]).mean(axis=0).sum()) / 48
            made[one, other] = made[other, one] = 0.5 * structure + 0.5 * min(colour, 1.5)
    return made


def _even(luma: Floats) -> Floats:
    """The picture without its mean, faded out towards the edges, of length 1."""
    flat = (luma - luma.mean()) * _WINDOW
    return np.asarray(flat / max(float(np.sqrt((flat**2).sum())), 1e-6))


def _correlation(
    one: np.ndarray[tuple[int, int], np.dtype[np.complex128]],
    other: np.ndarray[tuple[int, int], np.dtype[np.complex128]],
) -> float:
    """The best correlation of two pictures over all shifts that are in reach."""
    whole = np.fft.irfft2(one * np.conj(other), (72, 128))
    rows, columns = REACH
    near = np.roll(whole, (rows, columns), axis=(0, 1))[: 2 * rows + 1, : 2 * columns + 1]
    return float(max(0.0, near.max()))
