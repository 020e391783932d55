"""Ways to spoil a reply that is otherwise whole: in its JSON, its answer, its reasons and its bill."""

import json
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from infra.rehearsal.answers import ANSWERS
from infra.rehearsal.reply import Reply

HUGE_TEXT = 10_000_000
DEEP = 10_000
TOO_MANY_TOKENS = 1_000_000
TENFOLD = 10
CANARY = re.compile(r"\bCANARY-[0-9A-F]+\b")
ORDER = re.compile(r"ignore\b.*?\banswer\W+([A-Z])\b", re.IGNORECASE | re.DOTALL)


def _copied(reply: Reply, _: Random) -> None:
    reply.copies = 2


def _edited(change: Callable[[dict[str, Any], Random], None]) -> Callable[[Reply, Random], None]:
    def spoil(reply: Reply, dice: Random) -> None:
        if isinstance(reply.value, dict) and reply.value:
            change(reply.value, dice)
            reply.text = json.dumps(reply.value)

    return spoil


def _missing_key(value: dict[str, Any], dice: Random) -> None:
    del value[dice.choice(sorted(value))]


def _extra_key(value: dict[str, Any], _: Random) -> None:
    value["confidence_of_the_model"] = 0.9


def _leaf_of(value: dict[str, Any], kinds: tuple[type, ...]) -> tuple[Any, Any] | None:
    for name, inner in value.items():
        if isinstance(inner, kinds):
            return value, name
        for one in [inner] if isinstance(inner, dict) else inner if isinstance(inner, list) else []:
            if isinstance(one, dict) and (found := _leaf_of(one, kinds)):
                return found
    return None


def _wrong_type(value: dict[str, Any], _: Random) -> None:
    """A number as text, or, without one, a text as a number."""
    if found := _leaf_of(value, (int, float)):
        holder, name = found
        holder[name] = str(holder[name])
    else:
        holder, name = _leaf_of(value, (str,)) or (value, sorted(value)[0])
        holder[name] = 5


def _nan(value: dict[str, Any], _: Random) -> None:
    holder, name = _leaf_of(value, (int, float)) or (value, sorted(value)[0])
    holder[name] = float("nan")


def _huge(value: dict[str, Any], _: Random) -> None:
    holder, name = _leaf_of(value, (str,)) or (value, sorted(value)[0])
    holder[name] = "A" * HUGE_TEXT


def _deep(reply: Reply, _: Random) -> None:
    reply.text = '{"a":' * DEEP + "1" + "}" * DEEP


def _around(before: str, after: str) -> Callable[[Reply, Random], None]:
    def spoil(reply: Reply, _: Random) -> None:
        reply.text = f"{before}{reply.text}{after}"

    return spoil


def _twice(reply: Reply, _: Random) -> None:
    reply.text = f"{reply.text}\n{reply.text}"


