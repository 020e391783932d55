"""The rows that refer to nothing."""

from collections.abc import Mapping

import duckdb

from schemas.duckdb import quoted
from schemas.links import Link


def broken(connection: duckdb.DuckDBPyConnection, link: Link, stored: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    """How many rows refer to something that is not there, and the first of them. ``stored`` is each table's SQL."""
    column, key = f"here.{quoted(link.column)}", f"here.{quoted(link.key)}"
    there = f"SELECT {quoted(link.to_column)} FROM {stored[link.to_table]}"  # noqa: S608
    rows = f"FROM {stored[link.table]} AS here WHERE {column} IS NOT NULL AND {column} NOT IN ({there})"
    n_rows = connection.execute(f"SELECT count(*) {rows}").fetchall()[0][0]
    if not n_rows:
        return 0, ()
    first = connection.execute(f"SELECT {key}, {column} {rows} ORDER BY 1 LIMIT 3").fetchall()
    return n_rows, tuple(f"{link.key} = {who!r} with {link.column} = {what!r}" for who, what in first)
