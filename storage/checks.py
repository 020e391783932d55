"""Whether rows keep the promises of their table, before they are committed."""

import threading
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import columns, once
from schemas.duckdb import conditions, literal, quoted
from schemas.errors import StageBroken
from schemas.row import Row

_local = threading.local()


def check(row_type: type[Row], rows: pa.Table, made_by: str) -> None:
    """Nothing, when rows that are sorted by key break no rule of their table.

    Raises StageBroken naming who made the rows, the rule and the first row that breaks it.
    """
    keys = rows[row_type.key]
    for column in columns(row_type):
        if not column.nullable and (nulls := rows[column.name]).null_count:
            first = keys[pc.index(nulls.is_null(), True).as_py()]
            raise _broken(row_type, made_by, f"{column.name} IS NOT NULL", first.as_py())
    if len(rows) > 1 and (repeated := pc.index(pc.equal(keys[1:], keys[:-1]), True).as_py()) >= 0:
        raise _broken(row_type, made_by, f"{row_type.key} is unique", keys[repeated].as_py())
    if (broken := _first_broken(row_type, rows)) is not None:
        raise _broken(row_type, made_by, *broken)


def _broken(row_type: type[Row], made_by: str, rule: str, key: Any) -> StageBroken:
    return StageBroken(f"{made_by} made a bad row of table {row_type.table!r}: {rule!r} does not hold for row {key!r}")


def _first_broken(row_type: type[Row], rows: pa.Table) -> tuple[str, Any] | None:
    query = _query(row_type)
    if query is None or not len(rows):
        return None
    connection = _connection()
    connection.register("rows_to_check", rows)
    try:
        found = connection.execute(query).fetchall()
    finally:
        connection.unregister("rows_to_check")
    return (str(found[0][1]), found[0][0]) if found else None


@once
def _query(row_type: type[Row]) -> str | None:
    """The query for the first row that breaks a condition, and which; None for a table without conditions."""
    rules = conditions(row_type)
    if not rules:
        return None
    cases = " ".join(f"WHEN ({sql}) IS FALSE THEN {literal(rule)}" for rule, sql in rules.items())
    key = quoted(row_type.key)
    return f"SELECT {key}, CASE {cases} END AS rule FROM rows_to_check WHERE rule IS NOT NULL ORDER BY {key} LIMIT 1"  # noqa: S608


def _connection() -> duckdb.DuckDBPyConnection:
    """One connection per thread, kept: opening one costs more than the check."""
    if not hasattr(_local, "connection"):
        _local.connection = duckdb.connect(config={"threads": 1, "enable_external_access": "false"})
    connection: duckdb.DuckDBPyConnection = _local.connection
    return connection
