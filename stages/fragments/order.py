"""The proof that the order of some pictures can be seen, and in what it shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stages.fragments import distances, wording
from stages.fragments.distances import Floats
from stages.fragments.slate import Limits
from stages.fragments.timeline import Film, Frames, Looks

Kind = Literal["drift", "across", "down"]
DETOUR = 1.06
"""The best wrong order must be longer than the true one by this factor."""
_DENSE = 24
_TURN = 0.2
"""A way back by more than this share of the whole way makes a motion cyclic."""


@dataclass(frozen=True)
class Order:
    """Why the order of some pictures, the first of which is given, can be seen.

    ``drift``: each is further from the first picture than the one before. ``across`` and ``down``: something moves
    through the picture and never turns back. ``values``: the distances from the first picture, or the places, from 0
    to 1, of what moves. ``detour``: how much longer the best wrong order is than the true one. ``nearest``: the
    smallest distance between two of the pictures.
    """

    kind: Kind
    values: tuple[float, ...]
    nearest: float
    detour: float

    @property
    def facts(self) -> dict[str, object]:
        """The proof as the values of a program's step."""
        return {"kind": self.kind, "values": self.values, "nearest": self.nearest, "detour": self.detour}

    def told(self, labels: Sequence[str]) -> str:
        """The proof in words; ``labels`` name the pictures in their true order, the given one first."""
        first, rest = labels[0], labels[1:]
        if self.kind == "drift":
            shares = wording.percents(self.values[1:])
            later = [f"{label} ({share})" for label, share in zip(rest[1:], shares[1:], strict=True)]
            return (
                f"Held against picture {first}, picture {rest[0]} has changed least ({shares[0]}); "
                f"from there the change keeps growing: {wording.listed(later)}."
            )
        words, further = self._way()
        return (
            f"What moves is {words(self.values[0])} in picture {first}, already further {further} in {rest[0]}, "
            f"and further still in {wording.listed(rest[1:])}, where it ends {words(self.values[-1])}."
        )

    def _way(self) -> tuple[Callable[[float], str], str]:
        is_growing = self.values[-1] > self.values[0]
        if self.kind == "across":
            return wording.place, "right" if is_growing else "left"
        return wording.height, "down" if is_growing else "up"


def proof(film: Film, frames: Frames, limits: Limits) -> Order | None:
    """The proof that these frames, in order of time, can be put in order by eye; None when it fails."""
    between = distances.table(film.looks(frames))
    nearest = distances.nearest_pair(between)
    detour = distances.detour(between) if nearest >= limits.clear else 0.0
    if detour < DETOUR:
        return None
    way = one_way(film, frames)
    return Order(*way, nearest, detour) if way else None


def one_way(film: Film, frames: Frames) -> tuple[Kind, tuple[float, ...]] | None:
    """How the picture moves away from the first frame for good: the kind of change, and its course; None when not."""
    looks, dense = film.looks(frames), film.looks(_dense(frames))
    return _travel(looks, dense) or _drift(distances.far(looks, looks[0]), dense)


def _dense(frames: Frames) -> Frames:
    return np.unique(np.linspace(frames[0], frames[-1], _DENSE).astype(np.int64))


def _drift(growing: Floats, dense: Looks) -> tuple[Kind, tuple[float, ...]] | None:
    """Whether the pictures move away from the first one for good, between the pictures too."""
    if np.diff(growing).min() < 0.1 * growing[-1] / (len(growing) - 1) + 0.004:
        return None
    return ("drift", tuple(growing.tolist())) if _never_turns(distances.far(dense, dense[0])) else None


def _travel(looks: Looks, dense: Looks) -> tuple[Kind, tuple[float, ...]] | None:
    """Whether one thing moves through an otherwise quiet picture, always the same way."""
    background = np.median(dense, axis=0)
    centres, amount, spread = distances.centres(looks, background)
    if amount.min() < 0.5 or spread.max() > 0.2:
        return None
    dense_centres, dense_amount, _ = distances.centres(dense, background)
    way = np.abs(centres[-1] - centres[0])
    axis = int(way[1] > way[0])
    least = max(0.02, 0.16 / (len(looks) - 1))
    if distances.smallest_step(centres[:, axis]) < least or dense_amount.min() < 0.25:
        return None
    if not _never_turns(dense_centres[:, axis]):
        return None
    return ("down" if axis else "across"), tuple(centres[:, axis].tolist())


def _never_turns(values: Floats) -> bool:
    """Whether a quantity goes one way, but for small trembling."""
    along = values * np.sign(values[-1] - values[0])
    back = (np.maximum.accumulate(along) - along).max()
    return bool(back <= _TURN * (along[-1] - along[0]))
