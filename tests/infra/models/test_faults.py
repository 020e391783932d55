"""Each way in which a server can fail, over real HTTP: told apart, and nothing of it ends as an answer."""

import asyncio
import time
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from infra.models.faults import Habits, Health, hidden, of_status, retry_after
from schemas.errors import BadInput, BudgetSpent, ModelDrift, ToolDown
from tests.infra.models.asking import GOOD, QUICK, Pick, ask, lost, one, part, reply, requests, room
from tests.infra.models.server import Answerer, Server, completion, fails, says, serving

pytestmark = pytest.mark.slow


def first(fault: Any, then: str = GOOD, times: int = 1) -> Answerer:
    """A server that fails so often, then answers."""

    def answer(server: Server, _: Any) -> Any:
        if len(server.calls) > times:
            return says(then)
        return fault(server) if callable(fault) else fault

    return answer


def reset(server: Server) -> web.Response:
    transport = server.raw[-1].transport
    assert transport is not None
    transport.abort()
    return web.Response()


async def drip(server: Server) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(server.raw[-1])
    for _ in range(1000):
        await response.write(b" ")
        await asyncio.sleep(0.02)
    return response


async def short(server: Server) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "900"})
    await response.prepare(server.raw[-1])
    await response.write(b'{"choices": [')
    return reset(server)


async def silence(_: Server) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: fails(429, "slow down"),
        lambda _: fails(500),
        lambda _: fails(502),
        lambda _: web.Response(status=503, text="<html>busy</html>", content_type="text/html"),
        lambda _: fails(408),
        reset,
        short,
        lambda _: web.Response(text='{"choices": [{"mess', content_type="application/json"),
        lambda _: web.json_response({"error": {"message": "internal"}}),
        lambda _: web.json_response({"id": "x"}),
        lambda _: web.json_response(completion() | {"choices": []}),
        lambda _: web.json_response(completion() | {"choices": completion()["choices"] * 2}),
        lambda _: web.Response(text="<html>please log in</html>", content_type="text/html"),
        lambda _: web.Response(body=b" " * 1_100_000, content_type="application/json"),
        lambda _: says(GOOD, finish=None),
    ],
    ids=[
        *("429", "500", "502", "503", "408", "reset", "short body", "half JSON", "200 with an error", "no choices"),
        *("empty choices", "two choices", "HTML", "endless body", "no finish_reason"),
    ],
)
def test_what_may_pass_is_asked_again(fault: Any, tmp_path: Path) -> None:
    with serving(first(fault)) as server:
        assert reply(one(tmp_path, part(server))).filled(Pick).count == 3
        assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (lambda: web.Response(text="<html>log in</html>", content_type="text/html"), "text/html"),
        (lambda: web.json_response({"error": "x"}), "an error under status 200"),
        (lambda: web.json_response(completion() | {"choices": []}), "0 choices"),
    ],
    ids=["HTML", "error", "no choice"],
)
def test_what_stays_no_completion_is_a_bad_reply_with_what_came(body: Any, detail: str, tmp_path: Path) -> None:
    with serving(lambda *_: body()) as server:
        answer = lost(one(tmp_path, part(server)))
    assert answer.reason == "bad_reply"
    assert detail in answer.detail
    assert answer.raw


@pytest.mark.parametrize("fault", [silence, drip], ids=["never", "a byte at a time"])
def test_an_answer_has_so_long_and_no_longer(fault: Any, tmp_path: Path) -> None:
    with serving(lambda server, _: fault(server)) as server:
        begun = time.monotonic()
        answer = lost(one(tmp_path, part(server, timeout_s=0.2)))
        assert time.monotonic() - begun < 5
        assert (answer.reason, len(server.calls)) == ("model_timeout", QUICK.timeouts)


@pytest.mark.parametrize("date", [False, True])
def test_nobody_asks_before_the_server_wants_to_be_asked(date: bool, tmp_path: Path) -> None:
    def answer(server: Server, _: Any) -> Any:
        wait = formatdate(time.time() + 2, usegmt=True) if date else "1"
        return fails(429, headers={"Retry-After": wait}) if len(server.calls) == 1 else says()

    with serving(answer) as server:
        assert len(ask(tmp_path, part(server, in_flight=1), requests(5))) == 5
        assert server.at[1] - server.at[0] >= 0.95
        assert len(server.calls) == 6


def test_a_wait_of_any_length_is_taken_as_it_is() -> None:
    now = 1e9
    assert retry_after({"retry-after": "300"}, now) == 300
    assert retry_after({"retry-after-ms": "1500", "retry-after": "9"}, now) == 1.5
    assert retry_after({"retry-after": formatdate(now + 90, usegmt=True)}, now) == 90
    assert retry_after({"retry-after": formatdate(now - 90, usegmt=True)}, now) == 0
    assert [retry_after(said, now) for said in ({}, {"retry-after": "soon"}, {"retry-after": "nan"})] == [None] * 3


@pytest.mark.parametrize("date", ["Sat, 01 Jan 10000 00:00:00 GMT", "Mon, 1 Jan 99999999999999999999 1:1:1 +9999"])
def test_a_wait_until_no_day_of_any_calendar_is_none(date: str) -> None:
    assert retry_after({"retry-after": date}, 1e9) is None


@pytest.mark.parametrize(
    "body",
    ["no\n such format", {"error": "no such format"}, {"detail": "no such format"}, {"message": "no such format"}],
)
def test_why_a_server_refuses_is_told_however_it_is_wrapped(body: Any) -> None:
    assert of_status(400, {}, body, 0).detail == "status 400: no such format"


