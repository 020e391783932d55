"""The Batch API over HTTP: nothing is lost or paid for twice, wherever a process dies and however a batch ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.models.batch_line import BatchLine, answered
from infra.models.batch_sheets import Sheet, Sheets
from infra.models.batch_teller import BatchTeller
from infra.models.batch_wish import Wish, cut
from infra.models.faults import Fault
from infra.profile_models import Budget, Cast
from infra.rehearsal import start
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from infra.rehearsal.wire import Call, Sent
from schemas.chat import NoReply, Reply
from schemas.errors import BadInput, BudgetSpent, ToolDown
from tests.infra.models.asking import Pick, ask, part, requests
from tests.infra.models.batch_client import QUICK, asked

pytestmark = pytest.mark.slow
COUNT = 12


class Deadly(Teacher):
    """A teacher that kills its client when it makes a certain call: before the server acts on it, or after."""

    victim: subprocess.Popen[str] | None = None
    at: tuple[str, str, str] = ("", "", "")

    async def handle(self, call: Call) -> Sent:
        method, path, when = self.at
        is_it = self.victim is not None and call.method == method and call.path.startswith(path) and path
        if is_it and when == "before":
            self._kill()
            return Sent(503)
        sent = await super().handle(call)
        if is_it:
            self._kill()
        return sent

    def _kill(self) -> None:
        assert self.victim
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait()
        self.at = ("", "", "")


def a_teacher(**facts: object) -> Deadly:
    return Deadly(Settings(models={"teacher": 1.0}, **facts))  # type: ignore[arg-type]


@pytest.fixture
def teacher() -> Generator[tuple[Deadly, str]]:
    made = a_teacher()
    with start.in_thread(made) as place:
        yield made, place.url


def executed(teacher: Teacher) -> list[int]:
    """How often each request was answered with 200 in some batch: what was paid for."""
    counts: dict[str, int] = {}
    for entry in teacher.log.since():
        if entry["path"] == "/v1/batches" and entry["status"] == 200:
            counts[entry["key"]] = counts.get(entry["key"], 0) + 1
    return sorted(counts.values())


def client(folder: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.infra.models.batch_client", str(folder), url, str(COUNT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_role_that_can_wait_is_answered_by_one_batch(teacher: tuple[Deadly, str], tmp_path: Path) -> None:
    server, url = teacher
    answers = asked(tmp_path, url, COUNT)
    assert all(isinstance(one, Reply) for one in answers)
    assert executed(server) == [1] * COUNT
    assert len(server._batches.batches) == 1
    assert {entry["path"] for entry in server.log.since()} == {"/v1/batches"}
    assert all(isinstance(one, Reply) and one.cost_usd for one in answers)


def test_what_was_answered_is_not_asked_again(teacher: tuple[Deadly, str], tmp_path: Path) -> None:
    server, url = teacher
    first, again = asked(tmp_path, url, COUNT), asked(tmp_path, url, COUNT)
    assert first == again
    assert len(server._batches.batches) == 1


STEPS = [
    ("POST", "/v1/files", "before"),
    ("POST", "/v1/files", "after"),
    ("POST", "/v1/batches", "before"),
    ("POST", "/v1/batches", "after"),
    ("GET", "/v1/batches/", "before"),
    ("GET", "/v1/batches/", "after"),
    ("GET", "/v1/files/", "before"),
    ("GET", "/v1/files/", "after"),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[0]} {step[1]} {step[2]}")
def test_killed_at_any_step_it_goes_on_there_and_pays_once(
    teacher: tuple[Deadly, str], step: tuple[str, str, str], tmp_path: Path
) -> None:
    server, url = teacher
    server.at, server.victim = step, client(tmp_path, url)
    assert server.victim.communicate(timeout=60)[0] == ""
    assert server.victim.returncode == -signal.SIGKILL
    whole = client(tmp_path, url)
    told, wrong = whole.communicate(timeout=60)
    assert whole.returncode == 0, wrong
    assert len(json.loads(told)) == COUNT
    assert executed(server) == [1] * COUNT


def test_a_crash_between_the_files_and_the_call_log_pays_nothing(teacher: tuple[Deadly, str], tmp_path: Path) -> None:
    server, url = teacher
    first = asked(tmp_path, url, COUNT)
    for log in (tmp_path / "replies").glob("*/*.jsonl"):
        log.unlink()
    server._batches.files.clear()  # as servers do after a while
    assert asked(tmp_path, url, COUNT) == first
    assert executed(server) == [1] * COUNT


@pytest.mark.parametrize("end", ["expired", "lost_line", "broken_line"])
def test_what_a_batch_leaves_open_goes_into_the_next(end: str, tmp_path: Path) -> None:
    server = a_teacher(batch_faults={end: 0.4}, seed=3)
    with start.in_thread(server) as place:
        answers = asked(tmp_path, place.url, COUNT)
    assert len(server._batches.batches) > 1
    lost = [one.reason for one in answers if isinstance(one, NoReply)]
    assert set(lost) <= {"model_timeout", "bad_reply"}
    assert len(lost) <= 3


def test_a_batch_that_fails_again_and_again_is_a_server_that_is_down(tmp_path: Path) -> None:
    with (
        start.in_thread(a_teacher(batch_faults={"failed": 1.0})) as place,
        pytest.raises(ToolDown, match="invalid_file: The file cannot be read"),
    ):
        asked(tmp_path, place.url, COUNT)


def test_a_batch_that_somebody_cancels_ends_the_run_and_keeps_what_it_had(tmp_path: Path) -> None:
    server = a_teacher(batch_faults={"cancelled": 1.0})
    with start.in_thread(server) as place, pytest.raises(BudgetSpent, match="was cancelled at the server"):
        asked(tmp_path, place.url, COUNT)
    assert executed(server) == [1] * (COUNT // 2)
    with start.in_thread(a_teacher()) as place:
        assert len(asked(tmp_path, place.url, COUNT)) == COUNT


def test_lines_with_errors_are_told_apart(tmp_path: Path) -> None:
    server = a_teacher(faults={"unavailable": 0.3}, seed=2, fault_attempts=1)
    with start.in_thread(server) as place:
        answers = asked(tmp_path, place.url, COUNT)
    assert all(isinstance(one, Reply) for one in answers)
    assert len(server._batches.batches) == 2


def test_a_server_that_knows_no_schemas_is_asked_another_way(tmp_path: Path) -> None:
    server = a_teacher(structured="text")
    with start.in_thread(server) as place:
        answers = asked(tmp_path, place.url, 3)
    assert all(isinstance(one, Reply) for one in answers)
    assert len(server._batches.batches) == 3


def test_a_budget_holds_before_anything_is_sent(teacher: tuple[Deadly, str], tmp_path: Path) -> None:
    server, url = teacher
    with pytest.raises(BudgetSpent):
        ask(tmp_path, part(url, mode="batch"), requests(COUNT, Pick), budget=Budget(tokens=100), habits=QUICK)
    assert not server._batches.batches


def test_a_wrong_key_costs_nothing(tmp_path: Path) -> None:
    server = a_teacher(key="right")
    with start.in_thread(server) as place, pytest.raises(BadInput, match="refuses"):
        asked(tmp_path, place.url, COUNT)
    assert not server._batches.batches


def test_a_file_holds_no_more_than_the_api_takes() -> None:
    async def lots() -> list[int]:
        wishes = [Wish(str(number), lambda: False, b"x" * 10) for number in range(10)]
        return [len(lot) for lot in cut(wishes, 4, 35)]

    assert asyncio.run(lots()) == [3, 3, 3, 1]


def test_a_batch_lies_at_one_place() -> None:
    model = part("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", mode="batch")
    with pytest.raises(BadInput, match="give one endpoint"):
        Cast(models={"m": model}).checked()


def test_a_crash_between_the_files_and_the_call_log_reads_each_file_once(
    teacher: tuple[Deadly, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(tmp_path, teacher[1], COUNT)
    for log in (tmp_path / "replies").glob("*/*.jsonl"):
        log.unlink()
    read: list[str] = []
    plain = Sheets.answers

    def counted(sheets: Sheets, name: str) -> bytes:
        read.append(name)
        return plain(sheets, name)

    monkeypatch.setattr(Sheets, "answers", counted)
    assert len(asked(tmp_path, teacher[1], COUNT)) == COUNT
    assert len(read) == 1


@pytest.mark.parametrize(("left_open", "newer"), [("1", "2"), ("2", "1")])
@pytest.mark.parametrize("is_read", [False, True])
def test_what_one_batch_left_open_is_found_in_the_next_after_a_crash(
    left_open: str, newer: str, is_read: bool, tmp_path: Path
) -> None:
    sheets = Sheets(tmp_path)
    first, second = (Sheet(("request",), name, f"batch {name}") for name in (left_open, newer))
    for sheet in (first, second):
        sheets.write(sheet)
    sheets.keep(first, [b'{"custom_id": "request", "error": {"code": "batch_expired"}}'])
    if is_read:
        sheets.keep(second, [b'{"custom_id": "request", "response": {"status_code": 200, "body": {}}}'])
    plain: Any = SimpleNamespace(model=part("http://x"), habits=QUICK, endpoints=[None])
    teller = asyncio.run(BatchTeller(plain, None, None, sheets).open())  # type: ignore[arg-type]
    assert (teller._read("request") is not None) == is_read
    under_way = teller._under_way("request")
    assert (under_way.name if under_way else None) == (None if is_read else newer)


def test_a_server_that_says_how_a_batch_does_a_byte_at_a_time_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n")
        with suppress(ConnectionError), closing(writer):
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)

    async def looked() -> Fault:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        line = BatchLine(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", "none", 0.3)
        with pytest.raises(Fault) as told:
            await asyncio.wait_for(line.look("batch_1"), 8)
        await line.close()
        server.close()
        await asyncio.sleep(0.1)  # the dripping ends
        return told.value

    assert asyncio.run(looked()).kind == "timeout"


def test_a_torn_sheet_or_line_is_nobodys(tmp_path: Path) -> None:
    sheets = Sheets(tmp_path)
    sheets.write(Sheet(("a",), "whole"))
    (tmp_path / "torn.json").write_text('{"requests": ["b"')
    assert [sheet.name for sheet in sheets.all()] == ["whole"]
    assert answered(b'{"custom_id": "a", "response": {"status_code": 200, "body": {}}}\n{"custom_id": "b", "resp') == {
        "a": answered(b'{"custom_id": "a", "response": {"status_code": 200, "body": {}}}')["a"]
    }
