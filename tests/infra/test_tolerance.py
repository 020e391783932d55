"""A run that is going wrong stops early, and can be gone on with."""

from pathlib import Path

import pytest

from infra.engine import engine
from infra.profile import Profile
from infra.run import Run
from infra.tolerance import FEWEST
from schemas.errors import TooManyRejects
from storage.layout import Workspace
from tests.builders import sources, toy
from tests.infra.building import build, rejects, rows

NAMES = [f"v{number:02d}" + (".bad" if number % 2 else "") for number in range(60)]


def stopped(folder: Path, most: float) -> Run:
    profile = Profile(max_reject_ratio={"Name": most, "NeverHeardOf": 0.0})
    return Run(toy(), sources(*NAMES), Workspace(folder), engine("inline"), profile=profile)


def test_too_many_rejects_stop_the_run_early_and_say_what_is_wrong(tmp_path: Path) -> None:
    with stopped(tmp_path, 0.2) as run, pytest.raises(TooManyRejects) as told:
        run.built()
    said = str(told.value)
    assert said.startswith("Name turned away ")
    assert "max_reject_ratio allows 20%; most often: not_media (" in said
    assert "`rushes status` shows examples" in said
    assert run.report("toy_videos").done < 60 // 2, "far from the end"


def test_what_was_made_before_is_kept(tmp_path: Path) -> None:
    with stopped(tmp_path, 0.2) as run, pytest.raises(TooManyRejects):
        run.built()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cells/toy_videos/*/*.parquet")}
    assert kept
    built = build(toy(), sources(*NAMES), tmp_path)
    assert (len(rows(built, "toy_videos")), len(rejects(built, "toy_videos"))) == (30, 30)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_run_within_its_bounds_goes_on(tmp_path: Path) -> None:
    with stopped(tmp_path, 0.5) as run:
        assert len(rows(run.built(), "toy_videos")) == 30


def test_the_first_few_rejects_of_a_run_do_not_stop_it(tmp_path: Path) -> None:
    few = sources(*(f"{number}.bad" for number in range(FEWEST // 10)), "anna")
    profile = Profile(max_reject_ratio={"Name": 0.1})
    with Run(toy(), few, Workspace(tmp_path), engine("inline"), profile=profile) as run:
        assert len(rows(run.built(), "toy_videos")) == 1


def test_after_retry_it_counts_anew(tmp_path: Path) -> None:
    with stopped(tmp_path, 0.4) as run:
        with pytest.raises(TooManyRejects):
            run.wait("toy_videos")
        done = run.report("toy_videos").done
        run.retry("toy_videos")
        with pytest.raises(TooManyRejects):
            run.wait("toy_videos")
        assert run.report("toy_videos").done > done
