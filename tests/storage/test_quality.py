"""Publish or refuse."""

import errno
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from great_expectations.data_context.store import TupleFilesystemStoreBackend

from schemas.errors import NotPublishable
from schemas.items import Verdict
from schemas.links import Link, links
from schemas.media import Media, Shot, Video
from schemas.row import Row
from storage.built import Built
from storage.layout import Workspace
from storage.publish import Version
from storage.publish_cells import Stored, connect
from storage.quality import check
from tests.storage.runs import ORDER

Published = tuple[Workspace, Built, Version]
pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]


def judged(tmp_path: Path, tables: dict[type[Row], pa.Table]) -> dict[str, Any]:
    """What the checks say of these tables."""
    tmp_path.mkdir(exist_ok=True)
    stored = []
    for row_type, rows in tables.items():
        path = tmp_path / f"{row_type.table}.parquet"
        pq.write_table(rows, path)
        stored.append(Stored(row_type, (path,)))
    with connect(tmp_path) as connection:
        return check(connection, stored, tmp_path / "checks")


def of(published: Published, row_type: type[Row]) -> pa.Table:
    return pq.read_table(published[2].path / row_type.table)


def with_value(table: pa.Table, column: str, value: object, row: int = 1) -> pa.Table:
    """The table with one other value; every column may be null, as in a file that somebody has tampered with."""
    values = table[column].to_pylist()
    values[row] = value
    place = table.schema.get_field_index(column)
    return table.set_column(place, pa.field(column, table.schema.field(column).type), [values])


@pytest.mark.parametrize(
    ("row_type", "change", "shown"),
    [
        (Shot, ("opened_by", "explosion"), "opened_by = 'explosion'"),
        (Shot, ("end_us", 1), "end_us > start_us = False"),
        (Shot, ("cut_score", 1.5), "cut_score = 1.5"),
        (Shot, ("cut_score", float("inf")), "cut_score is finite = False"),
        (Shot, ("number", None), "number = "),
        (Media, ("width_px_measured", 0), "width_px_measured = 0"),
    ],
)
def test_a_row_that_breaks_its_table_is_refused_by_name(
    published: Published, tmp_path: Path, row_type: type[Row], change: tuple[str, object], shown: str
) -> None:
    rows = of(published, row_type)
    with pytest.raises(NotPublishable) as refused:
        judged(tmp_path, {row_type: with_value(rows, *change)})
    lines = [line.strip() for line in str(refused.value).splitlines() if shown in line]
    assert lines, str(refused.value)
    assert lines[0].startswith(f"{row_type.table}: expect_column_values_to_")
    assert f"({change[0]}" in lines[0]
    assert f"fails for 1 row(s), first {row_type.key} = {rows[row_type.key][1].as_py()!r}" in lines[0]


def test_a_key_that_comes_twice_is_found_across_the_whole_table(published: Published, tmp_path: Path) -> None:
    rows = of(published, Shot)
    with pytest.raises(NotPublishable, match=r"shots: shot_id is unique fails for 2 row\(s\)"):
        judged(tmp_path, {Shot: pa.concat_tables([rows, rows.slice(0, 1)])})


def test_a_reference_to_nothing_is_refused(published: Published, tmp_path: Path) -> None:
    shots = with_value(of(published, Shot), "video_id", "gone")
    with pytest.raises(NotPublishable) as refused:
        judged(tmp_path, {Video: of(published, Video), Shot: shots})
    assert "shots: video_id exists as video_id in videos fails for 1 row(s)" in str(refused.value)
    assert f"shot_id = {shots['shot_id'][1].as_py()!r} with video_id = 'gone'" in str(refused.value)


def test_text_that_should_be_json_is_read(published: Published, tmp_path: Path) -> None:
    samples = next(row_type for row_type in ORDER if row_type.table == "samples")
    with pytest.raises(NotPublishable, match="program is JSON"):
        judged(tmp_path, {samples: with_value(of(published, samples).drop(["images"]), "program", "{not json")})


def test_what_was_checked_is_written_beside_the_version(published: Published) -> None:
    folder = published[2].path / "checks"
    facts = json.loads((folder / "checks.json").read_text())
    assert facts["tables"]["verdicts"]["rows"] == 70
    assert any("not_be_null(video_id" in one for one in facts["tables"]["verdicts"]["expectations"])
    assert {"column": "video_id", "of": "samples", "refers_to": "videos.video_id"} in facts["links"]
    assert "verdicts" in (folder / "index.html").read_text()


def test_a_page_that_cannot_be_written_is_no_page_left_out(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TupleFilesystemStoreBackend, "_set", full)
    with pytest.raises(OSError, match="No space left"):
        judged(tmp_path, {Video: of(published, Video)})


def test_references_are_read_off_the_types() -> None:
    found = links([Video, Shot, Verdict])
    assert found == [
        Link("shots", "shot_id", "video_id", "videos", "video_id"),
        Link("verdicts", "verdict_id", "video_id", "videos", "video_id"),
    ]


def test_a_table_is_judged_in_frames_and_every_frame_counts(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.quality_frames.ROWS", 5)
    rows = of(published, Shot)
    assert judged(tmp_path, {Shot: rows})["tables"]["shots"]["rows"] == len(rows)
    with pytest.raises(NotPublishable, match="explosion"):
        judged(tmp_path / "again", {Shot: with_value(rows, "opened_by", "explosion", row=len(rows) - 1)})
