"""Rows to Arrow and back."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from schemas.columns import Column, columns, once
from schemas.row import Row

R = TypeVar("R", bound=Row)


@once
def schema(row_type: type[Row]) -> pa.Schema:
    """The Arrow schema of a table; each field's metadata holds its unit."""
    return pa.schema([_field(column) for column in columns(row_type)])


def _field(column: Column) -> pa.Field:
    kind = pa.type_for_alias(column.arrow)
    metadata = {"unit": column.unit} if column.unit else None
    return pa.field(column.name, pa.list_(kind) if column.repeated else kind, column.nullable, metadata)


def to_table(row_type: type[R], rows: Iterable[R]) -> pa.Table:
    """An Arrow table of the rows, sorted by key."""
    ordered = sorted(rows, key=lambda row: getattr(row, row_type.key))
    arrays = [_array(column, [getattr(row, column.name) for row in ordered]) for column in columns(row_type)]
    return pa.Table.from_arrays(arrays, schema=schema(row_type))


def _array(column: Column, values: Sequence[Any]) -> pa.Array:
    kind = pa.type_for_alias(column.arrow)
    if not column.vector:
        return pa.array(values, pa.list_(kind) if column.repeated else kind)
    dtype = kind.to_pandas_dtype()
    lengths = [0 if value is None else len(value) for value in values]
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    flat = np.concatenate([np.asarray(value, dtype) for value in values if value is not None] or [np.empty(0, dtype)])
    missing = pa.array([value is None for value in values]) if column.nullable else None
    return pa.ListArray.from_arrays(offsets, pa.array(flat, kind), mask=missing)


def from_table(row_type: type[R], table: pa.Table) -> list[R]:
    """The rows of an Arrow table. Columns that are newer than the table are filled with their default."""
    known = {column.name for column in columns(row_type)} & set(table.column_names)
    read = {column.name: _values(column, table[column.name]) for column in columns(row_type) if column.name in known}
    return [row_type(**dict(zip(read, cells, strict=True))) for cells in zip(*read.values(), strict=True)]


def _values(column: Column, stored: pa.ChunkedArray) -> list[Any]:
    if column.vector:
        return [None if not cell.is_valid else cell.values.to_numpy(zero_copy_only=False) for cell in stored]
    if column.repeated:
        return [None if cell is None else tuple(cell) for cell in stored.to_pylist()]
    return list(stored.to_pylist())
