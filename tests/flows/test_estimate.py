"""What is still to be asked, from what was counted and from the rates that were seen: pure arithmetic."""

from dataclasses import replace

import pytest

from flows.estimate import Evidence, Forecast, forecasts, is_enough
from infra.forecast import AskingTable, Load, PartLoad, Said, Survey
from infra.profile_models import Cast, ModelPart
from schemas.media import Source
from schemas.units import SourceId

MODEL = ModelPart(
    name="m", revision="1", in_flight=10, usd_per_million_in=1.0, usd_per_million_out=10.0, picture_tokens=100
)
M = MODEL.identity
PER_CALL = Load(1, 50, 7, 2)


def a_part(number: int, calls: float, state: str = "asked", *, paid: float = 0) -> PartLoad:
    """A part that asks so much; each answer took 250 tokens in, and 30 out."""
    load, left = {M: PER_CALL.times(calls)}, {M: PER_CALL.times(calls - paid)}
    if state == "asked":
        return PartLoad(number, "asked", load, {}, {M: Said(calls, 250 * calls, 30 * calls)})
    return PartLoad(number, "countable", load, left) if state == "countable" else PartLoad(number, "unknown")


def evidence(*parts: PartLoad, minutes: tuple[float, ...], name: str = "mine", **facts: int) -> Evidence:
    sources = {
        part.part: (Source(source_id=SourceId(""), uri=f"{name}{part.part}", size_bytes=1, changed_us=0),)
        for part in parts
    }
    survey = Survey((AskingTable("words", "Write", (M,), parts),), sources)
    return Evidence(
        survey, {f"{name}{part.part}": length for part, length in zip(parts, minutes, strict=True)}, name, **facts
    )


def only(mine: Evidence, sample: Evidence | None = None, model: ModelPart = MODEL) -> Forecast:
    [one] = forecasts(mine, sample, Cast(models={"m": model}), 2.0)
    return one


def test_what_is_answered_costs_nothing_more() -> None:
    told = only(evidence(a_part(0, 10), minutes=(1.0,)))
    assert (told.calls, told.tokens_in, told.tokens_out, told.usd, told.seconds) == (0, 0, 0, 0.0, 0.0)


def test_what_can_be_counted_is_counted_less_what_is_paid() -> None:
    told = only(evidence(a_part(0, 10), a_part(1, 20, "countable", paid=4), minutes=(1.0, 2.0)))
    assert (told.calls, told.counted, told.rate) == (16, 16, "")
    assert told.tokens_in == 16 * 250
    assert told.tokens_out == 16 * 30
    assert told.usd == pytest.approx(16 * (250 * 1e-6 + 30 * 1e-5))


def test_the_rest_is_as_in_the_parts_that_are_there_by_the_minute() -> None:
    told = only(evidence(a_part(0, 10), a_part(1, 20), a_part(2, 0, "unknown"), minutes=(1.0, 2.0, 3.0)))
    assert (told.calls, told.counted) == (30, 0)
    assert told.rate == "10 a minute: mine"


def test_what_is_asked_once_a_film_does_not_grow_with_its_length() -> None:
    told = only(evidence(a_part(0, 10), a_part(1, 10), a_part(2, 0, "unknown"), minutes=(1.0, 2.0, 30.0)))
    assert told.calls == 10


def test_where_nothing_is_there_the_rehearsal_tells() -> None:
    sample = evidence(a_part(0, 4), a_part(1, 8), minutes=(2.0, 4.0), name="two", picture_tokens=100)
    told = only(evidence(a_part(0, 0, "unknown"), minutes=(10.0,)), sample)
    assert (told.calls, told.tokens_in, told.tokens_out) == (20, 20 * 250, 20 * 30)
    assert told.rate == "2 a minute: two"


def test_a_picture_counts_as_the_profile_says_not_as_the_teacher_does() -> None:
    sample = evidence(a_part(0, 4), minutes=(2.0,), name="one", picture_tokens=100)
    told = only(evidence(a_part(0, 0, "unknown"), minutes=(2.0,)), sample, replace(MODEL, picture_tokens=1000))
    assert told.tokens_in == 4 * (50 + 2 * 1000)


def test_the_slowest_limit_says_how_long_it_takes() -> None:
    mine = evidence(a_part(0, 10), a_part(1, 100, "countable"), minutes=(1.0, 2.0))
    assert only(mine).seconds == pytest.approx(100 * 2.0 / 10)
    assert only(mine, model=replace(MODEL, requests_per_minute=60)).seconds == pytest.approx(100)
    assert only(mine, model=replace(MODEL, tokens_per_minute=2800)).seconds == pytest.approx(600)


def test_without_a_price_there_is_no_cost() -> None:
    mine = evidence(a_part(0, 10), a_part(1, 5, "countable"), minutes=(1.0, 2.0))
    assert only(mine, model=replace(MODEL, usd_per_million_in=0, usd_per_million_out=0)).usd is None


def test_sound_costs_by_the_minute_and_by_nothing_else() -> None:
    heard = PartLoad(0, "asked", {M: Load(4)}, {}, {M: Said(4, heard_s=480)})
    mine = evidence(heard, a_part(1, 0, "unknown"), minutes=(8.0, 16.0))
    told = only(mine, model=replace(MODEL, usd_per_minute=0.5))
    assert told.calls == 8
    assert told.usd == pytest.approx(8.0)
    assert only(mine, model=MODEL).usd is None


def test_a_rehearsal_is_needed_only_where_no_part_was_answered() -> None:
    assert is_enough(evidence(a_part(0, 10), a_part(1, 0, "unknown"), minutes=(1.0, 1.0)).survey)
    assert is_enough(evidence(a_part(0, 10), minutes=(1.0,)).survey)
    assert not is_enough(evidence(a_part(0, 10, "countable"), minutes=(1.0,)).survey)
    assert not is_enough(evidence(a_part(0, 0, "unknown"), minutes=(1.0,)).survey)
