"""From a finished run to a version."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from schemas.arrow import schema
from schemas.errors import Damaged, DiskFull, NotPublishable
from schemas.items import Item
from schemas.media import Shot, Video
from storage import publish_parquet
from storage.blobs import Blobs
from storage.built import Built
from storage.layout import Workspace
from storage.publish import Version, publish
from tests.storage.conftest import Publish
from tests.storage.runs import Part, built, parts, published_bytes, video_id

Published = tuple[Workspace, Built, Version]
pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]


def rows(version: Version, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{version.path}'")
        return connection.execute(sql).fetchall()


def test_a_version_holds_every_published_table_and_no_working_one(published: Published) -> None:
    _, run, version = published
    expected = {table.row_type.table for table in run.tables if table.row_type.published} | {"rejects", "outcomes"}
    assert {path.parent.name for path in version.path.rglob("*.parquet")} == expected
    assert "signals" not in expected
    assert version.is_new
    assert version.number == 1
    assert version.rows["samples"] == 8


def test_a_published_table_has_the_columns_it_declares_with_their_units(published: Published) -> None:
    stored = pq.read_schema(published[2].path / "shots" / "part-00000.parquet")
    assert stored.remove_metadata().equals(schema(Shot).remove_metadata(), check_metadata=True)


def test_a_published_table_is_sorted_by_key(published: Published) -> None:
    for name, key in (("shots", "shot_id"), ("verdicts", "verdict_id"), ("samples", "sample_id")):
        for file in sorted((published[2].path / name).iterdir()):
            keys = pq.read_table(file, columns=[key])[key].to_pylist()
            assert keys == sorted(keys)


def test_a_row_that_two_parts_hold_is_published_once_as_the_earliest_has_it(published: Published) -> None:
    found = rows(published[2], f"SELECT source_id, uri FROM 'videos/*.parquet' WHERE video_id = '{video_id(1)}'")
    assert found == [("00000/000000", "/films/good.mp4")]


def test_a_key_that_comes_twice_in_one_part_is_refused(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    given[0].add(given[0].rows[Shot][0])
    with pytest.raises(NotPublishable, match=r"shots: shot_id is not unique .*'0000000000000001/0000' \(2 times\)"):
        unchecked(workspace, built(workspace, given))


def test_samples_lie_in_one_set_of_files_per_split(published: Published) -> None:
    names = sorted(path.name for path in (published[2].path / "samples").iterdir())
    assert names == ["test-00000.parquet", "train-00000.parquet"]
    assert rows(published[2], "SELECT DISTINCT split FROM 'samples/test-*.parquet'") == [("test",)]


def test_equal_rows_give_equal_bytes_however_they_were_dealt_and_wherever_they_lie(
    tmp_path: Path, tables_only: Callable[[Workspace, Built], Path]
) -> None:
    here, there = Workspace(tmp_path / "here"), Workspace(tmp_path / "elsewhere" / "it's [1]")
    dealt = parts(Blobs(here.blobs))
    together = Part(rejects=dealt[0].rejects)
    for part in parts(Blobs(there.blobs)):
        for row_type, found in part.rows.items():
            kept = {getattr(row, row_type.key): row for row in (*found, *together.rows.get(row_type, []))}
            together.rows[row_type] = list(reversed(kept.values()))
    one, other = tables_only(here, built(here, dealt)), tables_only(there, built(there, [together]))
    assert published_bytes(one) == published_bytes(other)


def test_a_large_table_is_cut_into_files_of_many_row_groups(
    workspace: Workspace, tables_only: Callable[[Workspace, Built], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_parquet, "ROWS_PER_GROUP", 5)
    monkeypatch.setattr(publish_parquet, "ROLL_BYTES", 1_500)
    folder = tables_only(workspace, built(workspace))
    files = sorted((folder / "shots").iterdir())
    assert len(files) > 1
    assert [path.name for path in files] == [f"part-{n:05d}.parquet" for n in range(len(files))]
    keys = [key for file in files for key in pq.read_table(file)["shot_id"].to_pylist()]
    assert keys == sorted(keys)
    assert len(set(keys)) == 12


def test_a_table_without_rows_is_published_with_its_columns(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    for part in given:
        part.rows.pop(Item)
    version = unchecked(workspace, built(workspace, given))
    assert pq.read_table(version.path / "items" / "part-00000.parquet").num_rows == 0


def test_nothing_new_is_published_when_nothing_changed(workspace: Workspace, unchecked: Publish) -> None:
    run = built(workspace)
    first, again = unchecked(workspace, run), unchecked(workspace, run)
    assert (first.is_new, again.is_new, again.number) == (True, False, 1)
    for table in run.tables:
        for cell in table.cells:
            os.utime(cell, ns=(1, 1))
    assert not unchecked(workspace, run).is_new  # the cells look new, what they hold does not
    assert [path.name for path in workspace.versions.iterdir() if not path.name.startswith(".")] == ["1"]


def test_a_changed_row_makes_a_new_version_beside_the_old_one(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    first = unchecked(workspace, built(workspace, given))
    before = published_bytes(first.path)
    given[0].rows[Video] = [replace(row, title="Another") for row in given[0].rows[Video] if isinstance(row, Video)]
    second = unchecked(workspace, built(workspace, given))
    assert (second.number, second.is_new) == (2, True)
    assert published_bytes(first.path) == before
    assert published_bytes(second.path)["videos/part-00000.parquet"] != before["videos/part-00000.parquet"]


def test_a_latest_version_that_is_damaged_is_published_anew_beside_it(workspace: Workspace, unchecked: Publish) -> None:
    run = built(workspace)
    first = unchecked(workspace, run)
    (first.path / "manifest.json").write_text("{}")
    second = unchecked(workspace, run)
    assert (second.number, second.is_new) == (2, True)
    assert published_bytes(second.path) == published_bytes(first.path)


def test_a_publisher_that_fails_leaves_nothing_behind(
    workspace: Workspace, unchecked: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("storage.publish.write_report", fail)
    with pytest.raises(KeyboardInterrupt):
        unchecked(workspace, built(workspace))
    assert [path.name for path in workspace.versions.iterdir()] == [".lock.guard"]


KILLED = """
import os, signal, sys
from storage import publish
from storage.layout import Workspace
from tests.storage.runs import built
publish.check = lambda connection, tables, folder: folder.mkdir() or {"tables": {}, "links": []}
publish.write_report = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
workspace = Workspace(sys.argv[1])
publish.publish(workspace, built(workspace))
"""


def test_a_publisher_that_is_killed_leaves_no_version_and_does_not_hold_up_the_next(
    workspace: Workspace, unchecked: Publish
) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED, str(workspace.root)], check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL
    left = {path.name for path in workspace.versions.iterdir()}
    assert ".lock" in left
    assert not {name for name in left if name.isdigit()}
    assert unchecked(workspace, built(workspace)).number == 1
    assert {path.name for path in workspace.versions.iterdir()} == {"1", ".lock.guard"}


def test_a_workspace_that_cannot_be_written_is_named(workspace: Workspace, unchecked: Publish) -> None:
    run = built(workspace)
    workspace.versions.write_text("a file where a folder should be")
    with pytest.raises(DiskFull, match="versions"):
        unchecked(workspace, run)


def test_a_full_disk_leaves_no_version(
    workspace: Workspace, unchecked: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.publish.write_exports", full)
    with pytest.raises(DiskFull, match="make room"):
        unchecked(workspace, built(workspace))
    assert not [path for path in workspace.versions.iterdir() if path.name.isdigit()]


def test_a_cell_that_is_gone_is_damage_and_not_a_full_disk(workspace: Workspace, unchecked: Publish) -> None:
    run = built(workspace, parts(Blobs(workspace.blobs)))
    run.tables[1].cells[0].unlink()
    with pytest.raises(Damaged, match="it is gone"):
        unchecked(workspace, run)
    assert not list(workspace.versions.glob("[0-9]*"))


def test_a_file_that_shows_no_rejects_is_as_good_as_none(workspace: Workspace, unchecked: Publish) -> None:
    run = built(workspace)
    shutil.rmtree(workspace.versions, ignore_errors=True)
    bare = replace(run, tables=tuple(replace(table, rejects=()) for table in run.tables))
    version = unchecked(workspace, bare)
    assert version.rows["rejects"] == 0
    assert version.outcomes["without items"] == 2  # nobody says why, and that is said


def test_the_manifest_says_what_made_a_version(published: Published) -> None:
    facts = json.loads((published[2].path / "manifest.json").read_text())
    assert (facts["recipe"], facts["settings"], facts["plan"]) == ("synthetic", {"seed": 7}, "a plan")
    assert facts["software"]["ffmpeg"] == "7"
    assert facts["software"]["duckdb"] == duckdb.__version__
    shots = next(table for table in facts["tables"] if table["name"] == "shots")
    assert (shots["rows"], shots["made_by"], shots["files"]) == (12, "Make(Shot)", ["shots/part-00000.parquet"])
    assert next(table for table in facts["tables"] if table["name"] == "signals")["files"] == []
    assert str(published[0].root) not in json.dumps(facts)


def test_publishing_again_after_the_checks_are_real_too(published: Published) -> None:
    workspace, run, version = published
    again = publish(workspace, run)
    assert (again.is_new, again.number, again.rows) == (False, 1, version.rows)
