"""Every source is somewhere; and where one is not, that is said."""

import json
import os
import shutil
from pathlib import Path

import pytest

from flows.steps import planned
from flows.wish import Wish
from infra.account import Account, account
from infra.record import latest
from storage.layout import Workspace
from storage.tables import Making, facts, read, write
from tests.flows.test_cli import rushes
from tests.flows.toys import write_footage, write_toy


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of the toy recipe: two good files, a copy, a light one and an empty one."""
    folder = tmp_path_factory.mktemp("status")
    footage = write_footage(folder / "footage")
    wish = Wish(recipe=str(write_toy(folder)), videos=[str(footage)], to=str(folder / "data"), engine="inline")
    with planned(wish) as run:
        run.built()
    return wish.workspace.root


@pytest.fixture
def workspace(built: Path, tmp_path: Path) -> Workspace:
    """A copy of it that may be changed."""
    return Workspace(Path(shutil.copytree(built, tmp_path / "data")))


def accounted(workspace: Workspace) -> Account:
    run = latest(workspace.runs)
    assert run is not None
    return account(workspace, run)


def test_every_source_is_counted_once(workspace: Workspace) -> None:
    found = accounted(workspace)
    assert found.sources == {"kept": 2, "copies": 1, "left out": 1, "rejected": 1}
    assert found.adds_up


def test_a_source_that_nothing_speaks_of_is_named(workspace: Workspace) -> None:
    cells = sorted(workspace.cells.glob("videos/*/0*.parquet"))
    cell = next(path for path in cells if any(row["uri"].endswith("a.mp4") for row in read(path).to_pylist()))
    write(read(cell).slice(0, 0), cell, Making(facts(cell)))
    for path in workspace.cells.glob("*/*/counts.json"):
        path.unlink()
    found = accounted(workspace)
    assert not found.adds_up
    assert found.sources["lost"] == 1
    assert found.lost[0].endswith("a.mp4")


@pytest.mark.slow
def test_status_ends_with_1_for_a_run_that_is_dead(workspace: Workspace) -> None:
    told = rushes("status", "--to", workspace.root)
    assert (told.returncode, "sources: 5 = " in told.stdout) == (0, True)
    (record,) = workspace.runs.glob("*.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"end": "", "owner": "elsewhere-1-1"}))
    assert rushes("status", "--to", workspace.root).returncode == 0, "it may still run on another machine"
    os.utime(record, (0, 0))
    told = rushes("status", "--to", workspace.root)
    assert told.returncode == 1
    assert "no sign of life for" in told.stdout
