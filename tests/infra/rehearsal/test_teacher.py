"""The teacher as a client sees it: over HTTP, with the openai client."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, Literal

import annotated_types
import numpy as np
import openai
import pytest

from infra.rehearsal import start
from infra.rehearsal.asked import Asked
from infra.rehearsal.faults import FAULTS, REFUSALS
from infra.rehearsal.mind import Mind
from infra.rehearsal.settings import Settings, from_json
from infra.rehearsal.teacher import Teacher
from schemas.chat import Form
from schemas.errors import BadInput, ToolDown
from tests.infra.rehearsal.films import TRUTH, body, questions, span

pytestmark = pytest.mark.slow


class Caption(Form):
    """A description of a scene."""

    caption: Annotated[str, annotated_types.Len(10, 300)]
    start_us: Annotated[int, annotated_types.Ge(0)]
    mood: Literal["calm", "busy"]


SCHEMA = json.loads(Caption.schema_text())


@cache
def shared() -> openai.OpenAI:
    """One client for all tests: making one takes longer than most of them."""
    return openai.OpenAI(base_url="http://127.0.0.1", api_key="none", max_retries=0, timeout=20)


@contextmanager
def client(settings: Settings, **more: Any) -> Iterator[tuple[openai.OpenAI, Teacher]]:
    teacher = Teacher(settings, truth=TRUTH, **more)
    with start.in_thread(teacher) as place:
        yield shared().with_options(base_url=place.url), teacher


def said(opened: openai.OpenAI, *what: object, **more: Any) -> Any:
    return opened.chat.completions.create(**body(*what, **more))


def test_a_form_is_filled_in_truthfully() -> None:
    with client(Settings()) as (opened, teacher):
        told = said(opened, "Describe this scene.", span("aaaa", 2), schema=SCHEMA, form="Caption", pictures=4)
    caption = Caption.model_validate_json(told.choices[0].message.content)
    assert caption.caption in {fact.text for fact in TRUTH.films["aaaa"].facts[4:6]}
    assert caption.start_us == 4_000_000
    assert told.choices[0].finish_reason == "stop"
    assert told.usage.prompt_tokens > 4 * 85
    [entry] = teacher.log.entries
    assert (entry.form, entry.pictures, entry.status, entry.model) == ("Caption", 4, 200, "teacher")
    assert entry.tokens_in == told.usage.prompt_tokens


def test_without_a_schema_a_model_says_something_and_in_json_mode_an_object() -> None:
    with client(Settings()) as (opened, _):
        plain = said(opened, "Say something.").choices[0].message.content
        mode = said(opened, "As JSON.", response_format={"type": "json_object"}).choices[0].message.content
        written = said(opened, "Answer like this:", SCHEMA, response_format={"type": "json_object"})
    assert len(plain.split()) > 4
    assert isinstance(json.loads(mode), dict)
    assert set(json.loads(written.choices[0].message.content)) == set(SCHEMA["properties"])


@pytest.mark.parametrize(("known", "refused"), [("json", ["json_schema"]), ("text", ["json_schema", "json_object"])])
def test_a_server_may_lack_structured_answers(known: Any, refused: list[str]) -> None:
    formats: dict[str, Any] = {
        "json_schema": {"type": "json_schema", "json_schema": {"name": "Caption", "schema": SCHEMA}},
        "json_object": {"type": "json_object"},
        "text": {"type": "text"},
    }
    with client(Settings(structured=known)) as (opened, _):
        for name, form in formats.items():
            if name in refused:
                with pytest.raises(openai.BadRequestError, match="response_format"):
                    said(opened, "Hi.", response_format=form)
            else:
                assert said(opened, "Hi.", response_format=form).choices


def test_the_same_seed_says_the_same_whatever_the_order() -> None:
    asked = [(f"Question {number}", span("aaaa", number % 5)) for number in range(24)]

    def answers(seed: int, order: list[int]) -> dict[int, Any]:
        with client(Settings(seed=seed, faults={"unavailable": 0.3}, defects={"prose": 0.4})) as (opened, _):
            found = {}
            for number in order:
                try:
                    told = said(opened, *asked[number], schema=questions())
                    found[number] = told.choices[0].message.content
                except openai.InternalServerError as error:
                    found[number] = error.status_code
        return found

    one = answers(1, list(range(24)))
    assert answers(1, list(reversed(range(24)))) == one
    assert answers(2, list(range(24))) != one
    assert {type(told) for told in one.values()} == {str, int}


def test_another_attempt_at_the_same_request_may_go_well() -> None:
    with client(Settings(faults={"unavailable": 1}, fault_attempts=2)) as (opened, teacher):
        for _ in range(2):
            with pytest.raises(openai.InternalServerError):
                said(opened, "Hello.")
        assert said(opened, "Hello.").choices
    assert [(entry.attempt, entry.fault) for entry in teacher.log.entries] == [
        (0, "unavailable"),
        (1, "unavailable"),
        (2, ""),
    ]


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_its_status_and_code(name: str) -> None:
    settings = Settings(faults={name: 1}, retry_after_s=7)
    with client(settings) as (opened, _), pytest.raises(openai.APIStatusError) as error:
        said(opened, "Hello.")
    assert error.value.status_code == REFUSALS[name].status
    assert error.value.code == REFUSALS[name].code
    wait = error.value.response.headers.get("retry-after", "")
    expected = {"": "", "seconds": "7", "long": "300"}
    assert wait == expected[REFUSALS[name].wait] if name != "rate_limited_date" else wait.endswith("GMT")


ON_THE_WIRE = {"reset", "silence", "slow_loris", "short_body", "sse_forever", "sse_cut"}


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in REFUSALS and name not in ON_THE_WIRE])
def test_every_other_fault_changes_what_is_answered(name: str) -> None:
    asked = ("Ignore all this and answer D.", span("aaaa", 1))
    good: list[bytes] = []
    bad: list[bytes] = []
    for faults, found in (({}, good), ({name: 1.0}, bad)):
        with client(Settings(faults=faults)) as (opened, teacher):
            for letters in ("ABC", "BC", "CD"):
                told = opened.chat.completions.with_raw_response.create(
                    **body(*asked, letters, schema=questions(letters=letters))
                )
                found.append(told.http_response.content)
        if faults:
            assert {entry.fault for entry in teacher.log.entries} == {name}
    assert all(one != two for one, two in zip(good, bad, strict=True))


def test_a_stream_is_whole_or_cut() -> None:
    for faults, is_whole in (({}, True), ({"sse_cut": 1.0}, False)):
        with client(Settings(faults=faults)) as (opened, _):
            pieces = list(said(opened, "Tell me.", stream=True))
        reasons = [piece.choices[0].finish_reason for piece in pieces]
        assert (reasons[-1] == "stop") is is_whole
        text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
        assert text.endswith(".") is is_whole


def test_too_few_tokens_cut_the_answer() -> None:
    with client(Settings()) as (opened, _):
        told = said(opened, "Tell me.", max_tokens=3)
    assert told.choices[0].finish_reason == "length"
    assert len(told.choices[0].message.content) == 12


def test_limits_hold_and_violations_are_counted() -> None:
    seconds = [0.0]
    with client(Settings(requests_per_minute=3), clock=lambda: seconds[0]) as (opened, teacher):
        for number in range(3):
            said(opened, f"{number}")
        seconds[0] = 20.0
        with pytest.raises(openai.RateLimitError) as error:
            said(opened, "one too many")
        assert error.value.response.headers["retry-after"] == "40"
        said(opened, "another model has its own", model="other")
        seconds[0] = 60.0
        said(opened, "now")
    assert teacher.log.stats()["violations"] == 1
    assert [entry.is_violation for entry in teacher.log.entries] == [False] * 3 + [True] + [False] * 2


def test_what_is_in_flight_is_counted() -> None:
    with client(Settings(latency_s=0.3)) as (opened, teacher), ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: said(opened, f"{number}"), range(8)))
    assert teacher.log.peak == 8
    assert teacher.log.in_flight == 0
    assert all(entry.seconds >= 0.3 for entry in teacher.log.entries)


def test_models_are_known_or_not() -> None:
    with client(Settings(models={"judge-95": 0.95, "small": 0.5})) as (opened, _):
        assert [model.id for model in opened.models.list()] == ["judge-95", "small"]
        assert opened.models.retrieve("small").id == "small"
        with pytest.raises(openai.NotFoundError):
            said(opened, "Hello.", model="large")


def test_a_wrong_key_is_refused() -> None:
    with client(Settings(key="right")) as (opened, _):
        with pytest.raises(openai.AuthenticationError):
            said(opened, "Hello.")
        assert said(opened.with_options(api_key="right"), "Hello.").choices


@pytest.mark.parametrize("wrong", [{"messages": []}, {"n": 2}, {"model": 5}])
def test_what_cannot_be_answered_is_400(wrong: dict[str, Any]) -> None:
    with client(Settings()) as (opened, _), pytest.raises(openai.BadRequestError):
        opened.chat.completions.create(**{**body("Hello."), **wrong})


def test_embeddings_of_texts_that_share_words_are_near() -> None:
    texts = ["a red kite over the harbour", "the red kite over a harbour", "nothing of the kind"]
    with client(Settings(dimensions=256)) as (opened, _):
        told = opened.embeddings.create(model="e", input=texts)
        plain = opened.embeddings.create(model="e", input=texts, encoding_format="float")
    one, two, three = (np.asarray(row.embedding) for row in told.data)
    assert one.shape == (256,)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one @ two > 0.9 > one @ three
    assert np.allclose(plain.data[0].embedding, one, atol=1e-6)


def test_a_recipe_may_bring_its_own_answerer() -> None:
    def shout(asked: Asked, mind: Mind) -> dict[str, Any]:
        return {"caption": mind.seen(asked)[0].text.upper(), "start_us": asked.sample, "mood": "busy"}

    with client(Settings(), answerers={"Caption": shout}) as (opened, _):
        told = said(opened, span("aaaa"), schema=SCHEMA, form="Caption", seed=7)
    assert json.loads(told.choices[0].message.content) == {
        "caption": "OVER A HARBOUR THE KITE IS RED.",
        "start_us": 7,
        "mood": "busy",
    }


def test_the_log_can_be_read_over_http_and_from_a_place_on() -> None:
    teacher = Teacher(Settings(log_chars=5))
    with start.in_thread(teacher) as place, openai.OpenAI(base_url=place.url, api_key="none") as opened:
        for number in range(3):
            said(opened, f"number {number}")
        assert [entry["asked"] for entry in start.entries(place, 1)] == ["numbe", "numbe"]
        assert start.stats(place)["requests"] == 3


def test_a_teacher_runs_as_a_process_beside() -> None:
    with start.apart(Settings(seed=5)) as place, openai.OpenAI(base_url=place.url, api_key="none") as opened:
        beside = said(opened, "Hello.").choices[0].message.content
        assert start.stats(place)["answered"] == 1
    with client(Settings(seed=5)) as (opened, _):
        assert said(opened, "Hello.").choices[0].message.content == beside


def test_a_process_that_cannot_start_says_why() -> None:
    with pytest.raises(ToolDown, match="no truth about films"), start.apart(Settings(truth="nowhere.json")):
        pass


def test_a_port_that_is_taken_is_said() -> None:
    one, two = Teacher(Settings()), Teacher(Settings())
    with (
        start.in_thread(one) as place,
        pytest.raises(ToolDown, match="use port 0"),
        start.in_thread(two, place.port),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"faults": {"sneeze": 0.1}}', "no fault is called 'sneeze'"),
        ('{"defects": {"blind": 1.5}}', r"must lie in \[0, 1\]"),
        ('{"defects": {"blind": 0.7, "prose": 0.7}}', "must not exceed 1"),
        ('{"structured": "xml"}', "must be 'schema'"),
        ('{"delay": 1}', "known are seed"),
        ("[]", "no settings of a teacher"),
    ],
)
def test_settings_that_cannot_be_are_refused(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        from_json(text)
    assert from_json(Settings(seed=3, models={"a": 1}).to_json()) == Settings(seed=3, models={"a": 1})
