"""``Row``: a table declared once, as a class. Types, Arrow, DuckDB and expectations are all read off it."""

import dataclasses
from typing import Any, ClassVar, dataclass_transform

import numpy as np

from schemas.errors import WiringError


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Row:
    """One row of a table: a frozen value whose fields are the columns.

    ``table`` names the table, ``key`` its unique column, ``rules`` are SQL conditions that link columns and must
    hold for every row. ``published=False`` keeps a working table out of the versions that readers see.
    """

    table: ClassVar[str]
    key: ClassVar[str]
    rules: ClassVar[tuple[str, ...]]
    published: ClassVar[bool]

    def __init_subclass__(cls, *, table: str, key: str, rules: tuple[str, ...] = (), published: bool = True) -> None:
        if not cls.__doc__:
            raise WiringError(f"{cls.__name__}: a table says in its docstring what one row is")
        cls.table, cls.key, cls.rules, cls.published = table, key, rules, published
        dataclasses.dataclass(frozen=True, kw_only=True, eq=False)(cls)
        if key not in {field.name for field in dataclasses.fields(cls)}:  # type: ignore[arg-type]
            raise WiringError(f"{cls.__name__}: its key {key!r} is not one of its columns")

    def __eq__(self, other: object) -> bool:
        """True for a row of the same table with equal columns; vectors are compared element by element."""
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in self.__dict__)

    def __hash__(self) -> int:
        """Rows hash by table and key."""
        return hash((self.table, getattr(self, self.key)))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    return bool(one == other)


def key_of(row: Row) -> str:
    """The value of the row's key column."""
    return str(getattr(row, row.key))
