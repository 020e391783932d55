"""Defects that a teacher plants in its answers at known rates, each recorded, so that what slips through is counted.

``hallucinated``, ``blind`` and ``wrong_letter`` are drawn per question in an answer, ``hallucinated_text`` per answer
without questions, ``refused``, ``broken_json`` and ``prose`` per answer.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from infra.rehearsal.answers import ANSWERS, TEXTS
from infra.rehearsal.asked import Asked, Item
from infra.rehearsal.chance import drawn
from infra.rehearsal.english import INVENTED
from infra.rehearsal.mind import Mind
from infra.rehearsal.reply import Reply
from infra.rehearsal.truth import GIVEN_AWAY, Fact

REFUSAL = "I'm sorry, but I can't help with that."
PROSE = ("Sure! Here is the JSON you asked for:\n\n", "\n\nLet me know if you would like me to change anything.")


@dataclass(frozen=True)
class Question:
    """A question within an answer: the object that holds it, and where it lies."""

    where: str
    holder: dict[str, Any]

    @property
    def options(self) -> list[str]:
        """The texts of its options, none for an open one."""
        listed = self.holder.get("options") or self.holder.get("choices") or []
        texts = listed.values() if isinstance(listed, dict) else listed
        return [one["text"] if isinstance(one, dict) else str(one) for one in texts]

    @property
    def answer_name(self) -> str | None:
        """The field that says which answer is right."""
        return next((name for name in self.holder if name in ANSWERS and isinstance(self.holder[name], str)), None)

    @property
    def place(self) -> int | None:
        """The place of the right option; None for an open question."""
        told = self.holder[self.answer_name] if self.answer_name else ""
        if told in self.options:
            return self.options.index(told)
        place = ord(told) - ord("A") if len(told) == 1 else -1
        return place if 0 <= place < len(self.options) else None

    @property
    def answer(self) -> str:
        """The text of the right answer."""
        place = self.place
        told = self.holder[self.answer_name] if self.answer_name else ""
        return self.options[place] if place is not None else told

    def set_option(self, place: int, text: str) -> None:
        """Writes another text into that option; an answer that repeats the old one repeats the new one."""
        if self.answer_name and self.holder[self.answer_name] == self.options[place]:
            self.holder[self.answer_name] = text
        listed: Any = self.holder.get("options") or self.holder.get("choices")
        key = list(listed)[place] if isinstance(listed, dict) else place
        if isinstance(listed[key], dict):
            listed[key]["text"] = text
        else:
            listed[key] = text


def plant(reply: Reply, asked: Asked, mind: Mind) -> None:
    """Spoils the reply's value and text as the settings say, and records what was planted in ``reply.planted``."""
    rates, seed = mind.settings.defects, mind.settings.seed
    per_item = {name: rates[name] for name in PER_ITEM if rates.get(name)}
    if isinstance(reply.value, dict) and (per_item or rates.get("hallucinated_text")):
        found = list(questions(reply.value))
        for question in found:
            _note(drawn(per_item, seed, "defect", asked.key, question.where), question, asked, mind, reply)
        if not found and drawn({"t": rates.get("hallucinated_text", 0)}, seed, "text", asked.key):
            _hallucinate_text(reply, asked, mind)
        reply.text = json.dumps(reply.value)
    whole = {name: rates[name] for name in PER_REPLY if rates.get(name)}
    name = drawn(whole, seed, "reply", asked.key) if whole else None
    if name:
        reply.planted.append({"defect": name})
        PER_REPLY[name](reply)


