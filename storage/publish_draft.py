"""A version while it is being written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from schemas.duckdb import quoted
from storage.built import Built
from storage.layout import Workspace
from storage.manifest import TableFacts
from storage.publish_cells import Stored
from storage.publish_parquet import total_rows


@dataclass(frozen=True)
class Draft:
    """A version while it is being written: where it lies, what it was made of, and what was found while checking it."""

    workspace: Workspace
    folder: Path
    number: int
    built: Built
    tables: tuple[Stored, ...]
    facts: tuple[TableFacts, ...]
    outcomes: Mapping[str, int]
    checks: Mapping[str, Any]

    def stored(self, name: str) -> Stored | None:
        """The published table of that name, if there is one."""
        return next((table for table in self.tables if table.row_type.table == name), None)


def table_facts(
    connection: duckdb.DuckDBPyConnection, built: Built, tables: list[Stored], folder: Path
) -> tuple[TableFacts, ...]:
    """How every table of the run was made and how many rows it has; working tables have no files."""
    stored = {table.row_type.table: table for table in tables}
    facts = []
    for made in built.tables:
        name = made.row_type.table
        files, rows = _files(stored.pop(name, None), folder)
        if rows is None:
            rows = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchall()[0][0]  # noqa: S608
        facts.append(TableFacts(name, rows, files, made.fingerprint, made.made_by, made.version, made.inputs))
    for name, table in stored.items():
        files, rows = _files(table, folder)
        facts.append(TableFacts(name, rows or 0, files, "", "publishing", 1, ()))
    return tuple(facts)


def _files(table: Stored | None, folder: Path) -> tuple[tuple[str, ...], int | None]:
    if table is None:
        return (), None
    return tuple(path.relative_to(folder).as_posix() for path in table.files), total_rows(table.files)
