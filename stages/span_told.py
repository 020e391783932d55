"""Which footage a prompt is about, said in every prompt alike: a simulated teacher finds it by that."""

import json
from typing import Protocol


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
