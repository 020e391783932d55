"""One annotation gives the facts that every projection needs."""

from typing import Annotated, Any, Literal

import pytest
from annotated_types import Predicate

from schemas.columns import Column, columns
from schemas.errors import WiringError
from schemas.row import Row
from schemas.units import Count, Floats, Hash64, JsonText, Micros, Score, VideoId, Words


class Everything(Row, table="test_everything", key="video_id"):
    """A column of every kind, for these tests."""

    video_id: VideoId
    start_us: Micros
    kind: Literal["cut", "fade"]
    score: Score | None = None
    hash: Hash64
    names: tuple[str, ...]
    counts: tuple[Count, ...]
    weights: Floats
    program: JsonText
    text: Words


def column(name: str) -> Column:
    return next(column for column in columns(Everything) if column.name == name)


def test_an_id_is_text() -> None:
    assert column("video_id") == Column("video_id", "string")


def test_a_unit_and_a_bound_are_read_off_the_annotation() -> None:
    assert column("start_us") == Column("start_us", "int64", unit="us", at_least=0)
    assert column("score") == Column("score", "float64", nullable=True, unit="1", at_least=0, at_most=1)


def test_a_width_overrides_the_type_that_python_suggests() -> None:
    assert column("hash").arrow == "uint64"


def test_a_literal_is_a_closed_choice() -> None:
    assert column("kind").choices == ("cut", "fade")


def test_tuples_and_vectors_repeat() -> None:
    assert (column("names").repeated, column("names").vector, column("names").arrow) == (True, False, "string")
    assert (column("counts").arrow, column("counts").unit) == ("int64", "1")
    assert (column("weights").repeated, column("weights").vector, column("weights").arrow) == (True, True, "float32")


def test_json_and_length_are_marked() -> None:
    assert column("program").json
    assert column("text").min_length == 1


@pytest.mark.parametrize(
    "hint", [int | str, dict[str, int], Annotated[int, Predicate(bool)], Literal[1, 2], tuple[int, int]]
)
def test_a_type_that_no_projection_knows_is_refused_by_name(hint: Any) -> None:
    strange = type(
        "Strange", (Row,), {"__annotations__": {"a": str, "odd": hint}, "__doc__": "Strange."}, table="strange", key="a"
    )
    with pytest.raises(WiringError, match=r"Strange\.odd"):
        columns(strange)
