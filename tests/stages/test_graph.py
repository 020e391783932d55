"""Recipes are values: they print, hash and refuse bad wiring before anything runs."""

from collections.abc import Iterator, Sequence

import pytest

from schemas.errors import WiringError
from schemas.media import Shot, Source, Video
from schemas.rejects import Reject
from schemas.samples import Pick
from stages.graph import Rows, given, select
from stages.stage import Stage


class Take(Stage[Source, Video], version=1):
    """A stage for these tests."""

    def run(self, rows: Sequence[Source], tool: None) -> Iterator[Video | Reject]:
        yield from ()


class Split(Stage[Video, Shot], version=1):
    """Another stage for these tests."""

    threshold: float = 0.4

    def run(self, rows: Sequence[Video], tool: None) -> Iterator[Shot | Reject]:
        yield from ()


PICKS = "SELECT shot_id AS item_id, video_id, 'train' AS split FROM shots WHERE number >= {least}"


def a_recipe(threshold: float = 0.4, least: int = 0, over: str = "part") -> Rows[Pick]:
    shots = given(Source).then(Take()).then(Split(threshold=threshold))
    return select(Pick, PICKS.format(least=least), over=over, shots=shots)  # type: ignore[arg-type]


def test_a_recipe_walks_its_tables_inputs_first_and_each_once() -> None:
    assert [rows.table for rows in a_recipe().walk()] == ["sources", "videos", "shots", "picks"]


def test_a_recipe_prints_as_a_plan() -> None:
    lines = str(a_recipe(over="all")).splitlines()
    assert lines[2].startswith("shots ")
    assert lines[2].endswith("Split(threshold=0.4)")
    assert lines[3].endswith("SQL over shots  (over all parts)")


def test_a_changed_setting_changes_only_what_lies_downstream() -> None:
    before, after = list(a_recipe().walk()), list(a_recipe(threshold=0.5).walk())
    assert [a.fingerprint == b.fingerprint for a, b in zip(before, after, strict=True)] == [True, True, False, False]


def test_changed_sql_changes_its_table_and_layout_of_the_sql_does_not() -> None:
    assert a_recipe(least=1).fingerprint != a_recipe().fingerprint
    shots = given(Source).then(Take()).then(Split())
    assert (
        select(Pick, PICKS.format(least=0).replace(" FROM", "\n  FROM"), shots=shots).fingerprint
        == a_recipe().fingerprint
    )


def test_a_stage_on_the_wrong_table_is_refused() -> None:
    with pytest.raises(WiringError, match="Split takes Video rows, not the Source rows of 'sources'"):
        given(Source).then(Split())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT shot_id AS item_id, video_id, nosuch AS split FROM shots", "does not bind.*nosuch"),
        ("SELECT shot_id AS item_id, video_id FROM shots", "gives no column split"),
        ("SELECT *, shot_id AS item_id, 'train' AS split FROM shots", "gives columns that Pick lacks"),
        ("SELECT [shot_id] AS item_id, {'a': 1} AS video_id, 'train' AS split FROM clips", "does not bind"),
    ],
)
def test_sql_that_does_not_fit_is_refused_while_building(sql: str, message: str) -> None:
    shots = given(Source).then(Take()).then(Split())
    with pytest.raises(WiringError, match=message):
        select(Pick, sql, shots=shots)


def test_one_table_made_twice_in_a_recipe_is_refused() -> None:
    videos = given(Source).then(Take())
    one, other = videos.then(Split()), videos.then(Split(threshold=0.5))
    with pytest.raises(WiringError, match="'shots' is made twice"):
        select(
            Pick,
            PICKS.format(least=0).replace("FROM shots", "FROM one JOIN other USING (shot_id, video_id, number)"),
            one=one,
            other=other,
        )


def test_what_lies_behind_a_barrier_spans_parts() -> None:
    assert not a_recipe().spans_parts
    assert a_recipe(over="all").spans_parts


def test_a_table_over_all_parts_needs_a_video_to_be_written_back_by() -> None:
    with pytest.raises(WiringError, match="needs a video_id"):
        select(Source, "SELECT * FROM sources", over="all", sources=given(Source))
