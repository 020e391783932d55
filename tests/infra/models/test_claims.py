"""Two processes over one workspace that want the same answer: one asks, the other waits; the dead claim nothing."""

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from infra.models.claims import Claims
from infra.rehearsal import start
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from tests.infra.models.asking import lost, part, requests, room
from tests.infra.models.server import fails, serving

COUNT = 30


def key(letter: str) -> str:
    return letter * 64


def test_what_one_has_claimed_is_not_the_others(tmp_path: Path) -> None:
    first, second = Claims(tmp_path), Claims(tmp_path)
    mine = first.take([key("a"), key("b")])
    theirs = second.take([key("b"), key("c")])
    assert mine.others == frozenset()
    assert theirs.others == {key("b")}
    assert first.take([key("c"), key("d")]).others == {key("c")}


def test_what_is_released_is_anybodys(tmp_path: Path) -> None:
    claim = Claims(tmp_path).take([key("a")])
    claim.release()
    claim.release()
    assert Claims(tmp_path).take([key("a")]).others == frozenset()


def test_the_dead_claim_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from infra.models.claims import Claims;"
        f"claim = Claims(Path(sys.argv[1])).take(['{key('a')}']); print('taken', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    assert owner.stdout.readline() == "taken\n"
    assert Claims(tmp_path).take([key("a")]).others == {key("a")}
    owner.kill()
    owner.communicate()
    assert Claims(tmp_path).take([key("a")]).others == frozenset()


def a_client(folder: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.infra.models.live_client", str(folder), url, str(COUNT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_processes_with_the_same_requests_pay_once(tmp_path: Path) -> None:
    teacher = Teacher(Settings(models={"teacher": 1.0}, latency_s=0.5))
    with start.in_thread(teacher) as place:
        clients = [a_client(tmp_path, place.url) for _ in range(2)]
        told = [client.communicate(timeout=90) for client in clients]
    assert [client.returncode for client in clients] == [0, 0], told
    first, second = (json.loads(out) for out, _ in told)
    assert first == second
    assert len(first) == COUNT
    assert len(teacher.log.entries) == COUNT


@pytest.mark.slow
def test_what_got_no_answer_is_not_claimed_while_others_are_waited_for(tmp_path: Path) -> None:
    """Two that wait for what the other has given up would wait for ever."""
    first, second = requests(2)
    with serving(lambda *_: fails(400, "no")) as server, closing(room(tmp_path, part(server))) as place:
        theirs = Claims(tmp_path / "replies" / "teacher@1" / "claims").take([second.key("teacher@1")])
        answers = place.chat("writer")([first, second])
        assert lost(next(answers)).reason == "bad_reply"
        until = time.monotonic() + 10
        others = frozenset([first.key("teacher@1")])
        while others and time.monotonic() < until:
            claim = Claims(tmp_path / "replies" / "teacher@1" / "claims").take([first.key("teacher@1")])
            others = claim.others
            claim.release()
        theirs.release()
        assert lost(next(answers)).reason == "bad_reply"
    assert not others


@pytest.mark.slow
def test_who_waits_for_one_that_dies_asks_what_is_left(tmp_path: Path) -> None:
    teacher = Teacher(Settings(models={"teacher": 1.0}, latency_s=0.5))
    with start.in_thread(teacher) as place:
        dying = a_client(tmp_path, place.url)
        until = time.monotonic() + 60
        while not teacher.log.entries and time.monotonic() < until:
            time.sleep(0.02)
        waiting = a_client(tmp_path, place.url)
        dying.kill()
        dying.communicate()
        out, wrong = waiting.communicate(timeout=90)
    assert waiting.returncode == 0, wrong
    assert len(json.loads(out)) == COUNT
