"""A stored table as flat pandas frames: what Great Expectations can judge."""

from collections.abc import Iterator
from typing import Any

import duckdb

from schemas.columns import Column, columns
from schemas.duckdb import quoted
from schemas.expectations import Expectation, expectations
from schemas.row import Row

ROWS = 200_000


def pairs(row_type: type[Row]) -> list[Expectation]:
    """The expectations of a table, and those that only DuckDB can decide: JSON is JSON, a number is a number."""
    decided = [("ExpectColumnValuesToBeInSet", {"column": name, "value_set": [True]}) for name in _decided(row_type)]
    return expectations(row_type) + decided


def _decided(row_type: type[Row]) -> dict[str, str]:
    """Conditions on single columns by name, beside the table's own rules."""
    found = {}
    for column in columns(row_type):
        name = quoted(column.name)
        if column.json:
            found[f"{column.name} is JSON"] = f"json_valid({name})"
        if column.arrow.startswith("float") and not column.repeated:
            found[f"{column.name} is finite"] = f"isfinite({name})"
    return found


def frames(connection: duckdb.DuckDBPyConnection, row_type: type[Row], stored: str) -> Iterator[Any]:
    """The table in pandas frames of at most 200,000 rows, with one empty frame for an empty table.

    Its scalar columns as they are; in place of a list or of bytes their length, which is missing where they are;
    lengths that have bounds once more as ``<name>_length``; its rules as true and false, where null counts as true.
    """
    conditions = {rule: f"({rule})" for rule in row_type.rules} | _decided(row_type)
    chosen = [_flat(column) for column in columns(row_type)]
    chosen += [
        f"{_length(column)} AS {quoted(column.name + '_length')}"
        for column in columns(row_type)
        if column.min_length is not None
    ]
    chosen += [f"coalesce({condition}, true) AS {quoted(name)}" for name, condition in conditions.items()]
    reader = connection.sql(f"SELECT {', '.join(chosen)} FROM {stored}").to_arrow_reader(ROWS)  # noqa: S608
    empty = True
    for batch in reader:
        empty = False
        yield batch.to_pandas()
    if empty:
        yield reader.schema.empty_table().to_pandas()


def _flat(column: Column) -> str:
    is_scalar = not column.repeated and column.arrow != "binary"
    return quoted(column.name) if is_scalar else f"{_length(column)} AS {quoted(column.name)}"


def _length(column: Column) -> str:
    return (
        f"octet_length({quoted(column.name)})"
        if column.arrow == "binary" and not column.repeated
        else f"len({quoted(column.name)})"
    )


def repeats(connection: duckdb.DuckDBPyConnection, row_type: type[Row], stored: str) -> list[tuple[str, int]]:
    """The first keys that come more than once in the whole table, and how often: frames see only their own rows."""
    key = quoted(row_type.key)
    counted = f"SELECT {key}, count(*) AS n FROM {stored} GROUP BY {key}"  # noqa: S608
    return connection.execute(f"FROM ({counted}) WHERE n > 1 ORDER BY 1 LIMIT 3").fetchall()
