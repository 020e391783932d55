"""Questions to the tables of a version while its card and report are written; a missing table has no rows."""

from dataclasses import dataclass
from typing import Any

import duckdb


@dataclass(frozen=True)
class Tables:
    """The views of a run by name. ``names`` are those that exist: a recipe need not have them all."""

    connection: duckdb.DuckDBPyConnection
    names: frozenset[str]

    def ask(self, sql: str, *needed: str, **given: object) -> list[tuple[Any, ...]]:
        """The rows of the query, or none when one of the ``needed`` tables is missing. ``given`` are its parameters."""
        if not self.names.issuperset(needed):
            return []
        return self.connection.execute(sql, given or None).fetchall()

    def count(self, name: str, what: str = "*") -> int | None:
        """How many rows a table has, or how many different values of ``what``; None without the table."""
        if name not in self.names:
            return None
        chosen = what if what == "*" else f"DISTINCT {what}"
        return int(self.connection.execute(f'SELECT count({chosen}) FROM "{name}"').fetchall()[0][0])  # noqa: S608


def tables_of(connection: duckdb.DuckDBPyConnection) -> Tables:
    """The tables that the connection shows."""
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    found += connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return Tables(connection, frozenset(name for (name,) in found))
