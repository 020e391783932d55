"""What a damaged clip itself says of its frames: when each is shown, and which of them hang on bytes that were changed.

A flipped bit in an index or a header moves frames in time, and whoever reads the file can only follow it: the file's
word is the film's time. A packet whose bytes are those of the good clip tells which frame it is, whatever became of the
rest. AVI stores no times but an order, and how long one place lasts: there the good clip's order is the truth.
"""

import hashlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av

from tests.footage import STEP_US


class Packet(NamedTuple):
    """A packet of a film: a digest of its bytes, when its frame is shown, and whether it begins a group."""

    digest: str
    time_us: int
    is_key: bool


class Said(NamedTuple):
    """The times at which each frame is shown, by its number, and the times of those that hang on changed bytes."""

    times_us: dict[int, list[int]]
    hurt_us: list[int]


def packets(path: Path) -> Iterator[Packet]:
    """The film's packets in the order of decoding, as far as they can be read."""
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            film = container.streams.video[0]
            tick = film.time_base or Fraction(0)
            for packet in container.demux(film):
                stamp = packet.dts if container.format.name == "avi" else packet.pts
                if packet.size and stamp is not None:
                    digest = hashlib.sha256(bytes(packet)).hexdigest()[:16]
                    yield Packet(digest, round(stamp * tick * 1_000_000), packet.is_keyframe)
    except (av.FFmpegError, IndexError):
        return


def numbers(good: Sequence[Packet]) -> list[int]:
    """Which frame each packet of a good clip is: they are shown at a steady rate from the first on."""
    first_us = min(packet.time_us for packet in good)
    return [round((packet.time_us - first_us) / STEP_US) for packet in good]


def said(path: Path, good: Sequence[Packet]) -> Said:
    """What the copy at ``path`` of a good clip says. A frame of which it has no packet is shown when it was."""
    number_at = numbers(good)
    digests = [packet.digest for packet in good]
    times: dict[int, list[int]] = {}
    hurt, before, is_whole = [], -2, False
    for packet in packets(path):
        follows = before + 1 < len(good) and before >= 0 and digests[before + 1] == packet.digest
        place = before + 1 if follows else digests.index(packet.digest) if digests.count(packet.digest) == 1 else -2
        is_whole = place >= 0 and (packet.is_key or (is_whole and follows))
        before = place
        if place >= 0:
            times.setdefault(number_at[place], []).append(packet.time_us)
        if not is_whole:
            hurt.append(packet.time_us)
    if path.suffix == ".avi":
        tick = _tick(path)
        times = {number: [round(number * tick * 1_000_000)] for number in number_at}
    return Said({n: times.get(n, [one.time_us]) for n, one in zip(number_at, good, strict=True)}, hurt)


def _tick(path: Path) -> Fraction:
    """How long one place lasts, in seconds."""
    with av.open(str(path), metadata_errors="replace") as container:
        return container.streams.video[0].time_base or Fraction(0)
