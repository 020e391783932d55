"""Where bytes of a file are missing or changed, by the container's own marks. FFmpeg passes over most of it in silence.

A broadcast numbers its packets modulo 16 and marks where a frame begins. Frames that are lost as a whole leave no other
trace: FFmpeg forgets that a number was missing when the next packet begins a frame, and joins a frame whose own start
is destroyed to its neighbour. AVI is a chain of chunks that say how long they are: where one does not end at the next,
FFmpeg looks for any that follows, and all later frames have moved. Of the other containers FFmpeg says what is wrong,
or they have no marks. Only inside the sandbox.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

_SIZES = (188, 192, 204)
"""Bytes from one packet of a broadcast to the next: bare, with a time code ahead of it, with a checksum after it."""
SLACK = max(_SIZES) - min(_SIZES)
"""By so much FFmpeg's place of a packet may differ from that of its first byte."""
_SYNC = 0x47
_IN_A_ROW = 5
_READ_AT_ONCE = 1 << 16

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


class Mark(NamedTuple):
    """A place in the file at which the film is broken, or, where it is not, a frame must begin."""

    at: float
    is_broken: bool


def marks(path: Path, container: str, stream_id: int) -> Iterator[Mark]:
    """The marks of the container in the order of the file. ``stream_id`` is what a broadcast marks its film with."""
    with path.open("rb") as file:
        if container == "mpegts":
            yield from _of_broadcast(file, stream_id)
        elif container == "avi":
            yield from _of_chunks(file)


def _of_chunks(file: BinaryIO) -> Iterator[Mark]:
    """The first chunk that is none, or does not end within the file. What comes after it is not looked at."""
    end, at = file.seek(0, 2), 0
    while at < end:
        file.seek(at)
        head = file.read(8)
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name in (b"RIFF", b"LIST"):
            at += 12
        elif len(head) == 8 and name.isascii() and name.decode().isprintable() and at + 8 + size <= end:
            at += 8 + size + size % 2
        else:
            yield Mark(at, is_broken=True)
            return


def _of_broadcast(file: BinaryIO, pid: int) -> Iterator[Mark]:
    size, at = _first_packet(file)
    film = _Film(pid)
    while size:
        file.seek(at)
        read = np.frombuffer(file.read(size * _READ_AT_ONCE), np.uint8)
        packets = read[: len(read) // size * size].reshape(-1, size)
        bad = np.flatnonzero(packets[:, 0] != _SYNC)
        n = int(bad[0]) if len(bad) else len(packets)
        yield from (Mark(at + size * place, is_broken) for place, is_broken in film.marks(packets[:n]))
        at += size * n
        if n < len(packets):
            yield Mark(at, is_broken=True)
            at = _next_packet(file, at, size)
        elif len(read) < size * _READ_AT_ONCE:
            return


def _first_packet(file: BinaryIO) -> tuple[int, int]:
    """The size of the packets and where the first of several in a row begins; size 0 where there are none."""
    is_sync = np.frombuffer(file.read(_READ_AT_ONCE), np.uint8) == _SYNC
    found = []
    for size in _SIZES:
        n = max(0, len(is_sync) - size * (_IN_A_ROW - 1))
        starts = np.logical_and.reduce([is_sync[size * k : size * k + n] for k in range(_IN_A_ROW)])
        if starts.any():
            found.append((int(starts.argmax()), size))
    at, size = min(found, default=(0, 0))
    return size, at


def _next_packet(file: BinaryIO, at: int, size: int) -> int:
    """Where packets go on after ``at``, or the end of the file."""
    while True:
        file.seek(at)
        read = file.read(_READ_AT_ONCE)
        place = read.find(_SYNC)
        while place >= 0:
            if all(one == _SYNC for one in read[place : place + size * _IN_A_ROW : size]):
                return at + place
            place = read.find(_SYNC, place + 1)
        if not read:
            return at
        at += len(read)


class _Film:
    """The packets of a broadcast's film, one after the other."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._last: Bytes | None = None

    def marks(self, packets: Bytes) -> list[tuple[int, bool]]:
        """Which of these packets (n, 188 or more) begin a frame, and which are wrong.

        Wrong ones follow a gap, or were received badly and say so, or say that they begin a frame and do not.
        """
        ours = (packets[:, 1] & 0x1F).astype(np.uint16) << 8 | packets[:, 2]
        places = np.flatnonzero((ours == self._pid) & (packets[:, 3] & 0x10 > 0))
        film = packets[places]
        if not len(film):
            return []
        before = np.concatenate([film[:1] if self._last is None else self._last[None], film[:-1]])
        step = (film[:, 3] - before[:, 3]) % 16
        is_told = (film[:, 3] & 0x20 > 0) & (film[:, 4] > 0) & (film[:, 5] & 0x80 > 0)
        is_twice = (step == 0) & (film[:, 12:188] == before[:, 12:188]).all(axis=1)
        begins, is_none = _begins(film)
        is_wrong = (step != 1) & ~is_told & ~is_twice | (film[:, 1] & 0x80 > 0) | is_none
        self._last = film[-1]
        told = np.flatnonzero(is_wrong | begins)
        return list(zip(places[told].tolist(), is_wrong[told].tolist(), strict=True))


def _begins(film: Bytes) -> tuple[Flags, Flags]:
    """Which packets begin a frame and give its time, and which ought to and do not.

    Its first bytes are 0, 0, 1. It cannot be told where they are encrypted, or split between two packets.
    """
    starts = 4 + np.where(film[:, 3] & 0x20, film[:, 4].astype(np.intp) + 1, 0)
    is_start = (film[:, 1] & 0x40 > 0) & (film[:, 3] & 0xC0 == 0) & (starts <= 180)
    head = film[np.arange(len(film))[:, None], np.minimum(starts, 180)[:, None] + np.arange(8)]
    is_headed = (head[:, :3] == (0, 0, 1)).all(axis=1)
    return is_start & is_headed & (head[:, 7] & 0x80 > 0), is_start & ~is_headed
