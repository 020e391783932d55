"""One item as the second route sees it: its words, its pictures as they were found again, and the film's track."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.items import Recheck

CELLS = 9 * 16 * 3
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """What the second route makes of an item: the option's number, or None and why there is none."""

    choice: int | None
    detail: str


@dataclass(frozen=True, eq=False)
class Sheet:
    """``grids`` float64[n, 432] and ``lumas`` float64[n, 36, 64] are the pictures, in grey levels, as shown.

    ``track`` float64[m, 432] and ``track_us`` int64[m] are the whole film at low resolution, frame by frame; the item
    is about [start_us, end_us) of it.
    """

    item_id: str
    task: str
    question: str
    options: tuple[str, ...]
    labels: tuple[str, ...]
    start_us: int
    end_us: int
    grids: Floats
    lumas: Floats
    track: npt.NDArray[np.uint8]
    track_us: npt.NDArray[np.int64]

    @property
    def is_whole(self) -> bool:
        """Whether every picture was found again."""
        return len(self.grids) == len(self.labels)

    def choose(self, fits: Sequence[bool], what: str) -> Solution:
        """The one option that fits; no choice where none does, or several do."""
        chosen = [number for number, fit in enumerate(fits) if fit]
        if len(chosen) == 1:
            return Solution(chosen[0], what)
        return Solution(None, f"{'no option says' if not chosen else 'several options say'} that {what}")


def sheets(stretches: Sequence[Recheck]) -> Iterator[Sheet]:
    """The items of one video, whose stretches come in order; the first one has the items."""
    row = stretches[0]
    track = np.concatenate([np.frombuffer(stretch.grids, np.uint8).reshape(-1, CELLS) for stretch in stretches])
    track_us = np.concatenate([np.asarray(stretch.pts_us, np.int64) for stretch in stretches])
    of_item: dict[str, list[int]] = {}
    for number, item_id in enumerate(row.picture_items):
        of_item.setdefault(item_id, []).append(number)
    for number, item_id in enumerate(row.item_ids):
        pictures = of_item.get(item_id, [])
        yield Sheet(
            item_id=item_id,
            task=row.item_tasks[number],
            question=row.item_questions[number],
            options=tuple(json.loads(row.item_options[number])),
            labels=tuple(json.loads(row.item_labels[number])),
            start_us=row.item_starts_us[number],
            end_us=row.item_ends_us[number],
            grids=_levels([row.picture_grids[i] for i in pictures], (CELLS,)),
            lumas=_levels([row.picture_lumas[i] for i in pictures], (36, 64)),
            track=track,
            track_us=track_us,
        )


def _levels(blobs: list[bytes], shape: tuple[int, ...]) -> Floats:
    return np.frombuffer(b"".join(blobs), np.uint8).reshape(-1, *shape).astype(np.float64)
