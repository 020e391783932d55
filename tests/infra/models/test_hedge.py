"""A second attempt where the first takes long, over real HTTP."""

import asyncio
import time
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from infra.profile_models import Budget, Cast
from schemas.errors import BadInput, BudgetSpent
from tests.infra.models.asking import GOOD, Pick, lost, one, part, reply, requests, room
from tests.infra.models.server import Answerer, Server, fails, says, serving

pytestmark = pytest.mark.slow
SOON_S = 0.2


async def slow(server: Server, _: Any) -> web.Response:
    """Silent until the client hangs up."""
    request = server.raw[-1]
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(0.01)
    return says("too late")


def slow_first(then: Answerer) -> Answerer:
    """Silent to the first request, quick to all others."""
    return lambda server, body: slow(server, body) if len(server.calls) == 1 else then(server, body)


def test_the_quick_endpoint_answers_where_the_slow_one_does_not(tmp_path: Path) -> None:
    with serving(slow) as late, serving(lambda *_: says(GOOD)) as quick:
        begun = time.monotonic()
        assert reply(one(tmp_path, part(late, quick, timeout_s=20, hedge_after_s=SOON_S))).filled(Pick).count == 3
        assert SOON_S <= time.monotonic() - begun < 5
        assert (len(late.calls), len(quick.calls)) == (1, 1)
        assert late.calls == quick.calls


def test_one_endpoint_is_asked_again_itself(tmp_path: Path) -> None:
    with serving(slow_first(lambda *_: says(GOOD))) as server:
        reply(one(tmp_path, part(server, timeout_s=20, hedge_after_s=SOON_S)))
        assert len(server.calls) == 2


def test_without_it_and_where_answers_are_quick_one_request_is_sent(tmp_path: Path) -> None:
    async def after_a_while(*_: Any) -> web.Response:
        await asyncio.sleep(2 * SOON_S)
        return says()

    with serving(after_a_while) as server:
        reply(one(tmp_path / "off", part(server), requests(1)[0]))
        assert len(server.calls) == 1
        reply(one(tmp_path / "late enough", part(server, hedge_after_s=4), requests(1)[0]))
        assert len(server.calls) == 2


def test_an_attempt_that_fails_leaves_the_other_to_answer(tmp_path: Path) -> None:
    async def after_a_while(*_: Any) -> web.Response:
        await asyncio.sleep(3 * SOON_S)
        return says(GOOD)

    for fault in (500, 401, 400):
        with serving(after_a_while) as late, serving(lambda *_, fault=fault: fails(fault)) as broken:
            answer = one(tmp_path / str(fault), part(late, broken, timeout_s=20, hedge_after_s=SOON_S))
            assert reply(answer).filled(Pick).count == 3
            assert (len(late.calls), len(broken.calls)) == (1, 1)


def test_where_both_fail_it_is_the_first_that_counts(tmp_path: Path) -> None:
    with serving(slow) as late:
        answer = lost(one(tmp_path, part(late, timeout_s=2 * SOON_S, hedge_after_s=SOON_S)))
        assert answer.reason == "model_timeout"
        assert len(late.calls) == 4, "two tries, each hedged"


def test_the_second_attempt_takes_a_place_of_its_own(tmp_path: Path) -> None:
    with serving(slow_first(lambda *_: says(GOOD))) as server:
        reply(one(tmp_path, part(server, timeout_s=1, in_flight=1, hedge_after_s=SOON_S)))
        assert server.at[1] - server.at[0] >= 0.95, "there is one place: the first had to give it up"


def test_the_attempt_that_was_given_up_counts_at_its_bound(tmp_path: Path) -> None:
    """The budget bears two short attempts, or a short answer and a long attempt, but not an attempt and a long one."""
    (one_request,), (next_request,) = requests(1, max_tokens=1000), requests(1, max_tokens=2000)
    for hedge_after_s, is_spent in ((0, False), (SOON_S, True)):
        answerer: Answerer = slow_first(lambda *_: says()) if is_spent else lambda *_: says()
        with serving(answerer) as server:
            model = part(server, timeout_s=20, hedge_after_s=hedge_after_s)
            folder = tmp_path / str(is_spent)
            with closing(room(folder, model, budget=Budget(tokens=2200))) as place:
                reply(*place.chat("writer")([one_request]))
                with pytest.raises(BudgetSpent) if is_spent else nullcontext():
                    reply(*place.chat("writer")([next_request]))


@pytest.mark.parametrize("facts", [{"hedge_after_s": -1}, {"hedge_after_s": 9}, {"hedge_after_s": 1, "mode": "batch"}])
def test_what_cannot_be_is_told(facts: dict[str, Any]) -> None:
    model = part("http://127.0.0.1:9/v1", timeout_s=5, **facts)
    with pytest.raises(BadInput, match="hedge_after_s"):
        Cast(models={"teacher": model}, roles={"writer": ("teacher",)}).checked()
