"""Pictures of a film at exact times, by a reader that runs in a sandboxed child of its own."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, cast

import numpy as np

from schemas.errors import Reason
from stages import ffmpeg, gate, picture, readers_ffmpeg, sandbox
from stages.readers_child import HEADER, MARK, REFUSED, SMALL_BYTES, Picture, Request
from stages.refusal import Refused
from stages.sandbox import Child, Limits

Reader = Literal["pyav", "decord", "ffmpeg"]
THREADS = 2


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How pictures are handed over: the longer side at most ``side_px``, JPEG of this ``quality``, 0 for no JPEG."""

    side_px: int
    quality: int


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One picture: asked for at ``at_us``, on screen since ``pts_us``; ``jpeg`` is empty where none was asked for.

    ``luma`` is the brightness of the small picture, 36 rows of 64 bytes.
    """

    at_us: int
    pts_us: int
    width_px: int
    height_px: int
    jpeg: bytes
    grid: bytes
    luma: bytes
    hash: int
    reader: Reader


def limits(n_pictures: int, size_bytes: int, file_bytes: int = 0) -> Limits:
    """What reading may cost: seconds by the size of the file, since every frame of it may have to be decoded."""
    seconds = 120 + size_bytes / 1e6 + n_pictures
    return Limits(
        wall_s=2 * seconds, cpu_s=round(2 * THREADS * seconds), memory_bytes=3072 << 20, file_bytes=file_bytes
    )


def take(path: Path, times_us: Sequence[int], shape: Shape, reader: Reader) -> Iterator[Taken]:
    """The pictures on screen at the times, in rising order; a time after the end of the film gives none.

    The frame on screen is the last one whose time is not after the wanted one, counted from the first frame that has
    a time. What decord cannot be believed in is read by ffmpeg. Raises ``Refused`` where the footage cannot be read,
    after what could be.
    """
    gate.admit(path).file.close()
    times = sorted(set(times_us))
    if reader == "decord":
        yield from _proved(path, times, shape)
    else:
        yield from _by(reader, path, times, shape)


def _proved(path: Path, times: Sequence[int], shape: Shape) -> Iterator[Taken]:
    """The pictures by decord as far as they are proved, the rest by ffmpeg."""
    n_given = 0
    try:
        for taken in _by("decord", path, times, shape):
            n_given += 1
            yield taken
    except Refused:
        yield from _by("ffmpeg", path, times[n_given:], shape)


def _by(reader: Reader, path: Path, times: Sequence[int], shape: Shape) -> Iterator[Taken]:
    request = Request(path=str(path.absolute()), times_us=list(times), threads=THREADS, **asdict(shape))
    allowed = limits(len(times), path.stat().st_size)
    pictures = readers_ffmpeg.read if reader == "ffmpeg" else partial(_by_child, f"stages.readers_{reader}")
    for one in pictures(path, request, allowed):
        small = np.frombuffer(one.small, np.uint8).reshape(1, 3, picture.ROWS, picture.COLUMNS)
        yield Taken(
            at_us=one.at_us,
            pts_us=one.pts_us,
            width_px=one.width_px,
            height_px=one.height_px,
            jpeg=one.jpeg,
            grid=picture.grids(small).tobytes(),
            luma=small[0, 0].tobytes(),
            hash=int(picture.hashes(small)[0]),
            reader=reader,
        )


def _by_child(module: str, path: Path, request: Request, allowed: Limits) -> Iterator[Picture]:
    argv, stdin = sandbox.module(module), json.dumps(asdict(request)).encode()
    with sandbox.stream(argv, allowed, inputs=(path,), stdin=stdin) as child:
        yield from _received(child)
        finished = child.finish()
    if finished.rc == REFUSED and MARK in finished.stderr_tail:
        reason, _, detail = finished.stderr_tail.rpartition(MARK)[2].strip().partition(": ")
        raise Refused(cast("Reason", reason), detail)
    if finished.rc or finished.failure:
        raise ffmpeg.refusal(finished, otherwise="decode_crash")


def _received(child: Child) -> Iterator[Picture]:
    """What the child wrote, picture by picture; the rest of a broken one is dropped."""
    while (header := child.read(HEADER.size)) is not None:
        at_us, pts_us, width, height, n_bytes = HEADER.unpack(header)
        body = child.read(SMALL_BYTES + n_bytes)
        if body is None:
            return
        small, jpeg = body[:SMALL_BYTES], body[SMALL_BYTES:]
        yield Picture(at_us=at_us, pts_us=pts_us, width_px=width, height_px=height, small=small, jpeg=jpeg)
