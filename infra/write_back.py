"""A table that was made over all parts, written back by part."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from infra.order import Blueprint, Order
from schemas.errors import StageBroken
from storage.files import Landing
from storage.indexes import Index, stem_of, write_index
from storage.layout import part_of, rejects_path, rows_path
from storage.tables import Content, Making, digest_of, write


def write_back(plan: Blueprint, order: Order, cell: Content, making: Making, homes: Mapping[str, int]) -> None:
    """Writes one file per part, named by its content, and then the index that commits them all.

    A row goes to the part of its video. Raises StageBroken for a row about a video that no input knows.
    """
    parts = [part_of(stem) for stem in order.inputs[0]]
    home_of_rows = [_home(plan, video_id, homes) for video_id in cell.rows["video_id"].to_pylist()]
    # A reject may be about no video at all; the first part takes it.
    home_of_rejects = [homes.get(video_id, parts[0]) for video_id in cell.rejects["video_id"].to_pylist()]
    rows, rejects = {}, {}
    with Landing() as landing:
        for part, held in _by_part(cell.rows, home_of_rows, parts):
            rows[part] = stem_of(part, digest_of(held))
            _write_new(rows_path(plan.folder, rows[part]), held, making, landing)
        for part, held in _by_part(cell.rejects, home_of_rejects, parts):
            if len(held):
                rejects[part] = stem_of(part, digest_of(held))
                _write_new(rejects_path(plan.folder, rejects[part]), held, making, landing)
    write_index(plan.folder / order.target, Index(rows, rejects))


def _home(plan: Blueprint, video_id: str, homes: Mapping[str, int]) -> int:
    if video_id not in homes:
        raise StageBroken(
            f"{plan.made_by} made a row of table {plan.table!r} about video {video_id!r}, which no input of it knows"
        )
    return homes[video_id]


def _by_part(table: pa.Table, homes: Sequence[int], parts: Sequence[int]) -> Iterator[tuple[int, pa.Table]]:
    """Each part with its rows, in the order they had."""
    home = np.asarray(homes, np.int64)
    order = np.argsort(home, kind="stable")
    together = table.take(pa.array(order))
    bounds = np.searchsorted(home[order], [[part, part + 1] for part in parts])
    for part, (first, end) in zip(parts, bounds.tolist(), strict=True):
        yield part, together.slice(first, end - first)


def _write_new(path: Path, rows: pa.Table, making: Making, landing: Landing) -> None:
    """Writes the file, unless an earlier run came to the same content."""
    if not path.exists():
        write(rows, landing.path(path), making)
