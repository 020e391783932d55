import json
import threading
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from infra import repairs
from infra.board import TableReport
from infra.inline import InlineEngine
from infra.order import Crew, Outcome
from infra.profile import Profile, Retries
from infra.ray_engine import RayEngine
from infra.run import Run
from schemas.errors import BadInput, DiskFull, StageBroken, ToolDown, WiringError
from schemas.media import Source
from stages.graph import given, select
from storage.layout import Workspace
from tests.builders import Name, Spell, ToyCount, ToyVideo, sources, totals, toy
from tests.infra.building import AT_ONCE, build, everything, rejects, reports, rows, run_of

NAMES = ("anna", "bob.mp4", "carl", "x.bad", "dora")
ALL = ("sources", "toy_videos", "toy_words", "toy_counts", "toy_ranks", "toy_marks")


def test_every_kind_of_table_is_made(tmp_path: Path) -> None:
    built = build(toy(), sources(*NAMES), tmp_path)
    assert [table.row_type.table for table in built.tables] == list(ALL)
    assert rows(built, "toy_counts")[0] == {"video_id": "anna", "letters": 4, "spelt": ["a", "n", "n", "a"]}
    marks = {one["video_id"]: one["mark"] for one in rows(built, "toy_marks")}
    assert marks == {"anna": "longest", "bob": "-", "carl": "longest", "dora": "longest"}
    assert [(one["row_id"], one["reason"]) for one in rejects(built, "toy_videos")] == [("00004/000000", "not_media")]
    assert all(table.rejects == () for table in built.tables if table.row_type is not ToyVideo)


def test_a_built_table_says_how_it_came_about(tmp_path: Path) -> None:
    built = build(toy(shout=True), sources("anna"), tmp_path)
    words, counts = built.table("toy_words"), built.table("toy_counts")
    assert (words.made_by, words.version, words.inputs) == ("Spell(shout=True, length=1)", 1, ("toy_videos",))
    assert (counts.version, counts.inputs) == (0, ("toy_videos", "toy_words"))
    ((_, _, made),) = [found for name, found in everything(built).items() if words.fingerprint in name]
    assert made["stage"] == "Spell"
    assert made["settings"] == {"shout": True, "length": 1}
    assert made["inputs"] == {"toy_videos": f"toy_videos/{built.table('toy_videos').fingerprint}/00000"}
    assert made["tools"].keys() >= {"duckdb", "pyarrow"}


