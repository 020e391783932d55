"""The contract of a stage."""

import dataclasses
import pickle
from collections.abc import Iterator, Sequence

import pytest

from schemas.errors import WiringError
from schemas.media import Shot, Video
from schemas.rejects import Reject
from stages.stage import Needs, Stage, groups
from tests.schemas.test_projections import a_shot


class Halve(Stage[Video, Shot], version=1):
    """A stage for these tests."""

    threshold: float = 0.4

    def run(self, rows: Sequence[Video], tool: None) -> Iterator[Shot | Reject]:
        yield from ()


def test_a_stage_is_a_value() -> None:
    assert Halve(threshold=0.3) == Halve(threshold=0.3) != Halve()
    assert pickle.loads(pickle.dumps(Halve(threshold=0.3))) == Halve(threshold=0.3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Halve().threshold = 0.5  # type: ignore[misc]


def test_a_stage_knows_what_it_takes_and_gives() -> None:
    assert (Halve.takes, Halve.gives) == (Video, Shot)


def test_settings_are_in_the_fingerprint() -> None:
    assert Halve().fingerprint() == Halve(threshold=0.4).fingerprint() != Halve(threshold=0.3).fingerprint()


def test_the_version_is_in_the_fingerprint_and_needs_and_batches_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Halve().fingerprint()
    monkeypatch.setattr(Halve, "needs", Needs(cpus=8))
    monkeypatch.setattr(Halve, "batch_rows", 1)
    assert Halve().fingerprint() == before
    monkeypatch.setattr(Halve, "version", 2)
    assert Halve().fingerprint() != before


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(TypeError, match="treshold"):
        Halve(treshold=0.3)  # type: ignore[call-arg]


def test_a_stage_that_does_not_say_its_rows_is_refused() -> None:
    with pytest.raises(WiringError, match="say what it takes and gives"):

        class Vague(Stage, version=1):  # type: ignore[type-arg]
            """Says nothing of its rows."""


def test_a_group_by_that_is_no_column_is_refused() -> None:
    with pytest.raises(WiringError, match="'film' is not a column of Video"):

        class Grouped(Stage[Video, Shot], version=1, group_by="film"):
            """Groups by what is not there."""


def test_groups_keep_what_lies_together() -> None:
    rows = [a_shot(shot_id=name, video_id=name[0]) for name in ("a1", "a2", "b1")]
    assert [[row.shot_id for row in group] for group in groups(rows, "video_id")] == [["a1", "a2"], ["b1"]]
