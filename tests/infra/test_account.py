"""Where everything is that a run was given."""

import json
import os
from pathlib import Path

import pytest

from infra.account import Account, account
from infra.log import CellLog
from infra.order import Order, Outcome, blueprint
from infra.record import STALE_S, latest
from schemas.errors import DiskFull, StageBroken
from storage.layout import Workspace
from tests.builders import sources, toy
from tests.infra.building import build, run_of

NAMES = ("anna", "bob.mp4", "carl", "x.bad", "dora")


def accounted(folder: Path) -> Account:
    run = latest(Workspace(folder).runs)
    assert run is not None
    return account(Workspace(folder), run)


def test_of_a_finished_run_every_table_adds_up(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    run = latest(tmp_path / "runs")
    assert run is not None
    assert (run.end, run.is_stale, run.recipe) == ("finished", False, "toy")
    found = {one.table: one for one in accounted(tmp_path).tables}
    assert all((one.parts, one.done, one.failed, one.to_do) == (5, 5, 0, 0) for one in found.values())
    videos = found["toy_videos"]
    assert (videos.rows, videos.rejects, videos.reasons) == (
        4,
        1,
        (("not_media", 1, "/footage/x.bad: its name says so"),),
    )
    words = found["toy_words"]
    assert (words.given, words.kept, words.rejected, words.nothing) == (4, 4, 0, 0)


def test_what_failed_and_what_is_to_do_are_told_apart(tmp_path: Path) -> None:
    with run_of(toy(), sources(*NAMES, "bug.bug"), tmp_path) as run, pytest.raises(StageBroken):
        run.built()
    found = {one.table: one for one in accounted(tmp_path).tables}
    videos, marks = found["toy_videos"], found["toy_marks"]
    assert (videos.failed, videos.done + videos.to_do) == (1, 5)
    assert (marks.done, marks.failed, marks.to_do) == (0, 0, 6)


def test_a_log_whose_last_line_was_cut_off_tells_what_it_can(tmp_path: Path) -> None:
    build(toy(), sources("anna", "bob"), tmp_path)
    (log,) = (tmp_path / "logs").glob("*.jsonl")
    whole = accounted(tmp_path)
    with log.open("a", encoding="utf-8") as file:
        file.write('{"at": "2031-01-01T00:00:00.000", "table": "toy_wo')
    assert accounted(tmp_path) == whole


def test_a_log_that_the_disk_refuses_is_told_once(tmp_path: Path) -> None:
    log = CellLog(tmp_path, "run")
    log.close()
    log.path.unlink()
    log.path.symlink_to("/dev/full")
    log = CellLog(tmp_path, "run")
    run = run_of(toy(), sources("anna"), tmp_path / "data")
    order = Order("sources", 0, (), "00000", (0, 0))
    with pytest.raises(DiskFull, match="make room"):
        log.write(blueprint(next(run.recipe.walk()), run.workspace, run.profile), Outcome(order))
    log.close()


def test_a_run_that_gives_no_sign_of_life_is_stale(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    (path,) = (tmp_path / "runs").glob("*.json")
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"end": ""}))
    run = latest(tmp_path / "runs")
    assert run is not None
    assert not run.is_stale, "this process lives, and has just written it"
    os.utime(path, (0, path.stat().st_mtime - STALE_S - 1))
    run = latest(tmp_path / "runs")
    assert run is not None
    assert run.is_stale
