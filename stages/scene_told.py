"""Scenes, facts and questions as data in a prompt: JSON objects whose texts are quoted."""

import string
from collections.abc import Iterable, Sequence
from typing import Protocol

from stages.quoted import literal

LETTERS = string.ascii_uppercase
MOST = 1600


class Facts(Protocol):
    """Facts in parallel lists."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names within the scene."""

    @property
    def starts_us(self) -> tuple[int, ...]:
        """From when each holds."""

    @property
    def ends_us(self) -> tuple[int, ...]:
        """Until when each holds."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What each says."""


def facts(known: Facts) -> str:
    """A line per fact: its id, from when to when in seconds, and its text."""
    rows = zip(known.labels, known.starts_us, known.ends_us, known.texts, strict=True)
    return "\n".join(_fact(label, start / 1e6, end / 1e6, text) for label, start, end, text in rows)


def _fact(label: str, start_s: float, end_s: float, text: str) -> str:
    return f'{{"fact_id": "{label}", "start_s": {start_s:.1f}, "end_s": {end_s:.1f}, "text": {literal(text, MOST)}}}'


def context(texts: Iterable[str]) -> str:
    """A line per text, of which nobody needs to know more."""
    return "\n".join(f'{{"text": {literal(text, MOST)}}}' for text in texts)


def question(text: str, options: Sequence[str] = (), **more: str) -> str:
    """A question, with its options by letter where there are any, and what else belongs to it."""
    listed = ", ".join(f'"{letter}": {literal(option, MOST)}' for letter, option in zip(LETTERS, options, strict=False))
    fields = [f'"question": {literal(text, MOST)}', *([f'"options": {{{listed}}}'] if options else [])]
    fields += [f'"{name}": {literal(words, MOST)}' for name, words in more.items()]
    return f"{{{', '.join(fields)}}}"
