"""Cells: one table's rows for one part, as one Parquet file that is there whole or not at all."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import schema, to_table
from schemas.errors import Damaged
from schemas.rejects import Reject
from schemas.row import Row
from storage.checks import check
from storage.files import Landing, forget
from storage.layout import REJECTS, ROWS, rejects_path, rows_path
from storage.seal import BLANK, NAME, BadCell, seal

FACTS, SECONDS = b"rushes", b"rushes.seconds"
GROUP_BYTES, PAGE_BYTES = 8 << 20, 1 << 20


@dataclass(frozen=True)
class Listing:
    """What one look into a table's folder showed: stems of committed cells, those with rejects, and other files."""

    rows: frozenset[str] = frozenset()
    rejects: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Content:
    """The rows of a cell, checked and sorted, and the rejects beside them."""

    row_type: type[Row]
    rows: pa.Table
    rejects: pa.Table


@dataclass(frozen=True)
class Making:
    """How a cell came about: what its metadata says. ``facts`` decide the rows, ``seconds`` is what they cost."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def content(row_type: type[Row], rows: pa.Table, rejects: Iterable[Reject], made_by: str) -> Content:
    """Rows, sorted by key, and rejects, ready to commit. Raises StageBroken when one breaks a rule of its table.

    A row that was turned away twice in one cell keeps the reject that came first.
    """
    check(row_type, rows, made_by)
    first: dict[str, Reject] = {}
    for one in rejects:
        first.setdefault(one.reject_id, one)
    turned_away = to_table(Reject, first.values())
    check(Reject, turned_away, made_by)
    return Content(row_type, rows, turned_away)


def commit(folder: Path, stem: str, cell: Content, making: Making) -> None:
    """The cell on disk: rejects first, then the rows, whose presence is the commit. Raises DiskFull."""
    with Landing() as landing:
        if len(cell.rejects):
            write(cell.rejects, landing.path(rejects_path(folder, stem)), making)
        else:
            # An earlier try may have been cut off between the two files, by a fault that is gone now.
            rejects_path(folder, stem).unlink(missing_ok=True)
        write(cell.rows, landing.path(rows_path(folder, stem)), making)


def write(rows: pa.Table, path: Path, making: Making) -> None:
    """One Parquet file (zstd, pages with checksums), sealed, with the making in its key-value metadata.

    Rows that hold megabytes come few to a row group: whoever reads a file holds a whole group several times over.
    """
    notes = {
        FACTS: json.dumps(making.facts, sort_keys=True, default=repr),
        SECONDS: f"{making.seconds:.3f}",
        NAME: BLANK,
    }
    a_row = rows.nbytes / max(1, len(rows))
    pq.write_table(
        rows.replace_schema_metadata(notes),
        path,
        compression="zstd",
        write_page_checksum=True,
        row_group_size=max(1, int(GROUP_BYTES / max(a_row, 1))),
        write_batch_size=max(1, min(1024, int(PAGE_BYTES / max(a_row, 1)))),
    )
    seal(path)


def read(path: Path, columns: list[str] | None = None) -> pa.Table:
    """The rows of a cell, or some columns of them."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=columns)


def facts(path: Path) -> dict[str, Any]:
    """What the cell's metadata says of how it came about: stage, version, settings, inputs, tools; and the seconds."""
    with pq.ParquetFile(path) as file:
        metadata = file.metadata.metadata or {}
    found: dict[str, Any] = json.loads(metadata.get(FACTS, b"{}"))
    return found | {"seconds": float(metadata.get(SECONDS, b"0"))}


def count(path: Path) -> int:
    """The number of rows, from the footer alone; 0 for a file that is not there. Raises BadCell for what is none."""
    try:
        return int(pq.read_metadata(path).num_rows) if path.exists() else 0
    except (pa.ArrowException, OSError) as error:
        raise BadCell(str(path), f"it cannot be read ({error})") from None


def check_columns(row_type: type[Row], path: Path) -> None:
    """Nothing, when the cell's columns are those of its table; it may lack such as may be null.

    Raises Damaged naming the column and both types.
    """
    stored = pq.read_schema(path)
    for column in schema(row_type):
        at = stored.get_field_index(column.name)
        found = stored.field(at).type if at >= 0 else None
        if found != column.type and not (found is None and column.nullable):
            raise Damaged(
                f"{path}: column {column.name!r} of table {row_type.table!r} is {found or 'missing'} there and "
                f"{column.type} in its declaration; a table only gains columns that may be null: "
                "give the changed table another name, or delete the file and build again"
            )


def digest_of(rows: pa.Table) -> str:
    """16 hexadecimal digits that depend on the rows and nothing else, neither their making nor their chunks."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows.replace_schema_metadata(None).combine_chunks(), sink, compression="none")
    return hashlib.sha256(sink.getvalue()).hexdigest()[:16]


def listed(folder: Path) -> Listing:
    """What lies in a table's folder, from one directory listing. Temporary files of dead writers are removed."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  a thousand Paths would cost more than the listing
    except FileNotFoundError:
        return Listing()
    found: dict[str, set[str]] = {"rows": set(), "rejects": set(), "others": set()}
    for name in names:
        if name.startswith("."):
            forget(folder / name)
        elif name.endswith(REJECTS):
            found["rejects"].add(name.removesuffix(REJECTS))
        elif name.endswith(ROWS):
            found["rows"].add(name.removesuffix(ROWS))
        else:
            found["others"].add(name)
    return Listing(**{kind: frozenset(stems) for kind, stems in found.items()})
