"""``docs/tables.md``: every table with its columns, read off the declarations.

``python -m schemas.pages docs/tables.md`` writes it anew; a test fails when it is not what this gives.
"""

import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

import schemas
from schemas.columns import Column, columns
from schemas.links import links
from schemas.row import Row

FIRST = ("media", "text", "speech", "scenes", "items", "questions", "judged", "samples", "rejects")
HEAD = """# Tables

Made by `python -m schemas.pages docs/tables.md` from the declarations in `schemas/`; a test fails when it is stale.

Times are whole microseconds, counted from a video's first valid frame; spans are half-open. A score lies in [0, 1] and
more is better. What a header said ends in `_claimed`, what we decoded in `_measured`. Working tables stay in the
workspace (schema `workspace` in `catalog.duckdb`); all others are in every version.
"""


def row_types() -> list[type[Row]]:
    """Every table that is declared in `schemas`: footage, then questions, then what is published."""
    for module in pkgutil.iter_modules(schemas.__path__, "schemas."):
        import_module(module.name)
    places = [f"schemas.{name}" for name in FIRST]
    ours = [row_type for row_type in _below(Row) if row_type.__module__.startswith("schemas.")]
    return sorted(ours, key=lambda one: places.index(one.__module__) if one.__module__ in places else len(places))


def _below(kind: type[Row]) -> Iterator[type[Row]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def tables_page() -> str:
    """The whole page."""
    known = row_types()
    targets = {(link.table, link.column): f"{link.to_table}.{link.to_column}" for link in links(known)}
    listed = [f"- [`{one.table}`](#{one.table}){'' if one.published else ' (working table)'}" for one in known]
    return "\n".join([HEAD, *listed, *(line for one in known for line in _section(one, targets))]) + "\n"


def _section(row_type: type[Row], targets: dict[tuple[str, str], str]) -> Iterator[str]:
    yield f"\n## {row_type.table}\n"
    yield f"{cleandoc(row_type.__doc__ or '').replace('``', '`')}\n"
    yield f"Key: `{row_type.key}`." + ("" if row_type.published else " A working table.")
    if row_type.rules:
        yield "Holds for every row: " + ", ".join(f"`{rule}`" for rule in row_type.rules) + "."
    yield "\n| column | type | unit | what holds |\n|---|---|---|---|"
    for column in columns(row_type):
        facts = ", ".join(_facts(column, targets.get((row_type.table, column.name), "")))
        yield f"| `{column.name}` | {column.arrow}{'[]' if column.repeated else ''} | {column.unit} | {facts} |"


def _facts(column: Column, target: str) -> Iterator[str]:
    if column.nullable:
        yield "may be missing"
    if target:
        yield f"refers to `{target}`"
    if column.choices:
        yield "one of " + ", ".join(f"`{choice}`" for choice in column.choices)
    limits = {"at least": column.at_least, "above": column.above, "at most": column.at_most, "below": column.below}
    yield from (f"{words} {limit:.20g}" for words, limit in limits.items() if limit is not None)
    if column.min_length:
        yield "not empty"
    if column.json:
        yield "JSON"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(tables_page(), encoding="utf-8")
