"""References between tables, read off the types of their columns."""

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from schemas.row import Row


@dataclass(frozen=True)
class Link:
    """``table.column`` holds keys of ``to_table``; ``key`` is the table's own key."""

    table: str
    key: str
    column: str
    to_table: str
    to_column: str


def links(row_types: Sequence[type[Row]]) -> list[Link]:
    """Every reference between the tables: a column whose type is the id that an earlier table has as its key.

    ``shots.video_id: VideoId`` refers to ``videos``, the first table whose key is a VideoId.
    """
    homes: dict[str, type[Row]] = {}
    found = []
    for row_type in row_types:
        ids = _ids(row_type)
        if row_type.key in ids:
            homes.setdefault(ids[row_type.key], row_type)
    for row_type in row_types:
        for column, name in _ids(row_type).items():
            home = homes.get(name)
            if home and (home, home.key) != (row_type, column):
                found.append(Link(row_type.table, row_type.key, column, home.table, home.key))
    return found


def _ids(row_type: type[Row]) -> dict[str, str]:
    """The columns whose annotation is a named id, with its name."""
    hints = get_type_hints(row_type, include_extras=True)
    named = {column: _named(hint) for column, hint in hints.items()}
    return {column: name for column, name in named.items() if name}


def _named(hint: Any) -> str:
    if get_origin(hint) in (Union, types.UnionType):
        return "".join(_named(kind) for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is Annotated:
        return _named(get_args(hint)[0])
    return hint.__name__ if isinstance(hint, NewType) else ""
