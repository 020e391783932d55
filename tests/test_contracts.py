"""What holds for every stage, table, recipe and error there is, found by looking, so that none can be forgotten."""

import copy
import dataclasses
import importlib
import inspect
import json
import pickle
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import duckdb
import pytest

import infra
import schemas
import stages
import storage
from flows.recipe_book import Recipe, recipes
from schemas.arrow import from_table, schema, to_table
from schemas.columns import columns
from schemas.duckdb import create
from schemas.errors import RushesError
from schemas.expectations import expectations
from schemas.items import Item
from schemas.row import Row, key_of
from stages.graph import given
from stages.stage import Stage, groups
from stages.tell import CiteEvidence, TellSteps
from storage.exports import FOOTAGE, FORMS, IMAGES
from storage.quality import CHECKS
from tests.builders import FakeEnv, Mark, Spell, ToyRank, ToyVideo, row

LARGEST_PICKLE = 4096


def every(root: type[Any], *packages: Any) -> list[type[Any]]:
    """Every class below ``root`` that one of our packages defines, once all their modules are imported."""
    names = tuple(f"{package.__name__}." for package in packages)
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", "_child")):
                importlib.import_module(module.name)
    ours = {kind for kind in below(root) if kind.__module__.startswith(names) and not inspect.isabstract(kind)}
    return sorted(ours, key=lambda kind: kind.__name__)


def below(root: type[Any]) -> Iterator[type[Any]]:
    for kind in root.__subclasses__():
        yield kind
        yield from below(kind)


def named(kinds: Iterable[type[Any]]) -> Any:
    return [pytest.param(kind, id=kind.__name__) for kind in kinds]


STAGES = named(every(Stage, stages))
TABLES = named(every(Row, schemas))
ERRORS = named([RushesError, *every(RushesError, schemas, stages, storage, infra)])
RECIPES = [pytest.param(recipe, id=recipe.name) for recipe in recipes()]


@pytest.mark.parametrize("kind", STAGES)
def test_a_stage_is_a_small_frozen_value(kind: type[Stage[Any, Any, Any]]) -> None:
    stage = kind()
    stored = pickle.dumps(stage)
    assert len(stored) < LARGEST_PICKLE
    for copied in (pickle.loads(stored), copy.copy(stage), kind(**stage.settings())):
        assert copied == stage
        assert hash(copied) == hash(stage)
        assert copied.fingerprint() == stage.fingerprint()
    assert stage.version >= 1
    assert kind.__doc__
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(stage, "anything", 1)  # noqa: B010  no stage declares it


@pytest.mark.parametrize("kind", STAGES)
def test_every_setting_of_a_stage_is_in_its_fingerprint(kind: type[Stage[Any, Any, Any]]) -> None:
    stage = kind()
    for name, value in stage.settings().items():
        if isinstance(value, bool | int | float):
            changed = not value if isinstance(value, bool) else value + 1
            assert kind(**{name: changed}).fingerprint() != stage.fingerprint(), name


@pytest.mark.parametrize("kind", STAGES)
def test_a_stage_can_be_put_behind_what_it_takes(kind: type[Stage[Any, Any, Any]]) -> None:
    assert given(kind.takes).then(kind()).row_type is kind.gives


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_reads_the_same_in_every_form(kind: type[Row]) -> None:
    one = row(kind)
    assert from_table(kind, to_table(kind, [one])) == [one]
    assert pickle.loads(pickle.dumps(one)) == one
    names = [column.name for column in columns(kind)]
    assert schema(kind).names == names
    with duckdb.connect() as connection:
        connection.execute(create(kind))
        found = connection.execute(f'DESCRIBE "{kind.table}"').fetchall()
        assert [name for name, *_ in found] == names
        assert connection.execute(f'SELECT count(*) FROM "{kind.table}"').fetchall() == [(0,)]
    assert expectations(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, names[0], "changed")


def test_no_two_tables_share_a_name() -> None:
    tables = [kind.table for kind in every(Row, schemas)]
    assert len(tables) == len(set(tables))


def test_no_table_is_named_like_a_folder_that_a_version_has_anyway() -> None:
    taken = {CHECKS, IMAGES, FOOTAGE, *FORMS}
    assert [kind.table for kind in every(Row, schemas) if kind.table in taken] == []


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_survives_pickling(kind: type[RushesError]) -> None:
    arguments = list(inspect.signature(kind.__init__).parameters.values())[1:]
    needed = sum(one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD for one in arguments)
    error = kind(*["value 5 is above 4, the bound; lower it"] * max(1, needed))
    error.add_note("where it was")
    stored = pickle.loads(pickle.dumps(error))
    assert (type(stored), str(stored), stored.__notes__) == (kind, str(error), error.__notes__)
    assert kind.__doc__


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_builds_binds_and_says_where_it_is_from(recipe: Recipe) -> None:
    rows = recipe.rows({})
    assert rows.fingerprint == recipe.rows({}).fingerprint
    assert str(rows).count("\n") + 1 == len(list(rows.walk()))
    assert recipe.doc
    assert all(setting.default is not None for setting in recipe.settings)


PROGRAM = [
    {
        "op": "look",
        "args": {},
        "out": 1,
        "text": "One look.",
        "seen": [{"start_us": 0, "end_us": 1, "shot_id": None, "what": "a dog"}],
    }
]
ITEMS = [row(Item, number, program=json.dumps(PROGRAM * (number % 3))) for number in range(7)]

# A stage is listed here once its tool costs nothing: rows that it understands, in no order.
CHEAP: dict[type[Stage[Any, Any, Any]], Sequence[Row]] = {
    Spell: [row(ToyVideo, number) for number in range(7)],
    TellSteps: ITEMS,
    CiteEvidence: ITEMS,
    Mark: [row(ToyRank, number) for number in range(7)],
}


@pytest.mark.parametrize("kind", named(CHEAP))
def test_a_stage_gives_the_same_rows_in_any_batching(kind: type[Stage[Any, Any, Any]]) -> None:
    whole = run_in_batches(kind, len(CHEAP[kind]))
    assert whole
    for size in (1, 2, 3):
        assert run_in_batches(kind, size) == whole


def run_in_batches(kind: type[Stage[Any, Any, Any]], size: int) -> list[Row]:
    stage = kind()
    given_rows = sorted(CHEAP[kind], key=lambda row: (getattr(row, kind.group_by or kind.takes.key), key_of(row)))
    units = list(groups(given_rows, kind.group_by)) if kind.group_by else [[row] for row in given_rows]
    tool = stage.open(FakeEnv())
    made: list[Row] = []
    for start in range(0, len(units), size):
        made += stage.run([row for unit in units[start : start + size] for row in unit], tool)
    return sorted(made, key=key_of)
