"""One request to the teacher, understood: its form, its pictures, and the data that its prompt quotes."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.rehearsal.reply import tokens_of

TOKENS_PER_PICTURE = 85
OPTION_LINE = re.compile(r"^\s*\(?([A-Z])[.):]\s*(\S.*?)\s*$", re.MULTILINE)
QUESTION_LINE = re.compile(r"^\s*(?:question:\s*)?(\S.*\?)\s*$", re.MULTILINE | re.IGNORECASE)
DECODER = json.JSONDecoder()


class NotAsked(ValueError):
    """The body is no chat completion request: what a server answers with 400."""


@dataclass(frozen=True)
class Item:
    """A question that the prompt puts, with its options by letter, none for an open one."""

    question: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Span:
    """A part of a video that the prompt speaks of, in microseconds, half-open."""

    video_id: str
    start_us: int
    end_us: int


@dataclass(frozen=True)
class Asked:
    """A chat completion request. ``key`` is a hash of all of it; ``attempt`` counts those with the same key, from 0."""

    key: str
    attempt: int
    model: str
    body: Mapping[str, Any]

    @cached_property
    def form(self) -> str:
        """The name of the form to be filled in: that of the JSON schema; empty for plain text."""
        named = _mapping(self._format.get("json_schema")).get("name")
        return str(named or self.schema.get("title", ""))

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        """The JSON schema of the answer: as a response format, or written out in the prompt; empty for plain text."""
        formal = _mapping(_mapping(self._format.get("json_schema")).get("schema"))
        return formal or next((one for one in self.context() if "properties" in one and "type" in one), {})

    @cached_property
    def wants(self) -> str:
        """What kind of answer: ``json_schema``, ``json_object`` or ``text``."""
        return str(self._format.get("type", "text"))

    @property
    def sample(self) -> int:
        """The number of this asking: the seed that the client sent, else 0."""
        return int(self.body.get("seed") or 0)

    @property
    def max_tokens(self) -> int:
        """The most tokens that the answer may have."""
        return int(self.body.get("max_completion_tokens") or self.body.get("max_tokens") or 0)

    @cached_property
    def prompt(self) -> str:
        """Everything said to the model, in order: its own earlier answers are left out."""
        return "\n".join(
            text for message in self._messages if message.get("role") != "assistant" for text in _texts(message)
        )

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """The addresses of the pictures: ``data:`` with their bytes, mostly."""
        return tuple(url for message in self._messages for url in _pictures(message))

    @cached_property
    def tokens_in(self) -> int:
        """About how many tokens the request has."""
        return tokens_of(self.prompt) + TOKENS_PER_PICTURE * len(self.pictures)

    def context(self) -> tuple[Mapping[str, Any], ...]:
        """Every JSON object that the prompt quotes, outer before inner, in order; objects inside texts, too."""
        return self._context

    def spans(self) -> tuple[Span, ...]:
        """The parts of videos that the prompt names: objects with ``video_id``, ``start_us`` and ``end_us``."""
        found = (_span(one) for one in self.context())
        return tuple(span for span in found if span)

    def facts(self) -> dict[str, str]:
        """The facts that the prompt gives: text by ``fact_id``."""
        listed = {str(one["fact_id"]): _longest_text(one) for one in self.context() if "fact_id" in one}
        mapped = [_mapping(one.get("facts")) for one in self.context()]
        return listed | {str(name): str(text) for facts in mapped for name, text in facts.items()}

    def item(self) -> Item | None:
        """The question that the prompt puts: out of the data it quotes, or out of its lines."""
        options: dict[str, str] = {}
        question = ""
        for one in self.context():
            question = question or str(one.get("question") or "")
            options = options or _options(one.get("options"))
        if not question and "?" in self.prompt and (found := QUESTION_LINE.findall(self.prompt)):
            question = found[-1]
        if question and not options:
            options = {letter: text.strip('"') for letter, text in OPTION_LINE.findall(self.prompt)}
        return Item(question, options) if question else None

    @cached_property
    def _context(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(_objects(self.prompt))

    @cached_property
    def _format(self) -> Mapping[str, Any]:
        return _mapping(self.body.get("response_format"))

    @property
    def _messages(self) -> Sequence[Mapping[str, Any]]:
        return self.body["messages"]  # type: ignore[no-any-return]  # checked by `asked`


Answerer = Callable[[Asked], "dict[str, Any] | str"]
"""Answers a request: a value for its form, or plain text. Registered by the form's name."""


def key_of(body: bytes) -> str:
    """The identity of a request: a hash of its body."""
    return hashlib.sha256(body).hexdigest()[:24]


def asked(body: bytes, attempt: Callable[[str], int]) -> Asked:
    """The request in the body; ``attempt`` gives the number of this asking by key. Raises NotAsked."""
    try:
        stored = json.loads(body)
    except ValueError as wrong:
        raise NotAsked(f"the body is no JSON: {wrong}") from None
    if not isinstance(stored, dict) or not isinstance(stored.get("model"), str):
        raise NotAsked("you must provide a model")
    messages = stored.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise NotAsked("'messages' must be a list of objects, at least one")
    if stored.get("n", 1) != 1:
        raise NotAsked(f"n is {stored['n']!r}; this server gives one choice")
    key = key_of(body)
    return Asked(key, attempt(key), stored["model"], stored)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    content = message.get("content")
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)


def _pictures(message: Mapping[str, Any]) -> Iterator[str]:
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "image_url":
            yield str(_mapping(part.get("image_url")).get("url", ""))


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    at = text.find("{")
    while at >= 0:
        try:
            found, end = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield from _within(found)
        at = text.find("{", end)


def _within(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _within(one)
    elif isinstance(value, list):
        for one in value:
            yield from _within(one)
    elif isinstance(value, str) and "{" in value:
        yield from _objects(value)


def _span(one: Mapping[str, Any]) -> Span | None:
    bounds = one.get("start_us"), one.get("end_us")
    if not isinstance(one.get("video_id"), str) or not all(isinstance(bound, int) for bound in bounds):
        return None
    return Span(one["video_id"], one["start_us"], one["end_us"])


def _longest_text(one: Mapping[str, Any]) -> str:
    return max(
        (str(text) for name, text in one.items() if isinstance(text, str) and name != "fact_id"), key=len, default=""
    )


def _options(value: object) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(letter): str(text) for letter, text in value.items()}
    if isinstance(value, list):
        texts = [str(one.get("text", "")) if isinstance(one, dict) else str(one) for one in value]
        return {chr(ord("A") + number): text for number, text in enumerate(texts)}
    return {}
