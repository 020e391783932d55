"""How captions stand in a prompt: short labels for the model, ids for us, and the stretch of footage they are about."""

import json
from collections.abc import Iterable
from typing import Protocol

from stages.quoted import quote


class Span(Protocol):
    """A stretch of a video."""

    @property
    def video_id(self) -> str:
        """The video."""

    @property
    def start_us(self) -> int:
        """Where it starts, in microseconds."""

    @property
    def end_us(self) -> int:
        """Where it ends: the first microsecond that is not in it."""


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


def span(row: Span) -> str:
    """Which footage a prompt is about, as a JSON object."""
    return json.dumps({"video_id": row.video_id, "start_us": row.start_us, "end_us": row.end_us})


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
