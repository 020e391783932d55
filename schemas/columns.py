"""One annotation, read once into the plain facts that every projection needs."""

import types
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cache
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from annotated_types import Ge, Gt, Interval, Le, Len, Lt

from schemas.errors import WiringError
from schemas.units import Json, Unit, Width

T = TypeVar("T")
V = TypeVar("V")

SCALARS = {bool: "bool", int: "int64", float: "float64", str: "string", bytes: "binary"}


@dataclass(frozen=True)
class Column:
    """What one column of a table is: its storage type, nullability, unit, bounds and allowed values."""

    name: str
    arrow: str
    nullable: bool = False
    unit: str = ""
    repeated: bool = False
    vector: bool = False
    json: bool = False
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    min_length: int | None = None
    max_length: int | None = None


def once(function: Callable[[type[T]], V]) -> Callable[[type[T]], V]:
    """``functools.cache`` for a function of a class: to mypy a class whose instances define a hash has none."""
    return cast(Callable[[type[T]], V], cache(function))


@once
def columns(row_type: type) -> tuple[Column, ...]:
    """The columns of a row type, in the order of declaration. Raises WiringError for a type no projection knows."""
    hints = get_type_hints(row_type, include_extras=True)
    return tuple(_column(row_type, field.name, hints[field.name]) for field in dataclass_fields(row_type))


def _column(row_type: type, name: str, hint: Any) -> Column:
    hint, nullable = _without_none(hint, f"{row_type.__name__}.{name}")
    facts: dict[str, Any] = {"name": name, "nullable": nullable}
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
        for mark in marks:
            facts |= _facts(mark, f"{row_type.__name__}.{name}")
    return Column(**(_storage(hint, f"{row_type.__name__}.{name}") | facts))


def _without_none(hint: Any, where: str) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    if len(kinds) != 1:
        raise WiringError(f"{where}: the only union a column may have is 'T | None', not {hint}")
    return kinds[0], True


FACTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Unit: lambda mark: {"unit": mark.name},
    Width: lambda mark: {"arrow": mark.arrow},
    Json: lambda mark: {"json": True},
    Ge: lambda mark: {"at_least": mark.ge},
    Gt: lambda mark: {"above": mark.gt},
    Le: lambda mark: {"at_most": mark.le},
    Lt: lambda mark: {"below": mark.lt},
    Interval: lambda mark: {"at_least": mark.ge, "above": mark.gt, "at_most": mark.le, "below": mark.lt},
    Len: lambda mark: {"min_length": mark.min_length, "max_length": mark.max_length},
}


def _facts(mark: Any, where: str) -> dict[str, Any]:
    if type(mark) not in FACTS:
        raise WiringError(f"{where}: no projection knows the mark {mark!r}; add it to schemas/columns.py")
    return FACTS[type(mark)](mark)


def _storage(hint: Any, where: str) -> dict[str, Any]:
    if isinstance(hint, NewType):
        hint = hint.__supertype__
    if hint in SCALARS:
        return {"arrow": SCALARS[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal and all(isinstance(value, str) for value in arguments):
        return {"arrow": "string", "choices": arguments}
    if origin is np.ndarray:
        return {"vector": True, "repeated": True}
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        return {**_inner(arguments[0], where), "repeated": True}
    raise WiringError(
        f"{where}: no projection knows the type {hint}; use a scalar, a Literal, tuple[T, ...] or a vector"
    )


def _inner(hint: Any, where: str) -> dict[str, Any]:
    """The storage of a list's elements: a scalar, perhaps with a unit. Bounds of elements are not checked."""
    element = _column(type("element", (), {}), where, hint)
    return {"arrow": element.arrow, "unit": element.unit}