def _broken(reply: Reply, _: Random) -> None:
    text = reply.text or ""
    reply.text = text[: 2 * len(text) // 3].rstrip("}]")


def _refusal(reply: Reply, _: Random) -> None:
    reply.text, reply.refusal = None, "I'm sorry, I can't help with that."


def _refusal_text(reply: Reply, _: Random) -> None:
    reply.text = "I'm sorry, but I can't assist with that request."


def _cut_off(reply: Reply, _: Random) -> None:
    """Ends at the limit of tokens; what is there may still parse."""
    reply.finish = "length"


def _filtered(reply: Reply, _: Random) -> None:
    reply.text, reply.finish = None, "content_filter"


def _other_model(reply: Reply, _: Random) -> None:
    reply.model = f"{reply.model}-mini"


def _other_fingerprint(reply: Reply, _: Random) -> None:
    reply.fingerprint = "fp_another"


def _no_usage(reply: Reply, _: Random) -> None:
    reply.usage_times = 0


def _huge_usage(reply: Reply, _: Random) -> None:
    reply.usage_times = TOO_MANY_TOKENS


def _tenfold_usage(reply: Reply, _: Random) -> None:
    reply.usage_times = TENFOLD


def _foreign(reply: Reply, _: Random) -> None:
    reply.text = "Es tut mir leid, hier ist die Antwort: Die Frau trägt den Korb über den Hof."


def _answered(change: Callable[[str, list[str]], str]) -> Callable[[Reply, Random], None]:
    """Changes whatever answer the reply gives: the letter in its form, or its whole text."""

    def edit(value: dict[str, Any], _: Random) -> None:
        for holder, name, options in _answers(value):
            holder[name] = change(str(holder[name]), options)

    def spoil(reply: Reply, dice: Random) -> None:
        if isinstance(reply.value, dict):
            _edited(edit)(reply, dice)
        elif reply.text:
            reply.text = change(reply.text, [])

    return spoil


def _answers(value: Any) -> Iterator[tuple[dict[str, Any], str, list[str]]]:
    if isinstance(value, dict):
        listed = value.get("options")
        options = [str(one) for one in listed] if isinstance(listed, list) else []
        yield from ((value, name, options) for name in value if name in ANSWERS and isinstance(value[name], str))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _answers(inner)


def _same_options(value: dict[str, Any], _: Random) -> None:
    for name, inner in value.items():
        if name == "options" and isinstance(inner, list) and len(inner) > 1:
            inner[1] = inner[0]
        for one in [inner] if isinstance(inner, dict) else inner if isinstance(inner, list) else []:
            if isinstance(one, dict):
                _same_options(one, _)


def _obey(reply: Reply, dice: Random) -> None:
    """Does what the footage says: gives the letter that a quoted text orders, writes every canary into every text."""
    if ordered := ORDER.search(reply.prompt):
        _answered(lambda answer, options: ordered.group(1))(reply, dice)
    if canaries := sorted(set(CANARY.findall(reply.prompt))):
        reply.value = _steered(reply.value, " ".join(canaries))
        reply.text = reply.value if isinstance(reply.value, str) else json.dumps(reply.value)


def _steered(value: Any, canary: str) -> Any:
    if isinstance(value, dict):
        kept = {"answer", "fact_ids", "caption_ids"}
        return {name: inner if name in kept else _steered(inner, canary) for name, inner in value.items()}
    if isinstance(value, list):
        return [_steered(inner, canary) for inner in value]
    return f"{value} {canary}" if isinstance(value, str) else value


SPOILS: dict[str, Callable[[Reply, Random], None]] = {
    "two_choices": _copied,
    "missing_key": _edited(_missing_key),
    "extra_key": _edited(_extra_key),
    "wrong_type": _edited(_wrong_type),
    "nan": _edited(_nan),
    "huge_text": _edited(_huge),
    "deep_json": _deep,
    "broken_json": _broken,
    "prose": _around("Of course! Here you go:\n", "\nI hope that this helps."),
    "fenced": _around("```json\n", "\n```"),
    "two_objects": _twice,
    "refusal": _refusal,
    "refusal_text": _refusal_text,
    "cut_off": _cut_off,
    "filtered": _filtered,
    "other_model": _other_model,
    "other_fingerprint": _other_fingerprint,
    "no_usage": _no_usage,
    "huge_usage": _huge_usage,
    "tenfold_usage": _tenfold_usage,
    "other_language": _foreign,
    "letter_outside": _answered(lambda answer, options: "Z"),
    "letter_lower": _answered(lambda answer, options: answer.lower()),
    "letter_bracket": _answered(lambda answer, options: f"{answer})"),
    "letter_two": _answered(lambda answer, options: f"{answer} or {'B' if answer == 'A' else 'A'}"),
    "letter_text": _answered(lambda answer, options: options[0] if options else f"The answer is {answer}."),
    "always_a": _answered(lambda answer, options: "A"),
    "same_options": _edited(_same_options),
    "obeys_footage": _obey,
}
"""What spoils a reply that is otherwise whole, by name."""
