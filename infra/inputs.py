"""What a cell is made from: the rows of one part in order, or of all parts with each key once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from infra.order import Input
from schemas.arrow import from_table, schema
from schemas.columns import columns
from schemas.row import Row
from storage.layout import part_of, rows_path
from storage.seal import Seals
from storage.tables import check_columns, read


def check_inputs(sources: Sequence[Input], stems: Sequence[Sequence[str]], seals: Seals) -> None:
    """Nothing, when every cell is as it was written, with the columns of its table. Raises BadCell, Damaged."""
    for source, cells in zip(sources, stems, strict=True):
        for stem in cells:
            path = rows_path(source.folder, stem)
            if seals.check(path):
                check_columns(source.row_type, path)


def part_rows(source: Input, stem: str, group_by: str | None) -> pa.Table:
    """The rows of one cell, ordered by group and key."""
    return _ordered(read(rows_path(source.folder, stem)), source.row_type.key, group_by)


def all_rows(source: Input, stems: Sequence[str], group_by: str | None) -> pa.Table:
    """The rows of many cells, ordered by group and key. Of rows with equal keys the earliest part's stays."""
    cells = [read(rows_path(source.folder, stem)) for stem in stems]
    table = pa.concat_tables([schema(source.row_type).empty_table(), *cells], promote_options="permissive")
    repeated = set(repeats(table[source.row_type.key]))
    if repeated:
        table = table.take([line for line in range(len(table)) if line not in repeated])
    return _ordered(table, source.row_type.key, group_by)


def lazy_rows(source: Input, stems: Sequence[str]) -> ds.Dataset:
    """The same rows for SQL, in the order of the parts, of which only the columns that a query names are read."""
    files = [str(rows_path(source.folder, stem)) for stem in stems]
    return ds.dataset(files, schema=schema(source.row_type), format="parquet")


def repeats(keys: pa.ChunkedArray) -> list[int]:
    """The lines whose key came before."""
    if pc.count_distinct(keys).as_py() == len(keys):
        return []
    seen: set[Any] = set()
    lines = []
    for line, key in enumerate(keys.to_pylist()):
        if key in seen:
            lines.append(line)
        seen.add(key)
    return lines


def home_parts(sources: Sequence[Input], stems: Sequence[Sequence[str]]) -> dict[str, int]:
    """For each video of these tables the lowest part that holds it: where a row about it is written back to."""
    homes: dict[str, int] = {}
    for source, cells in zip(sources, stems, strict=True):
        if "video_id" not in {column.name for column in columns(source.row_type)} or not cells:
            continue
        wanted = ["video_id", "__filename"]
        held = lazy_rows(source, cells).to_table(columns=wanted).group_by(wanted).aggregate([])
        for video_id, file in zip(*(held[name].to_pylist() for name in wanted), strict=True):
            part = part_of(Path(file).name)
            homes[video_id] = min(part, homes.get(video_id, part))
    return homes


def batches(row_type: type[Row], table: pa.Table, group_by: str | None, at_least: int) -> Iterator[list[Row]]:
    """The rows in lists of ``at_least`` rows or more, of which none splits a group; the last may be shorter."""
    groups: Sequence[Any] = table[group_by].to_pylist() if group_by else range(len(table))
    start = 0
    for line in range(1, len(groups) + 1):
        closed = line == len(groups) or groups[line] != groups[line - 1]
        if closed and (line - start >= at_least or line == len(groups)):
            yield from_table(row_type, table.slice(start, line - start))
            start = line


def _ordered(table: pa.Table, key: str, group_by: str | None) -> pa.Table:
    by = [(group_by, "ascending")] if group_by else []
    lines = pc.sort_indices(table, sort_keys=[*by, (key, "ascending")])
    if lines.equals(pa.array(range(len(table)), lines.type)):
        return table
    return table.take(lines)