def test_running_again_makes_nothing(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    with run_of(toy(), sources(*NAMES), tmp_path) as run:
        last = [run.wait(table) for table in ALL]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before
    assert all(report.reused == report.parts == 5 and report.seconds == 0 for report in last)
    assert [(report.rows, report.rejects) for report in last][:3] == [(5, 0), (4, 1), (15, 0)], "still counted"


def test_one_more_video_builds_its_part_and_what_sees_all(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    assert reports(toy(), sources(*NAMES, "eve"), tmp_path) == {
        "sources": (6, 6),  # committed by dealing
        "toy_videos": (6, 5),
        "toy_words": (6, 5),
        "toy_counts": (6, 5),
        "toy_ranks": (6, 0),
        "toy_marks": (6, 5),  # no old video's rank has changed
    }


def test_a_part_is_built_again_behind_a_barrier_only_where_that_says_something_new_of_it(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    found = reports(toy(), sources(*NAMES, "the_longest_of_all"), tmp_path)
    assert found["toy_marks"] == (6, 2), "bob and the bad one keep theirs; three are the longest no more; one is new"


def test_a_changed_setting_rebuilds_only_what_lies_downstream(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    found = reports(toy(shout=True), sources(*NAMES), tmp_path)
    assert [table for table in ALL if found[table][1] == 5] == ["sources", "toy_videos"]
    assert reports(toy(), sources(*NAMES), tmp_path)["toy_marks"] == (5, 5), "the first setting's cells still lie there"


def test_a_copy_in_another_part_counts_once_over_all_parts(tmp_path: Path) -> None:
    built = build(totals(), sources("anna", "anna.copy", "bob"), tmp_path)
    assert len(rows(built, "toy_videos")) == 3
    assert [(one["video_id"], one["n_videos"]) for one in rows(built, "toy_totals")] == [("anna", 2), ("bob", 2)]
    marks = build(toy(), sources("anna", "anna.copy", "bob"), tmp_path)
    assert [one["video_id"] for one in rows(marks, "toy_marks")] == ["anna", "bob"]


def test_a_stage_over_all_parts_may_turn_rows_away_and_keep_blobs(tmp_path: Path) -> None:
    built = build(totals(), sources("anna", "odd"), tmp_path)
    (kept,) = rows(built, "toy_totals")
    assert (tmp_path / "blobs" / kept["blob"][:2] / kept["blob"]).read_text() == "2"
    assert [one["row_id"] for one in rejects(built, "toy_totals")] == ["odd"]


def test_a_plan_says_what_is_missing_and_writes_nothing(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    before = sorted(tmp_path.rglob("*"))
    plan = {one.table: one for one in run_of(toy(shout=True), sources(*NAMES, "eve"), tmp_path).plan()}
    assert sorted(tmp_path.rglob("*")) == before
    assert [(one.parts, one.done, one.missing) for one in plan.values()][:3] == [(6, 6, 0), (6, 5, 1), (6, 0, 6)]
    assert [table for table, one in plan.items() if one.all_parts] == ["toy_ranks"]


def test_a_bug_stops_its_table_and_names_stage_part_and_rows(tmp_path: Path) -> None:
    with run_of(toy(), sources("anna", "bob.bug"), tmp_path) as run, pytest.raises(StageBroken) as told:
        run.wait("toy_marks")
    said = "Name broke on table 'toy_videos', part 00001, rows 00001/000000: ZeroDivisionError: a bug, as asked"
    assert str(told.value) == said
    assert "in run\n" in told.value.__notes__[0], "the traceback goes with it"


def test_bad_rows_stop_the_table_that_they_would_be_in(tmp_path: Path) -> None:
    with pytest.raises(StageBroken, match=r"Spell \(table 'toy_words', part 00000\).*'length > 0'.*'anna/000'"):
        build(toy(length=0), sources("anna"), tmp_path)
    assert not list(tmp_path.rglob("toy_words/*/*.parquet"))


def test_a_tool_that_is_down_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "flag-down").touch()
    built = build(toy(), sources("anna.flag-down", folder=tmp_path), tmp_path / "data")
    assert len(rows(built, "toy_marks")) == 1


def test_a_tool_that_stays_down_is_reported_and_retry_goes_on_from_there(tmp_path: Path) -> None:
    flag = tmp_path / "flag-away"
    flag.touch()
    with run_of(toy(), sources("anna.flag-away", "bob", folder=tmp_path), tmp_path / "data") as run:
        with pytest.raises(ToolDown, match="away"):
            run.wait("toy_marks")
        flag.unlink()
        run.retry("toy_videos")
        assert run.wait("toy_marks").rows == 2


class Enough(Exception):
    """What was waited for has happened."""


def test_what_waits_to_be_tried_again_takes_no_thread_and_ends_with_the_run(tmp_path: Path) -> None:
    (tmp_path / "flag-away").touch()
    patient = Profile(retries=Retries(wait_s=(3600.0,)))
    given_names = sources("anna.flag-away", "bob", folder=tmp_path)
    run = Run(toy(), given_names, Workspace(tmp_path / "data"), InlineEngine(), profile=patient)

    def until_bob_is_made(report: TableReport) -> None:
        if report.done:
            raise Enough

    with run, pytest.raises(Enough):  # anna comes first, so by then she waits for her tool
        run.wait("toy_videos", until_bob_is_made)
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


class TellsTooLate(InlineEngine):
    """Tells of work when it is stopped, as Ray does of the workers that are killed."""

    def start(
        self, crew: Crew, profile: Profile, post: Callable[[Callable[[], None]], None], done: Callable[[Outcome], None]
    ) -> None:
        self.post = post
        super().start(crew, profile, post, done)

    def stop(self) -> None:
        told = Enough()
        self.told = weakref.ref(told)
        self.post(partial(print, told))
        super().stop()


def test_a_run_that_ended_holds_nothing_that_it_was_told_too_late(tmp_path: Path) -> None:
    engine = TellsTooLate()
    with Run(toy(), sources("anna"), Workspace(tmp_path), engine) as run:
        run.built()
    assert engine.told() is None, "what Ray gave out is let go of while no other Ray runs in this process"


def test_a_full_disk_is_told_before_any_worker_was_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(toy(), sources("anna"), tmp_path)
    (cell,) = (tmp_path / "cells" / "sources").glob("*/*.parquet")
    cell.write_bytes(b"no cell")
    (cell.parent / "counts.json").unlink()

    def full(*_: object) -> None:
        raise DiskFull("cannot write sources: No space left on device; make room there")

    monkeypatch.setattr(repairs, "cut", full)
    with Run(toy(), sources("anna"), Workspace(tmp_path), RayEngine()) as run, pytest.raises(DiskFull, match="room"):
        run.wait("sources")


def test_a_stopped_run_tells_those_who_wait_and_goes_on_when_run_again(tmp_path: Path) -> None:
    run = run_of(toy(), sources(*NAMES), tmp_path)
    run.start()
    run.wait("toy_videos")
    run.stop()
    assert len(rows(build(toy(), sources(*NAMES), tmp_path), "toy_marks")) == 4


def test_progress_is_shown_up_to_the_end(tmp_path: Path) -> None:
    seen: list[TableReport] = []
    with run_of(toy(), sources(*NAMES), tmp_path) as run:
        assert run.wait("toy_words", seen.append) == seen[-1]
    assert seen[-1].is_complete
    assert [report.done for report in seen] == sorted(report.done for report in seen)


def test_each_cell_has_one_line_in_the_log(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    (log,) = (tmp_path / "logs").iterdir()
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) == 4 * 5 + 1
    (bad,) = [line for line in lines if line["rejects"]]
    assert (bad["stage"], bad["part"], bad["rows_in"], bad["rows"]) == ("Name", 4, 1, 0)
    assert bad["rejects"] == {"not_media": 1}


def test_a_run_without_sources_or_with_foreign_ones_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no sources"):
        run_of(toy(), [], tmp_path)
    with pytest.raises(BadInput, match="starts from 'toy_videos'"):
        run_of(given(ToyVideo).then(Spell()), sources("a"), tmp_path)


def test_a_workspace_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")
    with pytest.raises(DiskFull, match="choose a folder"):
        build(toy(), sources("a"), tmp_path / "data")


def test_a_row_about_a_video_that_nobody_knows_is_our_fault(tmp_path: Path) -> None:
    videos = given(Source).then(Name())
    counts = select(
        ToyCount, "SELECT 'nobody' AS video_id, 1 AS letters, ['x'] AS spelt FROM videos", videos=videos, over="all"
    )
    with pytest.raises(StageBroken, match="video 'nobody', which no input of it knows"):
        build(counts, sources("a"), tmp_path)


def test_a_barrier_without_any_video_to_write_back_by_is_refused_before_it_runs(tmp_path: Path) -> None:
    counts = select(
        ToyCount, "SELECT uri AS video_id, 1 AS letters, ['x'] AS spelt FROM s", s=given(Source), over="all"
    )
    with pytest.raises(WiringError, match="one of its inputs needs a video_id"):
        run_of(counts, sources("a"), tmp_path).plan()


def test_how_many_rows_a_batch_holds_changes_nothing(tmp_path: Path) -> None:
    given_ = sources(*NAMES, *map(str, range(40)))
    one = build(toy(), given_, tmp_path / "one")
    profile = replace(AT_ONCE, batch_rows={"Name": 1, "Spell": 1000, "Mark": 7})
    with replace(run_of(toy(), given_, tmp_path / "two"), profile=profile) as run:
        assert everything(run.built()) == everything(one)
