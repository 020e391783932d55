"""How far two pictures look apart, and where what moves in a stretch is."""

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from stages.fragments.timeline import Looks

BLOCKS = 144
_NOISE = 0.03
"""A block that differs from the background by less than this has not moved: compression alone moves blocks by 0.01."""
_EDGE = 0.024
"""The slope of brightness from block to block that counts as an edge."""

Floats = npt.NDArray[np.float64]


def far(one: Looks, other: Looks) -> Floats:
    """How far pictures look apart: the root mean square over 16 by 9 blocks of their difference in Y, U and V.

    Arrays of 432 numbers in [0, 1] along the last axis, which broadcast. 0 is the same picture; one object of a tenth
    of the picture that moves gives about 0.05; two unrelated shots give 0.15 to 0.5 (measured on test clips).
    """
    apart = one - other
    return np.asarray(np.sqrt(np.square(apart).sum(axis=-1) / BLOCKS))


def table(looks: Looks) -> Floats:
    """The distances of every picture to every other: float64[n, n]."""
    return across(looks, looks)


def across(ones: Looks, others: Looks) -> Floats:
    """The distances of each of ``ones`` to each of ``others``: float64[n, m].

    Computed in whole grey levels, whose products and sums are exact, so that no machine rounds them otherwise.
    """
    one, other = np.rint(ones * 255), np.rint(others * 255)
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2 * (one @ other.T)
    return np.asarray(np.sqrt(squares / BLOCKS) / 255)


def steps(looks: Looks) -> Floats:
    """The distance of each picture to the next: float64[n - 1]."""
    return far(looks[1:], looks[:-1])


def tones(looks: Looks) -> Floats:
    """How far the colours of each picture are from those of the next, wherever they stand: float64[n - 1].

    Each channel's 144 values are sorted, so that a camera that moves over one scene changes them little.
    """
    values = np.sort(looks.reshape(len(looks), BLOCKS, 3), axis=1).reshape(len(looks), -1)
    return steps(values)


def nearest_pair(distances: Floats) -> float:
    """The smallest distance between two different pictures of a table."""
    away = distances + np.where(np.eye(len(distances), dtype=bool), np.inf, 0)
    return float(away.min())


@cache
def _orders(n: int) -> npt.NDArray[np.int64]:
    """Every order of pictures 0..n-1 that starts with 0; the true one first."""
    return np.array([(0, *rest) for rest in itertools.permutations(range(1, n))])


def detour(distances: Floats) -> float:
    """How much longer the best wrong order of the pictures is than the true one, which is that of the table.

    An order's length is the sum of the distances from each picture to the next; all orders start with picture 0.
    Above 1, the true order is the shortest: only it lets the picture change step by step. For up to 8 pictures.
    """
    orders = _orders(len(distances))
    lengths = distances[orders[:, :-1], orders[:, 1:]].sum(axis=1)
    return float(lengths[1:].min() / max(lengths[0], 1e-9))


def centres(looks: Looks, background: Looks) -> tuple[Floats, Floats, Floats]:
    """Where in each picture that is which differs from the background, how much it is, and how widely it is spread.

    Gives: float64[n, 2], across from 0 (left) to 1 and down from 0 (top) to 1; the summed difference float64[n]; and
    the root mean square distance from the centre, float64[n], in picture widths.
    """
    excess = np.abs(looks - background).reshape(len(looks), 9, 16, 3).max(axis=3)
    weight = np.where(excess > _NOISE, excess, 0.0)
    total = weight.sum(axis=(1, 2))
    safe = np.maximum(total, 1e-9)
    across_, down = (np.arange(16) + 0.5) / 16, (np.arange(9) + 0.5) / 9
    x = (weight.sum(axis=1) @ across_) / safe
    y = (weight.sum(axis=2) @ down) / safe
    apart = (across_[None, None, :] - x[:, None, None]) ** 2 + ((down[None, :, None] - y[:, None, None]) * 9 / 16) ** 2
    spread = np.sqrt((weight * apart).sum(axis=(1, 2)) / safe)
    return np.stack([x, y], axis=1), total, spread


def staying(one: Looks, other: Looks) -> float:
    """The share of the edges of one picture that the other has in the same place, in [0, 1].

    Near 1 under a camera that stands still, whatever moves; under 0.45 where the camera has moved by an edge's width or
    more (measured on 33 shots; see docs/fragments.md).
    """
    slopes = [np.array(np.gradient(look.reshape(9, 16, 3)[:, :, 0])) for look in (one, other)]
    sizes = [np.hypot(slope[0], slope[1]) for slope in slopes]
    agree = (slopes[0] * slopes[1]).sum(axis=0) > 0.9 * sizes[0] * sizes[1]
    edges = sizes[0] > _EDGE
    return float((edges & agree & (sizes[1] > _EDGE / 2)).sum() / max(int(edges.sum()), 1))


def smallest_step(values: Floats | Sequence[float]) -> float:
    """The smallest step of a sequence in the direction in which it goes in all; negative where it turns back."""
    row = np.asarray(values, np.float64)
    return float((np.diff(row) * np.sign(row[-1] - row[0])).min())
