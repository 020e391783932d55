"""A published dataset that rots: found, and published again."""

import shutil
from pathlib import Path

import pytest

from flows.soundness import faults_of
from schemas.errors import Damaged
from storage.built import Built
from storage.damage import noted
from storage.layout import Workspace
from tests.storage.conftest import Publish
from tests.storage.runs import built

pytestmark = pytest.mark.slow


def flip(path: Path) -> None:
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 2] ^= 4
    path.write_bytes(stored)


def test_a_damaged_version_is_published_again_from_its_cells(workspace: Workspace, unchecked: Publish) -> None:
    run = built(workspace)
    first = unchecked(workspace, run)
    flip(first.path / "shots" / "part-00000.parquet")
    assert unchecked(workspace, run).number == 1, "nobody has looked yet"
    (fault,) = faults_of(workspace, first.path)
    assert (fault.path, fault.kind) == ("versions/1/shots/part-00000.parquet", "damaged")
    second = unchecked(workspace, run)
    assert (second.number, second.is_new) == (2, True)
    assert faults_of(workspace, second.path) == []
    assert noted(workspace) == ()


def test_a_version_is_not_made_of_damaged_cells(workspace: Workspace, unchecked: Publish) -> None:
    run: Built = built(workspace)
    bad = run.table("shots").cells[0]
    flip(bad)
    with pytest.raises(Damaged, match=rf"{bad.name}: its bytes are not those .* run the same command again"):
        unchecked(workspace, run)
    assert noted(workspace) == (bad.relative_to(workspace.root).as_posix(),)
    assert not list(workspace.versions.glob("[0-9]*"))


def test_where_nothing_can_be_noted_damage_is_found_all_the_same(workspace: Workspace) -> None:
    run = built(workspace)
    flip(run.table("shots").cells[0])
    shutil.rmtree(workspace.blobs, ignore_errors=True)
    (workspace.root / "damaged.json").mkdir()
    assert len(faults_of(workspace, None)) == 1
