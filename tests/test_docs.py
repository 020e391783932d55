"""What the docs promise to list is listed: reasons, tables, stages, recipes, commands and raised versions."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import typer.main

import schemas
import stages
from flows.recipe_book import recipes
from schemas.errors import REASONS
from schemas.row import Row
from stages.stage import Stage

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def declared(kind: type, package: ModuleType) -> list[Any]:
    """The classes of that kind that the package's modules declare, whoever else imports them."""
    found = {
        thing
        for module in modules(package)
        for _, thing in inspect.getmembers(module, inspect.isclass)
        if issubclass(thing, kind) and thing is not kind and thing.__module__ == module.__name__
    }
    return sorted((thing for thing in found if not inspect.isabstract(thing)), key=lambda thing: str(thing.__name__))


def read(*names: str) -> str:
    return "\n".join((ROOT / name).read_text("utf-8") for name in names)


def test_every_reason_for_a_reject_is_explained_and_no_other() -> None:
    rows = [line.split("|") for line in (DOCS / "rejects.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    assert [row[1].strip().strip("`") for row in rows] == list(REASONS)
    assert all(row[2].strip() and row[3].strip() for row in rows)


def test_every_table_is_in_the_data_dictionary() -> None:
    told = read("docs/tables.md")
    tables = [row_type.table for row_type in declared(Row, schemas)]
    assert tables
    assert [table for table in tables if f"`{table}`" not in told] == []


def test_every_stage_is_described() -> None:
    told = read("docs/stages.md")
    names = [stage.__name__ for stage in declared(Stage, stages)]
    assert names
    assert [name for name in names if f"`{name}`" not in told] == []


def test_every_raised_version_has_its_reason_in_the_changelog() -> None:
    told = read("CHANGELOG.md")
    raised = [f"`{stage.__name__}` {stage.version}" for stage in declared(Stage, stages) if stage.version > 1]
    assert [words for words in raised if words not in told] == []


def test_every_recipe_is_set_beside_its_paper() -> None:
    headings = [line.removeprefix("## ") for line in read("docs/recipes.md").splitlines() if line.startswith("## ")]
    assert [recipe.name for recipe in recipes() if recipe.name not in headings] == []


def test_every_command_is_in_the_readme() -> None:
    commands: dict[str, Any] = getattr(typer.main.get_command(importlib.import_module("flows.cli").app), "commands", {})
    assert commands
    told = read("README.md")
    assert [name for name in commands if f"rushes {name}" not in told] == []
