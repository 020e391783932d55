"""The funnel: from what was given to what is kept, and for what reasons the rest fell away."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from schemas.columns import columns
from schemas.duckdb import quoted
from storage.built import Built
from storage.outcomes import show as show_outcomes
from storage.publish_cells import connect, show
from storage.report.facts import DROPPED, FALLEN

STEPS = {
    "sources": "files given",
    "entries": "questions given",
    "videos": "videos",
    "shots": "shots",
    "questions": "questions",
    "items": "items",
}
"""The tables that are steps of the funnel, in words; the recipe's last table is always one."""


@dataclass(frozen=True)
class Step:
    """One step: how many rows there are, and how many rows were turned away on the way to it, by reason."""

    name: str
    rows: int
    lost: Mapping[str, int]

    @property
    def why(self) -> str:
        """The reasons with their counts, most frequent first."""
        return ", ".join(f"{count} {reason}" for reason, count in sorted(self.lost.items(), key=lambda one: -one[1]))


@dataclass(frozen=True)
class Funnel:
    """All steps in order; and how many of the given files ended how."""

    steps: tuple[Step, ...]
    outcomes: Mapping[str, int]

    @property
    def kept(self) -> int:
        """The rows of the recipe's last table."""
        return self.steps[-1].rows

    def table(self) -> list[dict[str, Any]]:
        """The funnel as plain rows."""
        return [{"step": step.name, "rows": step.rows, "turned away": step.why} for step in self.steps]


def funnel(built: Built) -> Funnel:
    """The funnel of a finished run, counted from its cells."""
    with TemporaryDirectory() as spill, connect(Path(spill)) as connection:
        show(connection, built)
        outcomes: dict[str, int] = {}
        if show_outcomes(connection, built):
            outcomes = dict(
                connection.execute("SELECT outcome, count(*) FROM outcomes GROUP BY 1 ORDER BY 1").fetchall()
            )
        return Funnel(_steps(connection, built), outcomes)


def _steps(connection: duckdb.DuckDBPyConnection, built: Built) -> tuple[Step, ...]:
    names = [table.row_type.table for table in built.tables]
    chosen = [name for name in names if name in STEPS or name == names[-1]]
    lost: dict[str, dict[str, int]] = {name: {} for name in chosen}
    for nth, reason, count in connection.execute("SELECT nth, reason, count(*) FROM rejects GROUP BY ALL").fetchall():
        step = next(name for name in chosen if names.index(name) >= nth)
        lost[step][reason] = lost[step].get(reason, 0) + count
    if "sources" in lost and "videos" in lost and (copies := _copies(connection)):
        lost["videos"]["duplicate"] = copies
    if {"questions", "items"} <= set(names):
        lost["items"] = dict(connection.execute(DROPPED).fetchall())
    if {"items", "verdicts"} <= set(names) and names[-1] == "samples":
        lost["samples"] = dict(connection.execute(FALLEN).fetchall())
    return tuple(Step(STEPS.get(name, "kept"), _count(connection, name), lost[name]) for name in chosen)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchall()[0][0])  # noqa: S608


def _copies(connection: duckdb.DuckDBPyConnection) -> int:
    """How many sources are copies: within a part they are rejects, across parts only the outcomes know them."""
    return int(connection.execute("SELECT count(*) FROM outcomes WHERE outcome = 'copy'").fetchall()[0][0])


def first_rows(built: Built, table: str, limit: int = 1) -> list[dict[str, Any]]:
    """The first rows of a table by key, as plain values."""
    row_type = built.table(table).row_type
    names = ", ".join(quoted(column.name) for column in columns(row_type))
    with TemporaryDirectory() as spill, connect(Path(spill)) as connection:
        show(connection, built)
        found = connection.execute(f"SELECT {names} FROM {quoted(table)} ORDER BY {quoted(row_type.key)} LIMIT {limit}")  # noqa: S608
        titles = [column.name for column in columns(row_type)]
        return [dict(zip(titles, row, strict=True)) for row in found.fetchall()]