def test_an_account_without_money_stops_everything_at_once(tmp_path: Path) -> None:
    with serving(lambda *_: fails(429, "You exceeded your quota", code="insufficient_quota")) as server:
        with pytest.raises(BudgetSpent, match="exceeded your quota"):
            ask(tmp_path, part(server), requests(50))
        assert len(server.calls) <= 8


def test_a_payment_that_is_required_is_no_wrong_key(tmp_path: Path) -> None:
    with serving(lambda *_: fails(402, "Insufficient Balance")) as server, pytest.raises(BudgetSpent, match="Balance"):
        ask(tmp_path, part(server), requests(5))


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_told_before_anything_is_asked(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-canary-123456")
    with serving(lambda *_: says(), models=status) as server:
        with pytest.raises(BadInput, match="refuses the key in MY_KEY") as error:
            one(tmp_path, part(server, key_env="MY_KEY"))
        assert "canary" not in str(error.value)
        assert server.calls == []


def test_a_model_that_is_not_there_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    with serving(lambda *_: says(), models=["other"]) as server:
        with pytest.raises(BadInput, match="has no model 'teacher', but other"):
            one(tmp_path, part(server))
        assert server.calls == []


def test_a_server_that_lists_no_models_says_so_when_asked(tmp_path: Path) -> None:
    with serving(lambda *_: fails(404, "The model `teacher` does not exist"), models=404) as server:
        with pytest.raises(BadInput, match="does not exist"):
            ask(tmp_path, part(server), requests(50))
        assert len(server.calls) <= 8


def test_a_server_that_is_not_there_is_down(tmp_path: Path) -> None:
    with serving(lambda *_: says()) as server:
        url = server.url
    with pytest.raises(ToolDown, match="cannot be reached"):
        one(tmp_path, part(url))


def test_a_server_that_fails_without_end_is_down_and_what_it_said_before_is_kept(tmp_path: Path) -> None:
    def answer(server: Server, _: Any) -> Any:
        return says() if len(server.calls) <= 10 else fails(500)

    with serving(answer) as server:
        with pytest.raises(ToolDown, match="failures in a row"):
            ask(tmp_path, part(server), requests(100))
        assert len(server.calls) < 60
        server.answer = lambda *_: says()
        server.calls.clear()
        assert len(ask(tmp_path, part(server), requests(100))) == 100
        assert len(server.calls) == 90


def test_an_endpoint_is_down_only_after_a_while() -> None:
    health = Health(Habits(straight=3, down_after_s=10))
    for when in (0.0, 1.0, 2.0, 9.0):
        health.failed(when)
    assert not health.is_down(9.0)
    health.failed(10.0)
    assert health.is_down(10.0)
    assert not health.is_down(41.0)
    health.succeeded()
    assert health.straight == 0


@pytest.mark.parametrize("fault", [fails(500), "gone", fails(429, headers={"Retry-After": "60"})], ids=str)
def test_another_endpoint_takes_over(fault: Any, tmp_path: Path) -> None:
    with serving(lambda *_: says()) as good, serving(lambda *_: fails(500)) as bad:
        bad.answer = lambda *_: web.json_response({"error": {}}, status=fault.status, headers=fault.headers)
        first_one = "http://127.0.0.1:9/v1" if fault == "gone" else bad.url
        begun = time.monotonic()
        assert len(ask(tmp_path, part(first_one, good), requests(40))) == 40
        assert time.monotonic() - begun < 5


def test_a_request_that_the_server_finds_wrong_is_one_row_lost(tmp_path: Path) -> None:
    def answer(_: Server, body: dict[str, Any]) -> Any:
        return fails(400, "context length exceeded") if "number 3" in str(body["messages"]) else says()

    with serving(answer) as server:
        answers = ask(tmp_path, part(server), requests(6))
    assert [getattr(one, "reason", None) for one in answers] == [None, None, None, "bad_reply", None, None]
    assert "context length exceeded" in lost(answers[3]).detail


def test_a_filter_that_refuses_with_an_error_is_a_filter(tmp_path: Path) -> None:
    with serving(lambda *_: fails(400, "flagged", code="content_filter")) as server:
        assert lost(one(tmp_path, part(server))).reason == "filtered"


def test_another_model_under_the_same_name_stops_the_run(tmp_path: Path) -> None:
    with serving(lambda *_: says(model="teacher-1")) as server:
        ask(tmp_path, part(server), requests(3))
        server.answer = lambda *_: says(model="teacher-2")
        with pytest.raises(ModelDrift, match="answers as 'teacher-2' to 'teacher', and before as 'teacher-1'"):
            ask(tmp_path, part(server), requests(30))
        server.calls.clear()
        assert len(ask(tmp_path, part(server), requests(3))) == 3
        assert server.calls == []
        assert len(ask(tmp_path, part(server, revision="2"), requests(3))) == 3


def test_a_key_is_never_repeated() -> None:
    body = {"error": {"message": "Incorrect API key provided: sk-canary-123456"}}
    fault = of_status(401, {}, body, 0)
    assert "canary" not in hidden(fault.detail, "sk-canary-123456")
    assert "canary" not in hidden(fault.detail, "none")


def test_a_key_is_in_the_header_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "canary-123456")
    with serving(lambda server, _: says(f"your key is {server.headers[-1]['Authorization']}")) as server:
        with closing(room(tmp_path, part(server, key_env="MY_KEY"))) as place:
            chat = place.chat("writer")
            answer = next(iter(chat(requests(1))))
            seen = [repr(thing) for thing in (place, chat, answer, place.cast, vars(chat))]
        assert server.headers[0]["Authorization"] == "Bearer canary-123456"
    seen += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any("canary" in text for text in seen)
