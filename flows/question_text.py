"""What stands in a row of a question set: the question alone, the options without their letters, the answer."""

import ast
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.errors import Reason

LETTERS = string.ascii_uppercase
MARKED = re.compile(r"^\s*[(\[]?([A-Za-z])[.):\]]+\s+(?=\S)|^\s*[(\[]([A-Za-z])[)\]]\s*(?=\S)")
INLINE = re.compile(r"(?:^|\s)[(\[]?([A-Z])[.):\]]\s+")
ALONE = re.compile(
    r"^\s*(?:the\s+)?(?:correct\s+)?(?:answer|option)?\s*(?:is)?[:\s]*[(\[]?([A-Za-z])[.):\]]*\s*$", re.IGNORECASE
)
LAST = re.compile(r"(?i:answer(?:\s+is)?)\s*:?\s*[(\[]?([A-Z])\b")
PLACEHOLDER = re.compile(r"^(?:[^\n]{0,60}:\s*)?<(?:image|video)>$")
ASKS = re.compile(
    r"^(?:answer|respond|select|choose|please answer)\b.*\b(?:letter|option|choice)s?\b.*$", re.IGNORECASE
)


class Flawed(ValueError):
    """A row that is no question anybody could be asked: the reason, and what is wrong in words."""

    def __init__(self, detail: str, reason: Reason = "bad_question") -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Read:
    """A question as it can be asked: its options, and the index of the right one."""

    question: str
    options: tuple[str, ...]
    answer: int


def read(question: object, options: Sequence[object], answer: object, first: int) -> Read:
    """The question in the cells of a row. ``first`` is the number of the first option, where answers are numbers.

    Raises Flawed, which says what is wrong with the row.
    """
    text = _spoken(question, "human")
    listed = texts_of(options)
    asked, found = _parted(text, listed)
    texts = listed or found
    if not asked:
        raise Flawed("it has no question")
    if len(texts) < 2:
        raise Flawed(f"it has {len(texts)} options; a question with options has at least 2")
    if len(texts) > len(LETTERS):
        raise Flawed(f"it has {len(texts)} options, more than the {len(LETTERS)} that have a letter")
    if "" in texts:
        raise Flawed(f"its option {LETTERS[texts.index('')]} is empty")
    place = place_of(_spoken(answer, "gpt") if isinstance(answer, list) else answer, texts, first)
    if texts.count(texts[place]) > 1:
        raise Flawed(f"its right option, {texts[place][:80]!r}, stands there twice", "ambiguous")
    return Read(asked, tuple(texts), place)


def number_in(answer: object) -> int | None:
    """The number, where the answer is one."""
    if isinstance(answer, bool):
        return None
    if isinstance(answer, int) or (isinstance(answer, float) and answer.is_integer()):
        return int(answer)
    return int(answer) if isinstance(answer, str) and re.fullmatch(r"\s*\d{1,3}\s*", answer) else None


def place_of(answer: object, options: Sequence[str], first: int) -> int:
    """The index of the option that the answer means: its text, its letter, or its number. Raises Flawed."""
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        raise Flawed("it has no answer")
    text = clean(answer)
    is_number = isinstance(answer, int | float)
    same = [place for place, option in enumerate(options) if option.casefold() == text.casefold() and not is_number]
    letter = ALONE.match(text) or next(reversed([*LAST.finditer(text)]), None)
    marked = MARKED.match(text)
    named = _index(letter[1]) if letter else None
    if named is None and marked and not same:
        named = _index(marked[1] or marked[2])
        rest = clean(text[marked.end() :])
        if named < len(options) and rest.casefold() != options[named].casefold():
            raise Flawed(f"its answer is {text[:80]!r}, but option {LETTERS[named]} is {options[named][:80]!r}")
    if same and named is not None and named != same[0]:
        raise Flawed(f"its answer {text[:20]!r} is the letter of one option and the text of another", "ambiguous")
    if same:
        return same[0]
    number = number_in(answer)
    if named is None and number is not None:
        named = number - first
    if named is None or not 0 <= named < len(options):
        raise Flawed(f"its answer is {text[:80]!r}, which none of its {len(options)} options is")
    return named


def clean(value: object) -> str:
    """The value as a line of text that any file can hold."""
    return " ".join(str(value).encode("utf-8", "ignore").decode().replace("\0", " ").split())


def _index(letter: str) -> int:
    return LETTERS.index(letter.upper())


def _spoken(value: object, by: str) -> str:
    """The text; of a conversation what is said by one side."""
    if isinstance(value, list):
        turns = [one for one in value if isinstance(one, Mapping)]
        said = next(
            (
                one
                for one in turns
                if one.get("from", one.get("role")) in (by, "user" if by == "human" else "assistant")
            ),
            {},
        )
        value = said.get("value", said.get("content"))
    return "" if value is None else str(value)


def texts_of(cells: Sequence[object]) -> list[str]:
    """The options in one cell with a list or a text, or in a cell each, without letters before them."""
    if len(cells) == 1:
        cells = _listed(cells[0])
    while cells and _is_nothing(cells[-1]):
        cells = cells[:-1]
    texts = ["" if _is_nothing(cell) else clean(cell) for cell in cells]
    marks = [MARKED.match(text) for text in texts]
    if texts and all(mark and (mark[1] or mark[2]).upper() == LETTERS[n] for n, mark in enumerate(marks[:26])):
        texts = [clean(text[mark.end() :]) if mark else text for text, mark in zip(texts, marks, strict=True)]
    return texts


def _is_nothing(cell: object) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # noqa: PLR0124  NaN is no text


def _listed(cell: object) -> Sequence[object]:
    """The options in one cell: a list, an object by letter, or a text that writes either, or has a line for each."""
    if isinstance(cell, str):
        cell = _written(cell.strip())
    if isinstance(cell, Mapping):
        return [cell[name] for name in sorted(cell)]
    if isinstance(cell, list | tuple):
        return [one.get("text", one.get("option")) if isinstance(one, Mapping) else one for one in cell]
    return [] if cell is None else _split(str(cell))[1]


def _written(text: str) -> Any:
    """The list or object that the text writes, as JSON or as Python does; else the text."""
    if text[:1] in ("[", "{") and len(text) < 100_000:
        for reader in (json.loads, ast.literal_eval):
            try:
                found = reader(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(found, list | dict):
                return found
    return text


def _split(text: str) -> tuple[str, list[str]]:
    """What stands before the options in a text, and the options, which are marked A., B., C. and so on."""
    marks: list[re.Match[str]] = []
    for mark in INLINE.finditer(text):
        if len(marks) < len(LETTERS) and mark[1] == LETTERS[len(marks)]:
            marks.append(mark)
    if len(marks) < 2:
        return text, []
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return text[: marks[0].start()], [clean(text[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]


def _parted(text: str, options: Sequence[str]) -> tuple[str, list[str]]:
    """The question alone, and the options that stood behind it; pictures and wishes for a letter are left out."""
    lines = [line for line in text.split("\n") if not PLACEHOLDER.match(line.strip())]
    while lines and (not lines[-1].strip() or ASKS.match(lines[-1].strip())):
        lines.pop()
    whole = "\n".join(lines)
    if not options:
        before, found = _split(whole)
        return clean(before), found
    repeated = {clean(option).casefold() for option in options}
    kept = [
        line
        for line in lines
        if not ((mark := MARKED.match(line)) and clean(line[mark.end() :]).casefold() in repeated)
    ]
    return clean("\n".join(kept)), []
