import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.arrow import from_table, to_table
from schemas.errors import StageBroken
from schemas.media import Media
from schemas.rejects import Reject, reject
from storage.counts import Counts
from storage.files import temporary
from storage.indexes import Index, read_index, write_index
from storage.layout import Workspace, rejects_path, rows_path
from storage.tables import Listing, Making, commit, content, digest_of, facts, listed, read, write
from tests.builders import row

ROWS = [row(Media, number) for number in (3, 1, 2)]


def turned_away(number: int, detail: str) -> Reject:
    return reject(object(), row(Media, number), "undecodable", detail)


def test_what_is_committed_comes_back_sorted_by_key(tmp_path: Path) -> None:
    commit(tmp_path, "00000", content(Media, to_table(Media, ROWS), [], "x"), Making({"stage": "ProbeVideos"}, 1.5))
    stored = read(rows_path(tmp_path, "00000"))
    assert from_table(Media, stored) == sorted(ROWS, key=lambda media: media.video_id)
    assert facts(rows_path(tmp_path, "00000")) == {"stage": "ProbeVideos", "seconds": 1.5}
    assert listed(tmp_path).rows == {"00000"}


def test_there_is_no_file_of_rejects_where_nothing_was_turned_away(tmp_path: Path) -> None:
    rejects_path(tmp_path, "00000").write_text("of a try that was cut off")
    commit(tmp_path, "00000", content(Media, to_table(Media, ROWS), [], "x"), Making())
    assert [path.name for path in tmp_path.iterdir()] == ["00000.parquet"]


def test_a_row_that_is_turned_away_twice_keeps_the_first_reason(tmp_path: Path) -> None:
    twice = [turned_away(2, "first"), turned_away(1, "other"), turned_away(2, "second")]
    commit(tmp_path, "00000", content(Media, to_table(Media, ROWS), twice, "x"), Making())
    stored = read(rejects_path(tmp_path, "00000")).to_pylist()
    assert [(one["row_id"], one["detail"]) for one in stored] == [
        ("video_id-0001", "other"),
        ("video_id-0002", "first"),
    ]


def test_bad_rows_are_never_committed() -> None:
    with pytest.raises(StageBroken, match="'media'"):
        content(Media, to_table(Media, [row(Media, rotation_deg=360)]), [], "x")


def test_a_digest_depends_on_the_rows_alone() -> None:
    whole = to_table(Media, ROWS)
    halves = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert digest_of(whole) == digest_of(halves) == digest_of(whole.replace_schema_metadata({"seconds": "1"}))
    assert digest_of(whole) != digest_of(whole.slice(1))


def test_a_digest_does_not_depend_on_chunks_where_rows_fill_many_pages() -> None:
    whole = pa.table({"text": [f"{number:099d}" for number in range(30_000)]})
    chunked = pa.concat_tables([whole.slice(first, 777) for first in range(0, len(whole), 777)])
    assert digest_of(whole) == digest_of(chunked)


def test_a_listing_shows_cells_only_and_clears_what_the_dead_left(tmp_path: Path) -> None:
    old, young = temporary(tmp_path / "old.parquet"), temporary(tmp_path / "young.parquet")
    old.write_text("")
    young.write_text("")
    os.utime(old, (0, 0))
    commit(tmp_path, "00007", content(Media, to_table(Media, ROWS), [turned_away(1, "")], "x"), Making())
    (tmp_path / "index-0.json").write_text("{}")
    found = listed(tmp_path)
    assert found == Listing(frozenset(["00007"]), frozenset(["00007"]), frozenset(["index-0.json"]))
    assert not old.exists()
    assert young.exists()


def test_counts_are_read_once_and_remembered(tmp_path: Path) -> None:
    commit(tmp_path, "00000", content(Media, to_table(Media, ROWS), [turned_away(1, "")], "x"), Making())
    commit(tmp_path, "00001-a", content(Media, to_table(Media, ROWS[:1]), [], "x"), Making())
    write_index(tmp_path / "index-b.json", Index({0: "00000", 1: "00001-a"}, {0: "00000"}))
    counts = Counts(tmp_path)
    assert [counts.of(cell) for cell in ("00000", "00001-a", "index-b.json")] == [(3, 1), (1, 0), (4, 1)]
    counts.keep()
    for path in tmp_path.glob("*.parquet"):
        path.unlink()
    assert Counts(tmp_path).of("index-b.json") == (4, 1)


def test_an_index_comes_back(tmp_path: Path) -> None:
    index = Index({0: "00000-aa", 12: "00012-bb"}, {12: "00012-cc"})
    write_index(tmp_path / "index-x.json", index)
    assert read_index(tmp_path / "index-x.json") == index


def test_a_workspace_means_the_same_folder_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Workspace(Path("here")).table("shots", "ab") == tmp_path / "here" / "cells" / "shots" / "ab"


def test_rows_of_megabytes_come_few_to_a_row_group(tmp_path: Path) -> None:
    heavy = pa.table({"blob": [bytes(3 << 20)] * 7})
    write(heavy, tmp_path / "heavy.parquet", Making())
    write(pa.table({"number": range(100_000)}), tmp_path / "light.parquet", Making())
    assert pq.ParquetFile(tmp_path / "heavy.parquet").num_row_groups == 4
    assert pq.ParquetFile(tmp_path / "light.parquet").num_row_groups == 1
    assert read(tmp_path / "heavy.parquet").equals(heavy)
