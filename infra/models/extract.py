"""The JSON in what a model said: bare, in a code fence, or in the middle of prose, as long as there is only one."""

import json
import re

LONGEST = 1_000_000
DEEPEST = 64
# Each place where an object might begin costs a look at all that stands before it.
MOST_STARTS = 4096
# Possessive, so that a fence without an end is looked through once.
FENCE = re.compile(r"```[a-zA-Z]*+(.*?)```", re.DOTALL)
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
    for _ in range(MOST_STARTS):
        if start < 0:
            break
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
    try:
        end = _decoder.raw_decode(text, start)[1]
    except ValueError:
        return None
    except RecursionError:
        end = None
    if end is None or _depth(text[start:end]) > DEEPEST:
        raise NoJson(f"the answer is nested more than {DEEPEST} deep")
    return end


def _depth(whole: str) -> int:
    """How deep the brackets of a JSON value nest."""
    depth = deepest = 0
    for letter in re.findall(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', whole):
        depth += letter in {"{", "["}
        depth -= letter in {"}", "]"}
        deepest = max(deepest, depth)
    return deepest
