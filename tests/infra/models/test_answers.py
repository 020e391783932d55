"""Structured answers: taken out of prose, checked, repaired at most twice; what cannot be used is told apart."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra.models.extract import NoJson, extract
from infra.models.judge import decide, looks_refused
from infra.models.raw import Raw
from infra.profile_models import ModelPart
from schemas.chat import Picture, Request
from schemas.units import BlobId
from tests.infra.models.asking import GOOD, Pick, ask, lost, one, part, reply, requests, room
from tests.infra.models.server import Server, fails, says, serving

pytestmark = pytest.mark.slow

BAD = '{"letter": "C", "count": 3}'


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        ' \n{"a": 1}\n',
        'Sure! Here it is: {"a": 1}. Anything else?',
        '```json\n{"a": 1}\n```',
        'I thought {hard} about it.\n```\n{"a": 1}\n```\nDone.',
        '<think>{"b": 2}</think>{"a": 1}',
        '{"a": 1} and again {"a": 1}',
    ],
)
def test_json_is_found_wherever_it_stands_alone(text: str) -> None:
    assert json.loads(extract(text)) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1} or {"a": 2}', "2 JSON objects"),
        ("no idea", "no complete JSON"),
        ('{"a": 1', "no complete JSON"),
        ("[1, 2]", "no complete JSON"),
        ("[" * 10_000, "no complete JSON"),
        ('{"a":' * 10_000, "nested"),
        ("x" * 2_000_000, "longer"),
    ],
    ids=["two", "none", "half", "a list", "deep list", "deep object", "long"],
)
def test_what_is_not_one_object_is_told(text: str, told: str) -> None:
    with pytest.raises(NoJson, match=told):
        extract(text)


@pytest.mark.parametrize(
    "text",
    ["{a} " * 50_000, '{"a" ' * 50_000, "```" + "\n" * 200_000 + "x", "```" + "a" * 200_000],
    ids=["braces", "half objects", "lines", "letters"],
)
def test_what_a_model_that_rambles_says_is_looked_through_at_once(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(NoJson):
        extract(text)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "wrong",
    [
        BAD,
        '{"letter": "A"}',
        '{"letter": "A", "count": "3"}',
        '{"letter": "A", "count": NaN}',
        '{"letter": "A", "count": 3, "more": 1}',
        "Eine Antwort ohne Form",
        "",
        '{"letter": "A", "count": 1} {"letter": "B", "count": 1}',
    ],
)
def test_a_wrong_answer_is_repaired_with_the_error_told_back(wrong: str, tmp_path: Path) -> None:
    with serving(lambda server, _: says(wrong if len(server.calls) == 1 else GOOD)) as server:
        answer = reply(one(tmp_path, part(server)))
        assert (answer.filled(Pick).letter, answer.repairs) == ("A", 1)
        assert (answer.tokens_in, answer.tokens_out, answer.cost_usd) == (20, 10, 1e-5)
        said, told = server.calls[1]["messages"][-2:]
        assert said == {"role": "assistant", "content": wrong or "(nothing)"}
        assert "cannot be used" in told["content"]
        assert '"enum": ["A", "B"]' in told["content"]


def test_after_two_repairs_it_is_a_bad_reply_with_what_was_said(tmp_path: Path) -> None:
    with serving(lambda *_: says(BAD)) as server:
        answer = lost(one(tmp_path, part(server)))
        assert (answer.reason, answer.raw, len(server.calls)) == ("bad_reply", BAD, 3)
        assert "letter: Input should be 'A' or 'B'" in answer.detail


def test_a_cut_off_answer_is_asked_for_once_more_with_more_room(tmp_path: Path) -> None:
    def answer(server: Server, body: dict[str, Any]) -> Any:
        return says(GOOD, finish="length" if body["max_tokens"] < 4096 else "stop")

    with serving(answer) as server:
        assert reply(one(tmp_path, part(server))).filled(Pick).count == 3
        assert [call["max_tokens"] for call in server.calls] == [1024, 4096]


def test_an_answer_that_is_always_cut_off_is_never_taken(tmp_path: Path) -> None:
    with serving(lambda *_: says(GOOD, finish="length")) as server:
        answer = lost(one(tmp_path, part(server)))
        assert (answer.reason, len(server.calls)) == ("cut_off", 2)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (lambda: says(None, refusal="I won't."), "refused"),
        (lambda: says("I\u2019m sorry, but I can\u2019t help with that."), "refused"),
        (lambda: says(None, finish="content_filter"), "filtered"),
        (lambda: says(GOOD, finish="content_filter"), "filtered"),
    ],
    ids=["refusal", "refusal in words", "filter", "filter with text"],
)
def test_refusals_and_filters_are_told_apart_and_not_asked_again(
    said: Callable[[], Any], reason: str, tmp_path: Path
) -> None:
    with serving(lambda *_: said()) as server:
        assert lost(one(tmp_path, part(server))).reason == reason
        assert lost(one(tmp_path, part(server))).reason == reason
        assert len(server.calls) == 1


@pytest.mark.parametrize("text", ["I cannot see any people in the first frame.", "A sorry sight.", GOOD])
def test_what_only_sounds_like_a_refusal_is_an_answer(text: str) -> None:
    assert not looks_refused(text)


def test_the_form_is_asked_for_by_its_schema(tmp_path: Path) -> None:
    with serving(lambda *_: says(GOOD)) as server:
        one(tmp_path, part(server))
        asked = server.calls[0]["response_format"]["json_schema"]
    assert (asked["name"], asked["strict"]) == ("Pick", True)
    assert asked["schema"]["required"] == ["letter", "count"]


@pytest.mark.parametrize(
    ("refuses", "used"),
    [({"json_schema"}, "json_object"), ({"json_schema", "json_object"}, None)],
    ids=["no schema", "no JSON mode"],
)
def test_a_server_without_schemas_is_found_out_once_and_told_once(
    refuses: set[str], used: str | None, tmp_path: Path
) -> None:
    def answer(_: Server, body: dict[str, Any]) -> Any:
        kind = body.get("response_format", {}).get("type")
        return fails(400, f"response_format {kind} is not supported") if kind in refuses else says(GOOD)

    with serving(answer) as server:
        answers = ask(tmp_path, part(server), requests(40, Pick))
        assert [reply(answer).repairs for answer in answers] == [0] * 40
        assert server.calls[-1].get("response_format", {}).get("type") == used
        assert '"enum": ["A", "B"]' in server.calls[-1]["messages"][0]["content"]
        assert len(server.calls) <= 40 + 8 * len(refuses)
    assert len((tmp_path / "models.jsonl").read_text().splitlines()) == len(refuses)


def test_a_server_that_ignores_schemas_without_a_word_is_found_out(tmp_path: Path) -> None:
    def answer(_: Server, body: dict[str, Any]) -> Any:
        return says("well, A" if "enum" not in str(body["messages"]) else f"Here: {GOOD}")

    with serving(answer) as server:
        answers = ask(tmp_path, part(server, in_flight=1), requests(20, Pick))
        assert sum(reply(answer).repairs for answer in answers) == 3
    assert "answers do not keep to it" in (tmp_path / "models.jsonl").read_text()


@pytest.mark.parametrize("in_flight", [1, 8])
@pytest.mark.parametrize("count", [1, 12])
def test_a_prompt_that_is_too_long_says_nothing_about_formats(in_flight: int, count: int, tmp_path: Path) -> None:
    def answer(_: Server, body: dict[str, Any]) -> Any:
        return fails(400, "context length exceeded") if "number 0" in str(body["messages"]) else says(GOOD)

    with serving(answer) as server:
        with closing(room(tmp_path, part(server, in_flight=in_flight))) as place:
            answers = list(place.chat("writer")(requests(count, Pick)))
            assert lost(answers[0]).reason == "bad_reply"
            assert [reply(answer).repairs for answer in answers[1:]] == [0] * (count - 1)
            list(place.chat("writer")(requests(20, Pick)[count:]))
        assert server.calls[-1]["response_format"]["type"] == "json_schema"


def test_a_server_that_says_nothing_of_why_it_takes_no_schema_is_understood(tmp_path: Path) -> None:
    def answer(_: Server, body: dict[str, Any]) -> Any:
        return fails(400, "bad request") if "response_format" in body or "number 1" in str(body) else says(GOOD)

    with serving(answer) as server:
        answers = ask(tmp_path, part(server, in_flight=2), requests(9, Pick))
        assert [getattr(one, "repairs", None) for one in answers] == [0, None, *[0] * 7]


def test_a_server_with_other_words_for_settings_is_understood(tmp_path: Path) -> None:
    def answer(_: Server, body: dict[str, Any]) -> Any:
        if "max_tokens" in body:
            return fails(400, "Use 'max_completion_tokens' instead.", param="max_tokens")
        if "temperature" in body:
            return fails(400, "Only the default (1) value is supported.", param="temperature")
        return says(GOOD)

    with serving(answer) as server:
        assert len([reply(answer) for answer in ask(tmp_path, part(server), requests(20, Pick))]) == 20
        assert server.calls[-1]["max_completion_tokens"] == 1024


def test_a_server_that_refuses_everything_is_not_asked_without_end(tmp_path: Path) -> None:
    with serving(lambda *_: fails(400, "no 'seed' here")) as server:
        assert lost(one(tmp_path, part(server))).reason == "bad_reply"
        assert len(server.calls) < 12


def test_pictures_go_as_data(tmp_path: Path) -> None:
    request = Request("", ("What is this?", Picture(BlobId("ab.jpg"))))
    with serving(lambda *_: says("a dog")) as server:
        assert reply(one(tmp_path, part(server), request)).text == "a dog"
        content = server.calls[0]["messages"][0]["content"]
    assert content[0] == {"type": "text", "text": "What is this?"}
    assert content[1]["image_url"]["url"].startswith("data:image/jpeg;base64,/9hqcGVn")


def test_what_was_said_decides_the_same_again() -> None:
    model = ModelPart(name="m", revision="1")
    tries = [Raw(BAD), Raw(GOOD, finish="length"), Raw(GOOD)]
    answer = decide(requests(1, Pick)[0], model, tries)
    assert answer == decide(requests(1, Pick)[0], model, tries)
    assert reply(answer).repairs == 1  # type: ignore[arg-type]
