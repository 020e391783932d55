"""How captions stand in a prompt: short labels for the model, ids for us."""

from collections.abc import Iterable
from typing import Protocol

from stages.quoted import quote
from stages.span_told import Span


class Captioned(Span, Protocol):
    """A stretch of a video with its captions, in parallel and in order of time."""

    @property
    def caption_ids(self) -> tuple[str, ...]:
        """The captions' ids."""

    @property
    def starts_us(self) -> tuple[int, ...]:
        """When the stretch that each is about starts."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What each says."""


def captions(row: Captioned) -> str:
    """A line per caption: its label, ``c1`` and so on, when it is seen, and its text as quoted data."""
    told = enumerate(zip(row.starts_us, row.texts, strict=True), 1)
    return "\n".join(
        f"c{place}, at {start_us / 1e6:.1f} s: {quote('caption', text)}" for place, (start_us, text) in told
    )


def ids_of(row: Captioned, labels: Iterable[str]) -> tuple[str, ...]:
    """The ids of the captions that are labelled so, each once and in order of time. Raises KeyError for a wrong one."""
    known = {f"c{place}": place - 1 for place in range(1, len(row.caption_ids) + 1)}
    places = sorted({known[label.strip().casefold()] for label in labels})
    return tuple(row.caption_ids[place] for place in places)
