"""The budget is held before anything is sent, and what was set aside comes back when the answer took less."""

from dataclasses import replace

import pytest

from infra.models.desk import Desk
from infra.models.ledger import Ledger, Sum
from infra.profile_models import Budget, ModelPart

pytestmark = pytest.mark.slow

MODEL = ModelPart(name="m", revision="1", endpoints=("http://x/v1",), in_flight=4, usd_per_million_out=1e6)
ONE = Sum(10, 1.0)


def desk(usd: float = 0, tokens: int = 0) -> Desk:
    return Desk({"m": MODEL}, Budget(usd=usd, tokens=tokens), now=lambda: 0.0)


def test_no_more_is_reserved_than_the_budget_holds() -> None:
    turn = desk(usd=2.5).turn("m@1", "w", [ONE] * 4)
    assert (len(turn.passes), turn.spent) == (2, "")


def test_what_an_answer_did_not_take_can_be_spent_again() -> None:
    place = desk(usd=2.5)
    first = place.turn("m@1", "w", [ONE] * 4)
    second = place.turn("m@1", "w", [ONE] * 4, 2, [(one, Sum(1, 0.1)) for one in first.passes])
    assert len(second.passes) == 2


def test_the_budget_is_spent_once_nothing_fits_and_nothing_is_in_flight() -> None:
    place = desk(tokens=25)
    first = place.turn("m@1", "w", [ONE] * 2)
    assert place.turn("m@1", "w", [ONE]).spent == ""
    last = place.turn("m@1", "w", [ONE], 2, [(one, ONE) for one in first.passes])
    assert last.passes == ()
    assert "spent 2.0000 US dollars and 20 tokens of 25 tokens" in last.spent


def test_an_answer_that_took_more_than_foreseen_makes_later_reservations_larger() -> None:
    ledger = Ledger(most_tokens=1000)
    aside = ledger.reserve("m", Sum(10, 0))
    assert aside
    ledger.settle("m", 10, aside, Sum(100, 0))
    assert ledger.reserve("m", Sum(10, 0)) == Sum(100, 0)
    assert ledger.reserve("other", Sum(10, 0)) == Sum(10, 0)


def test_many_answers_in_flight_that_took_twice_as_much_double_a_reservation_and_no_more() -> None:
    crowd = Desk({"m": replace(MODEL, in_flight=64)}, Budget(tokens=100_000), now=lambda: 0.0)
    first = crowd.turn("m@1", "w", [ONE] * 64).passes
    again = crowd.turn("m@1", "w", [ONE], 64, [(one, Sum(20, 2.0)) for one in first])
    assert [one.aside for one in again.passes] == [Sum(20, 2.0)]


def test_what_a_worker_that_died_had_set_aside_ends_the_run_and_does_not_hang_it() -> None:
    now = [0.0]
    place = Desk({"m": MODEL}, Budget(tokens=25), now=lambda: now[0])
    assert len(place.turn("m@1", "dead", [ONE] * 2).passes) == 2
    now[0] = 2 * MODEL.timeout_s + 59
    assert place.turn("m@1", "other", [ONE]).spent == ""
    now[0] += 2
    told = place.turn("m@1", "other", [ONE])
    assert told.passes == ()
    assert "20 tokens are held for requests that never came back" in told.spent


def test_a_worker_that_waits_for_its_time_is_not_taken_for_dead() -> None:
    now = [0.0]
    slow = replace(MODEL, requests_per_minute=2)
    place = Desk({"m": slow}, Budget(tokens=25), now=lambda: now[0])
    first = place.turn("m@1", "a", [ONE] * 2).passes
    now[0] = 2 * slow.timeout_s + 61
    assert first[1].wait_s > 60
    assert place.turn("m@1", "b", [ONE]).spent == ""


def test_a_limit_of_tokens_holds_back_what_may_not_fit_and_nothing_else() -> None:
    now = [0.0]
    place = Desk({"m": replace(MODEL, tokens_per_minute=25)}, Budget(tokens=100), now=lambda: now[0])
    first = place.turn("m@1", "w", [ONE] * 4)
    assert [one.wait_s for one in first.passes] == [0, 0]
    again = place.turn("m@1", "w", [ONE] * 4, 2, [(one, Sum(2, 0)) for one in first.passes])
    assert (len(again.passes), again.spent) == (2, "")
    now[0] = 61.3
    assert len(place.turn("m@1", "w", [ONE] * 4, 2, [(one, ONE) for one in again.passes]).passes) == 2


def test_seats_are_those_of_all_workers_together() -> None:
    place = desk()
    assert len(place.turn("m@1", "a", [ONE] * 9).passes) == 4
    assert len(place.turn("m@1", "b", [ONE] * 9).passes) == 0


def test_a_pause_is_told_to_everybody_and_the_longer_one_holds() -> None:
    place = desk()
    place.pause("m@1", "http://x/v1", 300)
    place.pause("m@1", "http://x/v1", 1)
    assert place.turn("m@1", "b", [ONE]).pauses == {"http://x/v1": 300}
