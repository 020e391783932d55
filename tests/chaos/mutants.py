"""Damaged copies of good clips: eight ways to damage a file, done to clips whose every frame carries its number."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.footage import N_FRAMES, X264, encode, number_in_grid

_OPEN = ("-x264-params", "open-gop=1:keyint=20:min-keyint=20:bframes=3:scenecut=0:b-adapt=0")
_H265 = ("-c:v", "libx265", "-preset", "veryfast", "-g", "25", "-x265-params", "log-level=none", "-tag:v", "hvc1")
BASES = {
    "plain.mp4": X264,
    "one-keyframe.mp4": (*X264, "-g", "999"),
    "fragmented.mp4": (*X264, "-movflags", "frag_keyframe+empty_moov"),
    "h265.mp4": (*_H265, "-pix_fmt", "yuv420p"),
    "open.mkv": (*X264, *_OPEN),
    "broadcast.ts": X264,
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-q:v", "3", "-bf", "0", "-g", "25"),
}
"""The good clips and how each is encoded."""


@dataclass(frozen=True)
class Mutant:
    """A damaged copy: what it is called, after the damage and the clip, and its bytes."""

    name: str
    content: bytes


def mutants(n: int, seed: int, folder: Path) -> Iterator[Mutant]:
    """``n`` of them, the bases and the ways in turn, the places drawn from ``seed``; ``folder`` is for the clips."""
    draw = random.Random(seed)
    good = {name: base(folder, name) for name in BASES}
    for at in range(n):
        name = list(BASES)[at % len(BASES)]
        way = list(WAYS)[at // len(BASES) % len(WAYS)]
        content = bytearray(good[name])
        WAYS[way](content, draw)
        yield Mutant(f"{at:04d}-{way}-{name}", bytes(content))


@cache
def base(folder: Path, name: str) -> bytes:
    """A good clip. Its bars show each number with its complement, so that damage does not read as another number."""
    numbers = [number | (~number & 127) << 7 for number in range(N_FRAMES)]
    return encode(folder / name, *BASES[name], numbers=numbers).read_bytes()


def base_of(path: Path) -> str:
    """The name of the good clip that a mutant, saved under its name, is a copy of."""
    return path.name.split("-", 2)[2]


def number_shown(grid: bytes) -> int | None:
    """The number of the frame with this grid, None where its bars are damaged."""
    both = number_in_grid(grid)
    return None if both is None or both >> 7 != ~both & 127 else both & 127


def _span(content: bytearray, draw: random.Random) -> slice:
    """A stretch of up to a tenth of the file."""
    length = draw.randrange(1, max(2, len(content) // 10))
    start = draw.randrange(len(content) - length)
    return slice(start, start + length)


def _flip(content: bytearray, draw: random.Random, first: int = 0, end: int | None = None) -> None:
    for _ in range(draw.randint(1, 32)):
        content[draw.randrange(first, end or len(content))] ^= 1 << draw.randrange(8)


def _cut_off(content: bytearray, draw: random.Random) -> None:
    del content[draw.randrange(1, len(content)) :]


def _zero(content: bytearray, draw: random.Random) -> None:
    where = _span(content, draw)
    content[where] = bytes(where.stop - where.start)


def _delete(content: bytearray, draw: random.Random) -> None:
    del content[_span(content, draw)]


def _repeat(content: bytearray, draw: random.Random) -> None:
    where = _span(content, draw)
    content[where.stop : where.stop] = content[where]


def _swap(content: bytearray, draw: random.Random) -> None:
    one, other = _span(content, draw), _span(content, draw)
    content[one], content[other] = content[other], content[one]


def _flip_in_head(content: bytearray, draw: random.Random) -> None:
    _flip(content, draw, end=min(len(content), 1024))


def _flip_in_index(content: bytearray, draw: random.Random) -> None:
    """In the index of an MP4, at the end of any other file, where indexes lie."""
    index = content.find(b"moov")
    _flip(content, draw, *((index, len(content)) if index > 0 else (len(content) * 9 // 10, len(content))))


WAYS: dict[str, Callable[[bytearray, random.Random], None]] = {
    "flip": _flip,
    "cut": _cut_off,
    "zero": _zero,
    "delete": _delete,
    "repeat": _repeat,
    "swap": _swap,
    "head": _flip_in_head,
    "index": _flip_in_index,
}
