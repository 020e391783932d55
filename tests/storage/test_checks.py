from typing import Any

import pyarrow as pa
import pytest

from schemas.arrow import schema, to_table
from schemas.errors import StageBroken
from schemas.media import Shot
from storage.checks import check
from tests.builders import row

LAX = pa.schema([field.with_nullable(True) for field in schema(Shot)])
GOOD = {"start_us": 0, "end_us": 5, "opened_from_us": None, "cut_score": 0.5}


def table(**facts: Any) -> pa.Table:
    return to_table(Shot, [row(Shot, 1, **GOOD), row(Shot, 2, **(GOOD | facts))])


def test_rows_that_keep_every_rule_pass() -> None:
    check(Shot, table(), "CutShots")
    check(Shot, to_table(Shot, []), "CutShots")


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"end_us": 0}, "end_us > start_us"),
        ({"cut_score": 1.5}, "cut_score <= 1"),
        ({"cut_score": float("nan")}, "cut_score <= 1"),
        ({"opened_by": "magic"}, "opened_by IN"),
        ({"number": -1}, "number >= 0"),
    ],
)
def test_a_bad_row_is_named_with_the_rule_it_breaks(facts: dict[str, Any], rule: str) -> None:
    with pytest.raises(StageBroken) as told:
        check(Shot, table(**facts), "CutShots")
    assert all(part in str(told.value) for part in ("CutShots", "'shots'", rule, "shot_id-0002"))


def test_a_key_that_comes_twice_is_named() -> None:
    with pytest.raises(StageBroken, match=r"shot_id is unique.*shot_id-0001"):
        check(Shot, table(shot_id="shot_id-0001"), "CutShots")


def test_a_missing_value_is_named() -> None:
    rows = table().to_pylist()
    rows[1]["video_id"] = None
    with pytest.raises(StageBroken, match=r"video_id IS NOT NULL.*shot_id-0002"):
        check(Shot, pa.Table.from_pylist(rows, schema=LAX), "CutShots")
