"""The JSON in what a model said: bare, in a code fence, or in the middle of prose, as long as there is only one."""

import json
import re

LONGEST = 1_000_000
DEEPEST = 64
FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)```", re.DOTALL)
THOUGHT = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_decoder = json.JSONDecoder()


class NoJson(ValueError):
    """There is no JSON object, or more than one. The message says which, in words that a model understands."""


def extract(text: str) -> str:
    """The one JSON object in a text. Raises NoJson."""
    if len(text) > LONGEST:
        raise NoJson(f"the answer is longer than {LONGEST:,} characters")
    plain = THOUGHT.sub("", text, count=1).strip()
    if plain.startswith("{") and _ends(plain, 0) == len(plain):
        return plain
    fenced = [block.strip() for block in FENCE.findall(plain) if block.strip().startswith("{")]
    found = fenced if len(fenced) == 1 and _ends(fenced[0], 0) == len(fenced[0]) else _objects(plain)
    if not found:
        raise NoJson("the answer holds no complete JSON object")
    if len(set(found)) > 1:
        raise NoJson(f"the answer holds {len(found)} JSON objects; give exactly one")
    return found[0]


def _objects(text: str) -> list[str]:
    """The outermost JSON objects in a text, in order."""
    found, start = [], text.find("{")
    while start >= 0:
        end = _ends(text, start)
        if end is None:
            start = text.find("{", start + 1)
        else:
            found.append(text[start:end])
            start = text.find("{", end)
        if len(found) > 8:
            break
    return found


def _ends(text: str, start: int) -> int | None:
    """Where the JSON value that begins here ends; None when none does, or when it is nested beyond all sense."""
    if _depth(text, start) > DEEPEST:
        raise NoJson(f"the answer is nested more than {DEEPEST} deep")
    try:
        return _decoder.raw_decode(text, start)[1]
    except ValueError:
        return None


def _depth(text: str, start: int) -> int:
    """How deep brackets nest, counted without regard to strings: an upper bound that cannot itself overflow."""
    if text.count("{", start) + text.count("[", start) <= DEEPEST:
        return 0
    depth = deepest = 0
    for letter in re.findall(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', text[start:]):
        depth += letter in {"{", "["}
        depth -= letter in {"}", "]"}
        deepest = max(deepest, depth)
    return deepest
