"""Arrow, DuckDB and Great Expectations say the same of a table, because all are read off one class."""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.arrow import from_table, schema, to_table
from schemas.duckdb import conditions, create, literal, quoted
from schemas.expectations import expectations
from schemas.media import Shot, Signal
from schemas.units import ShotId, SignalId, VideoId


def a_shot(**changes: Any) -> Shot:
    facts: dict[str, Any] = {
        "shot_id": ShotId("v/0"),
        "video_id": VideoId("v"),
        "number": 0,
        "start_us": 0,
        "end_us": 1_000_000,
        "n_frames": 25,
        "opened_by": "start",
    }
    return Shot(**(facts | changes))


def a_signal(n_frames: int) -> Signal:
    floats = {name: np.linspace(0, 1, n_frames, dtype=np.float32) for name in VECTORS}
    return Signal(
        signal_id=SignalId(f"v/{n_frames}"),
        video_id=VideoId("v"),
        first_frame=0,
        n_frames=n_frames,
        start_us=0,
        end_us=40_000 * max(n_frames, 1),
        width_px=640,
        height_px=360,
        pts_us=np.arange(n_frames) * 40_000,
        hash=np.full(n_frames, 2**64 - 1, np.uint64),
        grids=bytes(432 * n_frames),
        **floats,
    )


VECTORS = ("brightness", "saturation", "sharpness", "difference", "pan", "tilt", "zoom", "camera_fit")

shots = st.builds(
    a_shot,
    shot_id=st.text(min_size=1),
    start_us=st.integers(0, 2**40),
    end_us=st.integers(2**40 + 1, 2**50),
    cut_score=st.none() | st.floats(0, 1),
    opened_by=st.sampled_from(["start", "cut", "dissolve", "fade", "wipe"]),
)


@given(st.lists(shots, unique_by=lambda shot: shot.shot_id))
def test_rows_come_back_from_arrow_as_they_were_in_order_of_key(rows: list[Shot]) -> None:
    assert from_table(Shot, to_table(Shot, rows)) == sorted(rows, key=lambda shot: shot.shot_id)


@pytest.mark.parametrize("lengths", [(), (0,), (3,), (2, 0, 5)])
def test_vectors_come_back_from_arrow_as_they_were(lengths: tuple[int, ...]) -> None:
    rows = sorted((a_signal(length) for length in lengths), key=lambda row: row.signal_id)
    assert from_table(Signal, to_table(Signal, rows)) == rows


def test_a_table_written_before_a_column_came_reads_with_its_default() -> None:
    older = to_table(Shot, [a_shot()]).drop_columns(["cut_score"])
    assert from_table(Shot, older) == [a_shot()]


def test_the_arrow_schema_holds_units_and_nullability() -> None:
    start, score = schema(Shot).field("start_us"), schema(Shot).field("cut_score")
    assert (start.metadata, start.nullable, start.type) == ({b"unit": b"us"}, False, pa.int64())
    assert score.nullable


BAD_SHOTS: dict[str, dict[str, Any]] = {
    "end_us > start_us": {"start_us": 5, "end_us": 5},
    "start_us >= 0": {"start_us": -1},
    "cut_score <= 1": {"cut_score": 1.5},
    "opened_by IN ('start', 'cut', 'dissolve', 'fade', 'wipe')": {"opened_by": "jump"},
}


@pytest.mark.parametrize("condition", BAD_SHOTS)
def test_duckdb_refuses_a_row_that_breaks_the_declaration(condition: str) -> None:
    bad = to_table(Shot, [a_shot(**BAD_SHOTS[condition])])  # noqa: F841  DuckDB reads it by name
    with duckdb.connect() as connection:
        connection.execute(create(Shot))
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("INSERT INTO shots SELECT * FROM bad")
        broken = connection.execute(f"SELECT count(*) FROM bad WHERE NOT ({conditions(Shot)[condition]})").fetchone()
    assert broken == (1,)


def test_duckdb_takes_a_good_row_and_refuses_its_key_a_second_time() -> None:
    good = to_table(Shot, [a_shot()])  # noqa: F841  DuckDB reads it by name
    with duckdb.connect() as connection:
        connection.execute(create(Shot))
        connection.execute("INSERT INTO shots SELECT * FROM good")
        with pytest.raises(duckdb.ConstraintException, match=r"(?i)duplicate key"):
            connection.execute("INSERT INTO shots SELECT * FROM good")


@given(st.text())
def test_names_and_texts_cannot_break_out_of_sql(text: str) -> None:
    text = text.replace("\0", "")
    found = duckdb.execute(f"SELECT {literal(text)} AS {quoted('c' + text)}")
    assert found.description[0][0] == "c" + text
    assert found.fetchone() == (text,)


def test_expectations_cover_key_nulls_bounds_choices_and_rules() -> None:
    found = expectations(Shot)
    assert ("ExpectColumnValuesToBeUnique", {"column": "shot_id"}) in found
    assert ("ExpectColumnValuesToNotBeNull", {"column": "end_us"}) in found
    assert ("ExpectColumnValuesToBeBetween", {"column": "cut_score", "min_value": 0, "max_value": 1}) in found
    assert ("ExpectColumnValuesToBeInSet", {"column": "end_us > start_us", "value_set": [True]}) in found
    assert ("ExpectColumnValuesToNotBeNull", {"column": "cut_score"}) not in found
