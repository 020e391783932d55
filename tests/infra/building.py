"""A whole build in one call, and what came of it in a form that can be compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.engine import engine
from infra.profile import Profile, Retries
from infra.run import Run
from schemas.media import Source
from stages.graph import Rows
from storage.built import Built
from storage.layout import Workspace
from storage.tables import facts, read

AT_ONCE = Profile(retries=Retries(wait_s=(0.0, 0.0)))


def run_of(recipe: Rows[Any], sources: Sequence[Source], folder: Path, engine_name: str = "inline") -> Run:
    return Run(recipe, sources, Workspace(folder), engine(engine_name), name="toy", profile=AT_ONCE)


def build(recipe: Rows[Any], sources: Sequence[Source], folder: Path, engine_name: str = "inline") -> Built:
    with run_of(recipe, sources, folder, engine_name) as run:
        return run.built()


def reports(recipe: Rows[Any], sources: Sequence[Source], folder: Path) -> dict[str, tuple[int, int]]:
    """For each table how many parts were done and how many of them lay there already."""
    with run_of(recipe, sources, folder) as run:
        return {table: (report.done, report.reused) for table in run.tables for report in [run.wait(table)]}


def rows(built: Built, table: str) -> list[dict[str, Any]]:
    return [row for cell in built.table(table).cells for row in read(cell).to_pylist()]


def rejects(built: Built, table: str) -> list[dict[str, Any]]:
    return [row for cell in built.table(table).rejects for row in read(cell).to_pylist()]


def everything(built: Built) -> dict[str, Any]:
    """Every file of a build: its name, its rows with their schema, and what made it, apart from the seconds it took."""
    found = {}
    for table in built.tables:
        for path in (*table.cells, *table.rejects):
            stored = read(path)
            made = {name: fact for name, fact in facts(path).items() if name != "seconds"}
            schema = stored.schema.remove_metadata()
            found[f"{path.parent.name}/{path.name}"] = (schema, stored.to_pylist(), made)
    return found
