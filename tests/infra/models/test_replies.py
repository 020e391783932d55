"""What arrived is never asked for again: not after kill -9, not by another process, not with a torn log."""

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra.models.kept_chat import Tally
from infra.models.raw import Raw
from infra.models.replies import MOST_OPEN, Replies
from infra.profile_models import Budget
from schemas.errors import BudgetSpent, DiskFull
from tests.infra.models.asking import GOOD, Pick, ask, part, reply, requests, room
from tests.infra.models.server import Server, completion, says, serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
ASKER = """
import sys
from pathlib import Path
from tests.infra.models.asking import ask, part, requests
ask(Path(sys.argv[1]), part(sys.argv[2], in_flight=int(sys.argv[4])), requests(int(sys.argv[3])))
"""


def asker(folder: Path, server: Server, count: int, in_flight: int = 8) -> "subprocess.Popen[bytes]":
    arguments = [str(folder), server.url, str(count), str(in_flight)]
    return subprocess.Popen([sys.executable, "-c", ASKER, *arguments], cwd=ROOT)


def questions(server: Server) -> list[str]:
    return [call["messages"][-1]["content"] for call in server.calls]


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    with serving(lambda *_: says(GOOD)) as server:
        first = ask(tmp_path, part(server), requests(20, Pick))
        assert ask(tmp_path, part(server), requests(20, Pick)) == first
        assert len(server.calls) == 20
        ask(tmp_path, part(server), requests(20, Pick, sample=1))
        assert len(server.calls) == 40


def test_the_same_request_twice_in_a_batch_is_asked_once(tmp_path: Path) -> None:
    with serving(lambda *_: says(GOOD)) as server:
        assert len(ask(tmp_path, part(server), requests(5, Pick) * 3)) == 15
        assert len(server.calls) == 5


def test_answers_come_in_the_order_of_the_requests(tmp_path: Path) -> None:
    def answer(server: Server, body: dict[str, Any]) -> Any:
        return says(body["messages"][-1]["content"])

    with serving(answer) as server:
        ask(tmp_path, part(server), requests(30)[::3])
        answers = ask(tmp_path, part(server), requests(30))
    assert [reply(answer).text for answer in answers] == [f"number {number}" for number in range(30)]


@pytest.mark.parametrize("enough", [10, 37])
def test_kill_9_loses_nothing_that_had_arrived(enough: int, tmp_path: Path) -> None:
    """The server holds back all answers but the first few; what it sent before the kill is not asked for again."""
    release, reached = threading.Event(), threading.Event()

    async def answer(server: Server, body: dict[str, Any]) -> Any:
        if len(server.calls) > enough:
            reached.set()
            while not release.is_set():
                await asyncio.sleep(0.01)
        return says(body["messages"][-1]["content"])

    with serving(answer) as server:
        process = asker(tmp_path, server, 60, in_flight=4)
        assert reached.wait(60)
        kept_before = lines(tmp_path, enough)
        process.send_signal(signal.SIGKILL)
        process.wait()
        release.set()
        server.calls.clear()
        answers = ask(tmp_path, part(server), requests(60))
        assert [reply(one).text for one in answers] == [f"number {number}" for number in range(60)]
        assert len(server.calls) == 60 - kept_before
        assert len(set(questions(server))) == len(server.calls)


def lines(folder: Path, at_least: int) -> int:
    """How many replies the call log holds, once it holds all that was answered."""
    until = time.monotonic() + 30
    count = 0
    while count < at_least and time.monotonic() < until:
        count = sum(path.read_bytes().count(b"\n") for path in folder.glob("replies/*/*.jsonl"))
    assert count == at_least
    return count


def test_a_torn_or_damaged_line_is_asked_again_and_nothing_else(tmp_path: Path) -> None:
    with serving(lambda *_: says(GOOD)) as server:
        ask(tmp_path, part(server), requests(10, Pick))
        (log,) = tmp_path.glob("replies/*/*.jsonl")
        stored = bytearray(log.read_bytes())
        stored[stored.index(b"\n") - 5] ^= 1
        log.write_bytes(stored[:-20])
        server.calls.clear()
        ask(tmp_path, part(server), requests(10, Pick))
        assert len(server.calls) == 2


def test_several_processes_share_one_workspace(tmp_path: Path) -> None:
    with serving(lambda *_: says()) as server:
        processes = [asker(tmp_path, server, 40) for _ in range(2)]
        assert [process.wait(60) for process in processes] == [0, 0]
        server.calls.clear()
        ask(tmp_path, part(server), requests(40))
        assert server.calls == []


def test_a_process_finds_what_another_wrote_since(tmp_path: Path) -> None:
    with serving(lambda *_: says()) as server, closing(room(tmp_path, part(server))) as early:
        chat = early.chat("writer")
        list(chat(requests(1)))
        ask(tmp_path, part(server), requests(20))
        server.calls.clear()
        list(chat(requests(20)))
        assert server.calls == []


def test_a_reply_is_on_the_disk_before_anybody_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    with serving(lambda *_: says()) as server, closing(room(tmp_path, part(server))) as place:
        for number, _ in enumerate(place.chat("writer")(requests(1))):
            assert len(synced) == number + 1


