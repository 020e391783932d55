"""Answers that are true as far as the truth is known: what to write in the fields of a form, told by their names.

A recipe whose forms mean more than their names say registers an answerer of its own under the form's name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from infra.rehearsal import english
from infra.rehearsal.asked import Asked
from infra.rehearsal.fill import Schema, Walk, bounds, shortened
from infra.rehearsal.mind import Mind
from infra.rehearsal.truth import Fact, Status

LETTERS = re.compile(r"[A-Z]")
ANSWERS = {"answer", "correct", "correct_answer", "correct_option", "letter", "option", "choice", "answer_letter"}
TEXTS = {
    "caption", "captions", "claim", "content", "description", "evidence", "event", "explanation", "fact", "key_facts",
    "observation", "rationale", "reason", "reasoning", "scene", "sentence", "statement", "step", "summary", "text",
}  # fmt: skip
NAMES = {"entities", "entity", "key_objects", "label", "name", "object", "objects", "subject", "title"}
IDS = {"cites", "fact_ids", "facts_used", "evidence_ids", "supported_by"}
WRONG_IF_TRUE = {"contradicted", "hallucinated", "is_wrong", "violates"}
RIGHT_IF_TRUE = {
    "correct",
    "faithful",
    "holds",
    "is_correct",
    "is_supported",
    "is_true",
    "ok",
    "passes",
    "supported",
    "true",
}
SCORES = {"match", "rating", "relevance", "score"}
STATUSES = {"supported", "contradicted"}
USUAL_OPTIONS = 4


@dataclass(frozen=True)
class Subject:
    """What an object of a form is about: a question with its options and the place of the right one, and its fact."""

    question: str
    options: tuple[str, ...]
    place: int
    fact: Fact | None

    @property
    def letter(self) -> str:
        """The letter of the right option."""
        return chr(ord("A") + self.place)


class Knowing:
    """Fills in forms out of what is known about the spans that the prompt names, else out of chance."""

    def __init__(self, asked: Asked, mind: Mind, dice: Random) -> None:
        self._asked, self._mind, self._dice = asked, mind, dice
        self._facts = mind.seen(asked)
        dice.shuffle(self._facts)
        self._told = self._used = self._claimed = 0
        self._subjects: list[Subject | None] = []
        self._claims = claims(asked)

    def begin(self, name: str, schema: Schema) -> None:
        """An object starts: a question of its own, or part of what is around it."""
        properties = schema.get("properties", {})
        around = self._subjects[-1] if self._subjects else None
        self._subjects.append(self._subject(properties) if "question" in properties else around)

    def end(self) -> None:
        """The object is done."""
        self._subjects.pop()

    def whole(self, name: str, schema: Schema) -> Any:
        """Options, cited facts and lists of complaints; of anything else, None."""
        if name in IDS:
            return self._cited(schema)
        if name.startswith("violat") or name in ("problems", "complaints"):
            return [] if self._status() != "contradicted" and not schema.get("minItems") else None
        subject = self._subjects[-1] if self._subjects else None
        if name not in ("options", "choices") or not subject or schema.get("type") != "array":
            return None
        inner: Mapping[str, Any] = schema.get("items", {}).get("properties", {})
        if not inner:
            return list(subject.options)
        if set(inner) != {"letter", "text"}:
            return None
        return [{"letter": chr(ord("A") + n), "text": text} for n, text in enumerate(subject.options)]

    def leaf(self, name: str, schema: Schema) -> Any:
        """What belongs into a field of that name; None where it is not known."""
        kind = schema.get("type")
        if "enum" in schema:
            return self._choice(schema["enum"])
        if kind == "boolean":
            return self._yes(name)
        if kind in ("integer", "number"):
            return self._number(name, schema)
        told = self._text(name, schema)
        return shortened(schema, told) if told is not None else None

    def _subject(self, properties: Mapping[str, Schema]) -> Subject:
        listed = properties.get("options") or properties.get("choices") or {}
        count = int(listed.get("maxItems", listed.get("minItems", USUAL_OPTIONS)))
        fact = self._facts[self._used % len(self._facts)] if self._facts else None
        self._used += 1
        if fact is None:
            options = tuple(english.phrase(self._dice) for _ in range(count))
            return Subject(english.question(self._dice), options, self._dice.randrange(count), None)
        texts, place = fact.options(self._dice, count)
        texts += [english.phrase(self._dice) for _ in range(int(listed.get("minItems", 0)) - len(texts))]
        return Subject(fact.question, tuple(texts), place, fact)

    def _choice(self, choices: Sequence[Any]) -> Any:
        texts = [one for one in choices if isinstance(one, str)]
        if texts and all(LETTERS.fullmatch(text) for text in texts):
            subject = self._subjects[-1] if self._subjects else None
            return subject.letter if subject else self._mind.letter(self._asked, texts)
        if set(texts) >= STATUSES:
            return self._status()
        return None

    def _status(self) -> Status:
        claim = None
        if len(self._claims) > 1:
            claim = self._claims[self._claimed % len(self._claims)]
            self._claimed += 1
        return self._mind.status(self._asked, claim or next(iter(self._claims), ""))

    def _yes(self, name: str) -> bool | None:
        if name in WRONG_IF_TRUE:
            return self._status() == "contradicted"
        return self._status() != "contradicted" if name in RIGHT_IF_TRUE else None

    def _number(self, name: str, schema: Schema) -> float | None:
        subject = self._subjects[-1] if self._subjects else None
        spans = self._asked.spans()
        where = (subject and subject.fact) or (spans[0] if spans else None)
        if name in ("start_us", "end_us") and where:
            return where.start_us if name == "start_us" else where.end_us
        least, most = bounds(schema)
        match = self._mind.match(self._asked) if name in SCORES else None
        if match is None or least < -1e9 or most > 1e9:
            return None
        value = least + match * (most - least)
        return round(value) if schema.get("type") == "integer" else round(value, 3)

    def _text(self, name: str, schema: Schema) -> str | None:
        subject = self._subjects[-1] if self._subjects else None
        if subject and (name == "question" or name in ANSWERS):
            short = schema.get("maxLength", 99) <= 2 or name.endswith("letter")
            answer = subject.letter if short else subject.options[subject.place]
            return subject.question if name == "question" else answer
        if subject and len(name) == 1 and 0 <= ord(name) - ord("A") < len(subject.options):
            return subject.options[ord(name) - ord("A")]
        if name in ANSWERS:
            return self._mind.answer(self._asked, is_letter=schema.get("maxLength", 99) <= 2 or name.endswith("letter"))
        if name in NAMES:
            return self._next().value if self._facts else None
        return self._sentence(subject) if name in TEXTS or name.endswith(("_text", "_caption")) else None

    def _sentence(self, subject: Subject | None) -> str | None:
        if subject:
            return subject.fact.text if subject.fact else None
        return self._next().text if self._facts else None

    def _next(self) -> Fact:
        self._told += 1
        return self._facts[(self._told - 1) % len(self._facts)]

    def _cited(self, schema: Schema) -> list[str] | None:
        """The ids, as the prompt gives them, of facts that hold the subject's value first."""
        subject = self._subjects[-1] if self._subjects else None
        value = subject.fact.text if subject and subject.fact else ""
        known = sorted(self._asked.facts().items(), key=lambda pair: value not in pair[1])
        count = min(max(2, int(schema.get("minItems", 0))), int(schema.get("maxItems", 2)))
        return [name for name, _ in known[:count]] if known else None


def claims(asked: Asked) -> list[str]:
    """The claims that the prompt puts, each to be judged."""
    found: list[str] = []
    for one in asked.context():
        listed = one.get("claims")
        if isinstance(listed, list):
            found += [claim for claim in listed if isinstance(claim, str)]
        elif isinstance(one.get("claim"), str):
            found.append(one["claim"])
    return found


def answer(asked: Asked, mind: Mind, schema: Schema) -> dict[str, Any] | str:
    """The generic answer: the form filled in, or a few true sentences where none is asked for."""
    dice = mind.dice(asked)
    if schema:
        filled: dict[str, Any] = Walk(schema, dice, Knowing(asked, mind, dice)).value("", schema)
        return filled
    item = asked.item()
    if item and item.options:
        return mind.letter(asked, list(item.options))
    return " ".join(fact.text for fact in mind.seen(asked)[:3]) or english.sentence(dice)
