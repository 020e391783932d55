"""The tables of a finished run as one would expect to see them: all parts together, each key once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from schemas.columns import columns
from schemas.duckdb import create, literal, quoted
from schemas.errors import NotPublishable
from schemas.rejects import Reject
from schemas.row import Row
from storage.built import Built, BuiltTable

REJECTS = "rejects"


@dataclass(frozen=True)
class Stored:
    """A table as it lies in files: its declaration, and its Parquet files in the order of their rows."""

    row_type: type[Row]
    files: tuple[Path, ...]

    @property
    def sql(self) -> str:
        """The SQL that reads it, for use after FROM."""
        return parquet(self.files)


def connect(spill: Path, *, memory: str = "1GB", threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that sorts and joins tables of any size: what does not fit goes to the folder ``spill``."""
    connection = duckdb.connect(
        config={"memory_limit": memory, "threads": threads, "autoinstall_known_extensions": False}
    )
    connection.execute(f"SET temp_directory = {literal(str(spill))}")
    return connection


def show(connection: duckdb.DuckDBPyConnection, built: Built) -> None:
    """Makes a view of every table of the run, by its name, and one of all rejects.

    Rows of equal key in two parts are one row, the earliest part's. Raises NotPublishable when a cell repeats a key.
    ``rejects`` has a column more, ``nth``: how early in the recipe the table stands that turned the row away.
    """
    for table in built.tables:
        _view(connection, table)
    _rejects(connection, built)


def _view(connection: duckdb.DuckDBPyConnection, table: BuiltTable) -> None:
    name, key = table.row_type.table, quoted(table.row_type.key)
    if not table.cells:
        connection.execute(create(table.row_type))
        return
    rows = f"FROM {parquet(table.cells)}"
    total, different = connection.execute(f"SELECT count(*), count(DISTINCT {key}) {rows}").fetchall()[0]
    once = ""
    if total != different:
        _refuse_repeats(connection, table, rows)
        once = f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY file_index) = 1"
    connection.execute(f"CREATE VIEW {quoted(name)} AS SELECT {listed(table.row_type)} {rows}{once}")


def _refuse_repeats(connection: duckdb.DuckDBPyConnection, table: BuiltTable, rows: str) -> None:
    key = quoted(table.row_type.key)
    found = connection.execute(
        f"SELECT {key}, count(*) {rows} GROUP BY {key}, file_index HAVING count(*) > 1 ORDER BY 1 LIMIT 3"
    ).fetchall()
    if found:
        keys = ", ".join(f"{value!r} ({times} times)" for value, times in found)
        raise NotPublishable(
            f"{table.row_type.table}: {table.row_type.key} is not unique within one part: {keys}; "
            f"{table.made_by} must give each key once"
        )


def _rejects(connection: duckdb.DuckDBPyConnection, built: Built) -> None:
    """The rejects of all tables, each once: the one of the earliest table and part."""
    connection.execute(create(Reject, REJECTS + "_empty"))
    selects = [f"SELECT {listed(Reject)}, -1 AS nth, 0 AS part FROM {REJECTS}_empty"]  # noqa: S608
    selects += [
        f"SELECT {listed(Reject)}, {nth} AS nth, file_index AS part FROM {parquet(table.rejects)}"  # noqa: S608
        for nth, table in enumerate(built.tables)
        if table.rejects
    ]
    connection.execute(
        f"CREATE VIEW {REJECTS} AS SELECT * EXCLUDE (part) FROM ({' UNION ALL '.join(selects)}) "  # noqa: S608
        "QUALIFY row_number() OVER (PARTITION BY reject_id ORDER BY nth, part) = 1"
    )


def parquet(files: Sequence[Path | str]) -> str:
    """The SQL that reads these Parquet files as one table, whatever characters their paths or addresses hold."""
    return f"read_parquet([{', '.join(literal(pattern(file)) for file in files)}])"


def pattern(path: Path | str) -> str:
    """The path or address as a glob that matches nothing but it."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))


def listed(row_type: type[Row]) -> str:
    """The columns of a table, in order, as a select list."""
    return ", ".join(quoted(column.name) for column in columns(row_type))


def has(row_type: type[Row], name: str) -> bool:
    """Whether the table has a column of this name."""
    return any(column.name == name for column in columns(row_type))
