from pathlib import Path

import pytest

from infra.journal import DEATHS, DEATHS_BEFORE_ANY_ROW, Journal
from schemas.errors import StageBroken


def test_who_is_begun_and_never_ended_is_blamed_after_several_deaths(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal"
    for death in range(DEATHS):
        journal = Journal(path, first=death == 0)
        assert not journal.is_killer("bad")
        journal.begin("good")
        journal.end("good")
        journal.begin("bad")
    journal = Journal(path, first=False)
    assert journal.is_killer("bad")
    assert not journal.is_killer("good")
    journal.close()
    assert not path.exists()


def test_an_old_journal_is_forgotten_by_the_first_try(tmp_path: Path) -> None:
    for _ in range(DEATHS + 1):
        Journal(tmp_path / "journal", first=True).begin("unlucky")
    assert not Journal(tmp_path / "journal", first=True).is_killer("unlucky")


def test_a_worker_that_dies_before_any_row_is_not_tried_for_ever(tmp_path: Path) -> None:
    for death in range(DEATHS_BEFORE_ANY_ROW):
        Journal(tmp_path / "journal", first=death == 0)
    with pytest.raises(StageBroken, match=f"died {DEATHS_BEFORE_ANY_ROW} times before the first row"):
        Journal(tmp_path / "journal", first=False)
