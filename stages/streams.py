"""Which of a file's streams is the film, and how its pictures are meant to be shown: one rule for all readers."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A video stream as its header describes it; 0 for a number that the header lacks."""

    index: int
    width_px: int
    height_px: int
    duration_us: int
    is_picture: bool
    """Whether it is marked as a cover or a thumbnail."""


def best(candidates: Iterable[Candidate]) -> Candidate | None:
    """The film: the stream with the largest area times duration that is no cover, the first among equals.

    A stream without a duration counts as long as the longest, so that the film is found in live recordings, too.
    """
    films = [one for one in candidates if not one.is_picture]
    longest = max((one.duration_us for one in films), default=0) or 1
    return max(
        films,
        key=lambda one: (one.width_px * one.height_px * (one.duration_us or longest), -one.index),
        default=None,
    )


def shown_size(width_px: int, height_px: int, sample_aspect: float, turn_deg: int) -> tuple[int, int]:
    """Width and height on screen of coded pixels: stretched in width to square pixels, then turned clockwise."""
    wide = max(1, round(width_px * sample_aspect))
    return (height_px, wide) if turn_deg % 180 == 90 else (wide, height_px)


def clockwise(counterclockwise_deg: float) -> int:
    """The clockwise turn in whole quarters, 0 to 270, that a display matrix asks for."""
    return round(-counterclockwise_deg / 90) % 4 * 90