def test_the_log_says_who_said_what_and_what_it_cost(tmp_path: Path) -> None:
    with serving(lambda *_: says(system_fingerprint="fp1")) as server:
        ask(tmp_path, part(server), requests(1))
        url = server.url
    (log,) = tmp_path.glob("replies/teacher@1/*.jsonl")
    told = json.loads(log.read_text().split(" ", 2)[2])
    assert (told["text"], told["said"], told["version"], told["endpoint"]) == ("hello", "teacher-1", "fp1", url)
    assert (told["tokens_in"], told["tokens_out"], told["counted"]) == (10, 5, True)


def test_a_budget_stops_before_it_is_overspent_and_what_was_paid_is_kept(tmp_path: Path) -> None:
    budget = Budget(usd=0.004)
    model = {"usd_per_million_out": 1.0, "in_flight": 2}
    with serving(lambda *_: says(usage={"prompt_tokens": 10, "completion_tokens": 500})) as server:
        with pytest.raises(BudgetSpent, match=r"of 0\.004 US dollars"):
            ask(tmp_path, part(server, **model), requests(100), budget=budget)
        paid = len(server.calls)
        assert 5 <= paid <= 8
        server.calls.clear()
        assert len(ask(tmp_path, part(server, **model), requests(paid), budget=budget)) == paid
        assert server.calls == []


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {"prompt_tokens": 10**9, "completion_tokens": 10**9},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": -5, "completion_tokens": "5"},
    ],
    ids=["none", "absurd", "nothing", "nonsense"],
)
def test_a_budget_holds_also_where_the_server_does_not_count(usage: Any, tmp_path: Path) -> None:
    with serving(lambda *_: says(usage=usage)) as server:
        with pytest.raises(BudgetSpent):
            ask(tmp_path, part(server), requests(100, max_tokens=100), budget=Budget(tokens=1500))
        assert 5 <= len(server.calls) <= 12


def test_a_server_that_counts_tenfold_overspends_by_what_was_in_flight_at_most(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1500}
    with serving(lambda *_: says(usage=usage)) as server:
        with pytest.raises(BudgetSpent):
            ask(tmp_path, part(server, in_flight=2), requests(100, max_tokens=100), budget=Budget(tokens=6000))
        assert len(server.calls) <= 6000 / 1510 + 2


def test_the_same_tally_comes_of_asking_and_of_finding(tmp_path: Path) -> None:
    told = []
    with serving(lambda *_: says()) as server:
        for _ in range(2):
            with closing(room(tmp_path, part(server), tally=Tally())) as place:
                list(place.chat("writer")([*requests(5), *requests(2)]))
                told.append(place.tally.taken())
    counts = {"answers": 7, "tokens_in": 70, "tokens_out": 35, "cost_usd": 3.5e-5, "versions": []}
    assert told[0] == told[1] == {"teacher@1": counts}


def test_finding_is_quick(tmp_path: Path) -> None:
    text = completion(GOOD)
    with serving(lambda *_: says(**text | {"text": GOOD, "finish": "stop"})) as server:
        asked = requests(300, Pick)
        ask(tmp_path, part(server, in_flight=32), asked)
        with closing(room(tmp_path, part(server))) as place:
            chat = place.chat("writer")
            list(chat(asked))
            begun = time.process_time()
            for _ in range(5):
                assert len(list(chat(asked))) == 300
            assert 1500 / (time.process_time() - begun) >= 5000


def test_a_folder_may_hold_more_logs_than_a_process_may_open(tmp_path: Path) -> None:
    for number in range(100):
        line = b'{"text": "%d"}' % number
        (tmp_path / "m@1").mkdir(exist_ok=True)
        (tmp_path / "m@1" / f"{number}.jsonl").write_bytes(b"%064x %08x %s\n" % (number, zlib.crc32(line), line))
    replies = Replies(tmp_path, "m@1")
    opened = len(list(Path("/proc/self/fd").iterdir()))
    replies.refresh()
    found = [replies.find(f"{number:064x}") for number in range(100)]
    assert len(list(Path("/proc/self/fd").iterdir())) - opened <= MOST_OPEN < 100
    assert [raw.text for raw in found if raw] == [str(number) for number in range(100)]
    replies.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == opened


def test_a_line_torn_by_a_full_disk_takes_no_later_one_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = Replies(tmp_path, "m@1")
    plain = os.write
    torn = [True]

    def write(descriptor: int, stored: bytes) -> int:
        if torn:
            if torn.pop():
                torn.append(False)
                return plain(descriptor, stored[:70])
            raise OSError(errno.ENOSPC, "No space left on device")
        return plain(descriptor, stored)

    async def keep(key: str) -> None:
        await replies.keep(key, Raw(key))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(DiskFull):
            asyncio.run(keep("a" * 64))
    asyncio.run(keep("b" * 64))
    replies.refresh()
    assert replies.find("a" * 64) is None
    assert replies.find("b" * 64) == Raw("b" * 64)
    replies.close()


def test_a_log_of_nobody_is_empty(tmp_path: Path) -> None:
    replies = Replies(tmp_path, "a/b c@1")
    replies.refresh()
    assert replies.find("0" * 64) is None
    assert replies.folder.name == "a_b_c@1"
    replies.close()