def questions(value: Any, where: str = "") -> Iterator[Question]:
    """Every question in an answer: objects with ``question`` and an answer."""
    if isinstance(value, dict):
        found = Question(where, value)
        if isinstance(value.get("question"), str) and found.answer_name:
            yield found
        for name, inner in value.items():
            yield from questions(inner, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from questions(inner, f"{where}[{number}]")


def _note(name: str | None, question: Question, asked: Asked, mind: Mind, reply: Reply) -> None:
    if name and PER_ITEM[name](question, asked, mind):
        planted = {"defect": name, "at": question.where, "question": question.holder["question"]}
        reply.planted.append({**planted, "answer": question.answer})


def _hallucinate(question: Question, asked: Asked, mind: Mind) -> bool:
    """The right option's text becomes something false: no option is right then."""
    dice, place, known = mind.dice(asked, question.where), question.place, question.answer
    fact = _fact(question, asked, mind)
    free = [other for other in fact.others if other not in question.options] if fact else []
    false = dice.choice(free) if free else dice.choice(INVENTED)
    if place is not None:
        question.set_option(place, false)
    elif question.answer_name:
        question.holder[question.answer_name] = false
    for name, text in question.holder.items():
        if fact and isinstance(text, str) and fact.text in text:
            question.holder[name] = text.replace(fact.text, fact.with_value(false) if free else false)
    return question.answer != known


def _give_away(question: Question, asked: Asked, mind: Mind) -> bool:
    """The question names its own answer, so that it can be answered blind."""
    del asked, mind
    question.holder["question"] = f"{question.holder['question'].rstrip('?')}{GIVEN_AWAY}{question.answer}?"
    return True


def _mistake(question: Question, asked: Asked, mind: Mind) -> bool:
    """Another option is called the right one."""
    place = question.place
    if place is None or len(question.options) < 2 or question.answer_name is None:
        return False
    others = [other for other in range(len(question.options)) if other != place]
    other = mind.dice(asked, question.where).choice(others)
    is_text = question.holder[question.answer_name] in question.options
    question.holder[question.answer_name] = question.options[other] if is_text else chr(ord("A") + other)
    return True


def _fact(question: Question, asked: Asked, mind: Mind) -> Fact | None:
    options = {str(number): text for number, text in enumerate(question.options)}
    return mind.truth.answered(Item(question.holder["question"], options), {span.video_id for span in asked.spans()})


def _hallucinate_text(reply: Reply, asked: Asked, mind: Mind) -> None:
    """One text of the answer tells a falsehood: a fact with another value, or something invented."""
    dice = mind.dice(asked, "text")
    texts = list(_told(reply.value))
    if not texts:
        return
    holder, name = dice.choice(texts)
    holder[name], lie = _falsified(str(holder[name]), mind.seen(asked), dice)
    reply.planted.append({"defect": "hallucinated_text", "text": lie})


def _falsified(text: str, facts: list[Fact], dice: Random) -> tuple[str, str]:
    told = [fact for fact in facts if fact.text in text]
    if not told:
        lie = dice.choice(INVENTED)
        return lie, lie
    fact = dice.choice(told)
    lie = fact.with_value(dice.choice(fact.others))
    return text.replace(fact.text, lie), lie


def _told(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for name, inner in pairs:
        if isinstance(inner, str) and (name in TEXTS or " " in inner):
            yield value, name
        yield from _told(inner)


def _refuse(reply: Reply) -> None:
    reply.text, reply.refusal, reply.value = None, REFUSAL, None


def _break(reply: Reply) -> None:
    """JSON that ends too early: what a parser cannot read, and nothing can mend for sure."""
    text = reply.text or ""
    reply.text = text[: max(1, 2 * len(text) // 3)].rstrip("}]")


def _wrap(reply: Reply) -> None:
    reply.text = f"{PROSE[0]}{reply.text}{PROSE[1]}"


PER_ITEM: dict[str, Callable[[Question, Asked, Mind], bool]] = {
    "hallucinated": _hallucinate,
    "blind": _give_away,
    "wrong_letter": _mistake,
}
PER_REPLY: dict[str, Callable[[Reply], None]] = {"refused": _refuse, "broken_json": _break, "prose": _wrap}
DEFECTS: dict[str, str] = {
    "hallucinated": "the right option, or the open answer, is replaced by something false of the footage",
    "hallucinated_text": "one text of an answer without questions tells something false of the footage",
    "blind": "the question names its answer",
    "wrong_letter": "another option is called the right one",
    "refused": "the model refuses",
    "broken_json": "the JSON ends too early",
    "prose": "friendly words stand before and after the JSON",
}
"""What may be planted, by name."""
