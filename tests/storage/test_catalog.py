"""Views over the latest version and over the workspace, for readers who may do nothing but read."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from schemas.errors import BadInput, DiskFull
from schemas.media import Video
from storage import catalog
from storage.blobs import Blobs
from storage.built import Built
from storage.catalog import write_catalog
from storage.catalog_query import query
from storage.layout import Workspace
from storage.publish import Version
from tests.storage.conftest import Publish
from tests.storage.runs import built, parts

Published = tuple[Workspace, Built, Version]
pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]


def test_the_latest_version_is_asked_by_the_names_of_its_tables(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    unchecked(workspace, built(workspace, given))
    assert query(workspace, "SELECT count(*) AS n FROM samples").to_pylist() == [{"n": 8}]
    given[0].rows[Video] = [replace(row, title="New") for row in given[0].rows[Video] if isinstance(row, Video)]
    unchecked(workspace, built(workspace, given))
    assert query(workspace, "SELECT DISTINCT title FROM videos WHERE title = 'New'").num_rows == 1


def test_a_catalogue_that_a_publisher_could_not_write_is_written_by_the_next(
    workspace: Workspace, unchecked: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = parts(Blobs(workspace.blobs))

    def full(*_: object) -> None:
        raise DiskFull("cannot write catalog.duckdb: No space left on device; make room there")

    with monkeypatch.context() as patched:
        patched.setattr(catalog, "_remember", full)
        with pytest.raises(DiskFull):
            unchecked(workspace, built(workspace, given))
    assert not unchecked(workspace, built(workspace, given)).is_new, "the version itself was in its place"
    assert query(workspace, "SELECT count(*) AS n FROM samples").to_pylist() == [{"n": 8}]


def test_a_catalogue_that_is_none_any_more_is_written_anew(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    unchecked(workspace, built(workspace, given))
    workspace.catalog.write_bytes(b"no catalogue")
    assert not unchecked(workspace, built(workspace, given)).is_new
    assert query(workspace, "SELECT count(*) AS n FROM samples").to_pylist() == [{"n": 8}]


def test_working_tables_are_asked_in_their_own_schema(published: Published) -> None:
    found = query(published[0], "SELECT video_id, n_frames FROM workspace.signals ORDER BY 1").to_pylist()
    assert [row["n_frames"] for row in found] == [
        32,
        32,
        32,
        32,
    ]  # the copy in the second part too


@pytest.mark.parametrize("asked", ["SHOW ALL TABLES", "DESCRIBE samples", "SUMMARIZE shots", "FROM shots LIMIT 1"])
def test_one_may_look_around(published: Published, asked: str) -> None:
    assert query(published[0], asked).num_rows > 0


def test_only_as_many_rows_are_given_as_are_asked_for(published: Published) -> None:
    assert query(published[0], "SELECT * FROM verdicts", rows=3).num_rows == 3


@pytest.mark.parametrize(
    "asked",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{root}/versions/1/mine.csv'",
        "COPY (SELECT 1) TO '/tmp/mine.csv'",
        "ATTACH '{root}/mine.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SELECT 1; COPY (SELECT 1) TO '{root}/mine.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{root}/versions/mine.csv'",
        "CREATE TABLE mine AS SELECT 1",
        "SELECT * FROM read_text('{root}/versions/../../../../../../../../etc/passwd')",
        "PRAGMA database_list",
        "",
    ],
)
def test_nobody_reads_or_writes_beyond_the_workspace(published: Published, asked: str) -> None:
    root = published[0].root
    before = sorted(root.rglob("*"))
    with pytest.raises(BadInput) as refused:
        query(published[0], asked.format(root=root))
    assert "\n" not in str(refused.value)
    assert sorted(root.rglob("*")) == before


def test_a_mistake_is_told_in_one_line(published: Published) -> None:
    with pytest.raises(BadInput, match=r"^Catalog Error: .* sampels does not exist! Did you mean \"samples\"\?$"):
        query(published[0], "SELECT *\nFROM sampels")


def test_a_question_without_end_is_stopped(published: Published) -> None:
    with pytest.raises(BadInput, match=r"longer than 0\.5 s"):
        query(published[0], "SELECT count(*) FROM range(1000000000000) WHERE hash(range) = 7", seconds=0.5)


def test_a_workspace_without_a_version_says_so(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="no published version"):
        query(workspace, "SELECT 1")


def test_any_client_reads_a_catalogue_that_was_moved(published: Published, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(published[0].root, tmp_path / "moved"))
    with duckdb.connect(moved / "catalog.duckdb", read_only=True) as connection:
        connection.execute(f"SET file_search_path = '{moved}'")
        assert connection.execute("SELECT count(*) FROM samples").fetchall() == [(8,)]
        assert connection.execute("SELECT count(*) FROM workspace.shots").fetchall() == [(16,)]


def test_a_folder_with_any_name_can_be_asked(tmp_path: Path, unchecked: Publish) -> None:
    workspace = Workspace(tmp_path / 'it\'s, [a] *odd* "name"?')
    unchecked(workspace, built(workspace))
    assert query(workspace, "SELECT count(*) AS n FROM samples").to_pylist() == [{"n": 8}]
    assert query(workspace, "SELECT count(*) AS n FROM workspace.shots").to_pylist() == [{"n": 16}]


def test_a_catalogue_that_is_made_anew_shows_the_same(workspace: Workspace, unchecked: Publish) -> None:
    unchecked(workspace, built(workspace))
    before = query(workspace, "SELECT schema, name FROM (SHOW ALL TABLES)").to_pylist()
    write_catalog(workspace)
    assert query(workspace, "SELECT schema, name FROM (SHOW ALL TABLES)").to_pylist() == before
