"""Every source ends in exactly one outcome."""

from collections.abc import Callable

import pytest

from schemas.media import Frame, Media, Signal, Video
from schemas.rejects import Reject
from storage.blobs import Blobs
from storage.layout import Workspace
from storage.outcomes import show as show_outcomes
from storage.publish_cells import connect, show
from tests.storage.runs import Part, built, parts, source, video_id

Outcomes = Callable[[list[Part]], dict[str, list[str | None]]]


@pytest.fixture
def outcomes(workspace: Workspace) -> Outcomes:
    def told(given: list[Part]) -> dict[str, list[str | None]]:
        """Outcome, reason and detail by uri."""
        with connect(workspace.root) as connection:
            run = built(workspace, given)
            show(connection, run)
            assert show_outcomes(connection, run)
            found = connection.execute(
                "SELECT uri, outcome, reason, detail FROM outcomes ORDER BY source_id"
            ).fetchall()
        assert len({row[0] for row in found}) == len(found)
        return {str(uri): rest for uri, *rest in map(tuple, found)}

    return told


@pytest.fixture
def given(workspace: Workspace) -> list[Part]:
    return parts(Blobs(workspace.blobs))


def test_each_source_is_published_rejected_a_copy_or_without_items(given: list[Part], outcomes: Outcomes) -> None:
    assert outcomes(given) == {
        "/films/good.mp4": ["published", None, None],
        "/films/broken.mp4": ["rejected", "not_media", "it begins with <html>"],
        "/films/silent.mp4": ["without items", "nothing_to_ask", "2 items, none kept: veracity 2"],
        "/films/other.mp4": ["published", None, None],
        "/films/copy of good.mp4": ["copy", "duplicate", "the same content as /films/good.mp4"],
    }


def test_a_copy_that_was_found_within_its_part_is_a_copy_too(given: list[Part], outcomes: Outcomes) -> None:
    twin = source(0, 9, "/films/twin.mp4")
    given[0].add(twin)
    given[0].rejects[Video].append(turned_away("sources", twin.source_id, "duplicate", None))
    assert outcomes(given)["/films/twin.mp4"] == ["copy", "duplicate", "as seen"]


def test_a_video_that_a_later_stage_turns_away_is_rejected_for_its_first_reason(
    given: list[Part], outcomes: Outcomes
) -> None:
    lose(given[0], 3, keep=(Video,))
    given[0].rejects[Frame] = [turned_away("frame_requests", "f", "frame_missing", 3)]
    given[0].rejects[Signal] = [turned_away("videos", video_id(3), "undecodable", 3)]
    assert outcomes(given)["/films/silent.mp4"] == ["rejected", "undecodable", "as seen (and 1 more rejects)"]


def test_a_published_video_may_have_lost_some_rows_on_the_way(given: list[Part], outcomes: Outcomes) -> None:
    given[0].rejects[Frame] = [turned_away("frame_requests", "f", "frame_missing", 1)]
    assert outcomes(given)["/films/good.mp4"] == ["published", None, None]


def test_a_video_that_is_gone_without_a_word_is_told_with_its_last_table(given: list[Part], outcomes: Outcomes) -> None:
    lose(given[0], 3, keep=(Video, Media))
    assert outcomes(given)["/films/silent.mp4"] == [
        "without items",
        "nothing_to_ask",
        "no table after media speaks of it",
    ]


def turned_away(table: str, row_id: str, reason: str, number: int | None) -> Reject:
    return Reject(
        reject_id=f"Stage/{table}/{row_id}", stage="Stage", from_table=table, row_id=row_id, detail="as seen",
        video_id=None if number is None else video_id(number), reason=reason,  # type: ignore[arg-type]
    )  # fmt: skip


def lose(part: Part, number: int, keep: tuple[type, ...]) -> None:
    """Takes every row of a video out of the part, but those of some tables."""
    for row_type, rows in part.rows.items():
        if row_type not in keep:
            part.rows[row_type] = [row for row in rows if getattr(row, "video_id", None) != video_id(number)]
