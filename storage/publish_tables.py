"""The tables of a version: each logical table of a run as a folder of few large Parquet files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from schemas.arrow import schema
from schemas.columns import columns
from schemas.duckdb import literal, quoted
from schemas.rejects import Reject
from schemas.row import Row
from schemas.samples import Outcome
from storage.blobs import Blobs
from storage.built import Built
from storage.publish_cells import Stored, has, listed
from storage.publish_parquet import ROWS_PER_GROUP, groups, write
from storage.publish_pictures import PICTURES, illustrated, with_images

SPLIT = "split"


def write_tables(
    connection: duckdb.DuckDBPyConnection, built: Built, folder: Path, blobs: Blobs, *, with_outcomes: bool
) -> list[Stored]:
    """Every published table of the run, then ``rejects`` and, where there are any, ``outcomes``: a folder each."""
    row_types: list[type[Row]] = [table.row_type for table in built.tables if table.row_type.published]
    row_types += [Reject, Outcome] if with_outcomes else [Reject]
    tables = [write_table(connection, row_type, folder / row_type.table, blobs) for row_type in row_types]
    for table in tables:  # from here on the views show what is published: few files, in order
        connection.execute(f"CREATE OR REPLACE VIEW {quoted(table.row_type.table)} AS FROM {table.sql}")
    return tables


def write_table(connection: duckdb.DuckDBPyConnection, row_type: type[Row], folder: Path, blobs: Blobs) -> Stored:
    """The rows of the view of that name, sorted by key, as ``part-00000.parquet`` ... in ``folder``.

    A table with a column ``split`` has ``<split>-00000.parquet`` ... instead; one with a column ``pictures`` has the
    pictures themselves in a column ``images`` more.
    """
    files: list[Path] = []
    for stem, condition in _stems(connection, row_type):
        rows = connection.sql(
            f"SELECT {listed(row_type)} FROM {quoted(row_type.table)} {condition} ORDER BY {quoted(row_type.key)}"  # noqa: S608
        )
        files += _write(rows.to_arrow_reader(ROWS_PER_GROUP), row_type, folder, stem, blobs)
    return Stored(row_type, tuple(files))


def _write(reader: Any, row_type: type[Row], folder: Path, stem: str, blobs: Blobs) -> list[Path]:
    plain = schema(row_type)
    typed: Iterator[pa.Table] = groups(reader, row_type, plain)
    if not has(row_type, PICTURES):
        return write(typed, plain, folder, stem)
    wider = with_images(plain)
    return write(illustrated(typed, wider, blobs), wider, folder, stem)


def _stems(connection: duckdb.DuckDBPyConnection, row_type: type[Row]) -> list[tuple[str, str]]:
    """How the files of a table are called, and the condition that picks each one's rows."""
    if not has(row_type, SPLIT):
        return [("part", "")]
    found = connection.execute(f"SELECT DISTINCT split FROM {quoted(row_type.table)}").fetchall()  # noqa: S608
    known = next(column.choices for column in columns(row_type) if column.name == SPLIT)
    names = sorted(
        (name for (name,) in found), key=lambda name: (known.index(name) if name in known else len(known), name)
    )
    return [(name, f"WHERE split = {literal(name)}") for name in names or known[:1]]
