"""Which footage a prompt is about, and its pictures, said in every prompt alike: a simulated teacher goes by that."""

import json
from collections.abc import Iterator
from typing import Protocol

from schemas.chat import Picture
from schemas.units import BlobId


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


def span(row: Span) -> str:
    """Which footage a prompt is about, as a JSON object."""
    return json.dumps({"video_id": row.video_id, "start_us": row.start_us, "end_us": row.end_us})


def pictured(shown_us: tuple[int, ...], blobs: tuple[BlobId, ...]) -> Iterator[str | Picture]:
    """Each picture after the second at which it is on screen."""
    for at_us, blob in zip(shown_us, blobs, strict=True):
        yield f"At {at_us / 1e6:.1f} s:"
        yield Picture(blob)
