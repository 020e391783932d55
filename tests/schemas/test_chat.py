"""Forms are strict, their schemas fit strict decoders, and the key of a reply holds all that decides it."""

import dataclasses
import json
from typing import Any, Literal

import pydantic
import pytest

from schemas.chat import Form, Picture, Reply, Request
from schemas.errors import StageBroken
from schemas.units import BlobId, Micros, Score, Words


class Choice(Form):
    """One option."""

    letter: Literal["A", "B"]
    text: Words


class Question(Form):
    """A question about a scene."""

    title: str
    default: Micros = 0
    sure: Score
    choices: tuple[Choice, ...]


GOOD: dict[str, Any] = {"title": "Who?", "default": 3, "sure": 0.5, "choices": [{"letter": "A", "text": "Anna"}]}
ASKED = Request("be brief", ("What is this?", Picture(BlobId("ab.jpg"))), Question, 100, 0.5, 1)


def test_a_form_is_read_strictly_and_frozen() -> None:
    value = Question.model_validate_json(json.dumps(GOOD))
    assert value.choices[0].letter == "A"
    with pytest.raises(pydantic.ValidationError):
        value.title = "other"


@pytest.mark.parametrize(
    "wrong",
    [
        {"extra": 1},
        {"default": "3"},
        {"default": -1},
        {"sure": 1.5},
        {"sure": float("nan")},
        {"title": None},
        {"choices": [{"letter": "C", "text": "x"}]},
        {"choices": [{"letter": "A", "text": ""}]},
    ],
    ids=str,
)
def test_what_does_not_fit_the_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Question.model_validate_json(json.dumps(GOOD | wrong))


def test_the_schema_of_a_form_requires_every_field_and_allows_no_other() -> None:
    schema = json.loads(Question.schema_text())
    assert schema["required"] == list(schema["properties"]) == ["title", "default", "sure", "choices"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["default"] == {"minimum": 0, "type": "integer"}
    inner = schema["$defs"]["Choice"]
    assert (inner["required"], inner["additionalProperties"]) == (["letter", "text"], False)
    assert inner["description"] == "One option."


def test_the_key_is_the_same_for_the_same_asking() -> None:
    assert ASKED.key("m@1") == dataclasses.replace(ASKED).key("m@1")
    assert len(ASKED.key("m@1")) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"system": "be long"},
        {"parts": ("What is this?", Picture(BlobId("cd.jpg")))},
        {"parts": ("What is this?", "ab.jpg")},
        {"parts": (Picture(BlobId("ab.jpg")), "What is this?")},
        {"form": Choice},
        {"form": None},
        {"max_tokens": 101},
        {"temperature": 0.6},
        {"sample": 2},
    ],
    ids=str,
)
def test_whatever_decides_the_reply_changes_its_key(change: dict[str, Any]) -> None:
    assert dataclasses.replace(ASKED, **change).key("m@1") != ASKED.key("m@1")


def test_the_model_changes_the_key() -> None:
    assert ASKED.key("m@1") != ASKED.key("m@2")


def test_text_that_no_encoding_knows_has_a_key() -> None:
    assert Request("", ("\udcff",)).key("m@1")


def test_a_reply_gives_the_form_that_was_asked_for_and_no_other() -> None:
    value = Choice(letter="A", text="x")
    reply = Reply("m@1", "{}", value, 1, 1, None, 0)
    assert reply.filled(Choice) is value
    with pytest.raises(StageBroken, match="holds Choice, not Question"):
        reply.filled(Question)
