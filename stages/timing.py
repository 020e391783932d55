"""When each frame of a film comes on, as its packets tell: the file is read through, but almost nothing is decoded."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from schemas.media import Probe
from schemas.units import VideoId
from stages import decode, ffmpeg, sandbox
from stages.readers_child import SLACK_US, micros, ticks
from stages.refusal import Refused
from stages.sandbox import Limits

_FIELDS = "packet=pts,dts,duration,size,flags"
_OPENING = 64
"""So many packets that are not hidden are decoded to find the first frame that comes out: some may not."""


@dataclass(frozen=True, kw_only=True)
class Packet:
    """One coded frame, in ticks and bytes. ``shown`` is None where it has no time, or is hidden by an edit list."""

    shown: int | None
    duration: int
    size_bytes: int
    is_key: bool


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The film's stream, its packets in the order of decoding, and the times of its frames in the order of showing.

    A tick is ``tick`` seconds; ``base`` is where time 0 lies, ``end`` where the last frame goes off. ``by_number`` says
    that frames can only be told by counting: AVI stores no time of showing.
    """

    probe: Probe
    color_space: str
    tick: Fraction
    packets: Sequence[Packet]
    times: Sequence[int]
    by_number: bool
    n_before: int
    """How many frames come out before ``base``: they have no time, and ffmpeg makes one up for them."""

    @property
    def base(self) -> int:
        """The time of the first frame that has one and comes out."""
        return self.times[0]

    @property
    def end(self) -> int:
        """When the last frame goes off: by its own duration, else after as long as the one before it."""
        own = next((packet.duration for packet in self.packets if packet.shown == self.times[-1]), 0)
        gap = self.times[-1] - self.times[-2] if len(self.times) > 1 else 0
        return self.times[-1] + (own or gap or round(1 / 25 / self.tick))

    def between(self, start_us: int, end_us: int) -> Sequence[int]:
        """The times, in ticks, of the frames that come on in [start_us, end_us)."""
        first = bisect_left(self.times, ticks(start_us - 2 * SLACK_US, self.base, self.tick) + 1)
        return self.times[first : bisect_left(self.times, ticks(end_us - 2 * SLACK_US, self.base, self.tick) + 1)]

    def micros(self, time: int) -> int:
        """A time in microseconds from the first frame on."""
        return micros(time, self.base, self.tick)


def timing(path: Path, limits: Limits) -> Timing:
    """The times of the film in a file. Raises ``Refused`` where it has none, or where they do not tell frames apart."""
    found = ffmpeg.probe(path)
    stream, probe = decode.film(found), decode.probed(VideoId(""), found)
    by_number = found["format"]["format_name"] == "avi"
    rows = _list(path, limits, select_streams=str(probe.stream_index), show_entries=_FIELDS)
    packets = [_packet(row, by_number) for row in rows]
    times = sorted(packet.shown for packet in packets if packet.shown is not None)
    n_before = 0
    if not by_number:
        n_hidden = next((at for at, packet in enumerate(packets) if packet.shown is not None), 0)
        n_before, first = _first(path, probe.stream_index, n_hidden + _OPENING, limits)
        times = [time for time in times if time >= first]
    if not times:
        raise Refused("no_frames", "nothing could be decoded")
    if len(set(times)) < len(times):
        raise Refused("timestamps", f"{len(times) - len(set(times))} frames come on at the time of another one")
    return Timing(
        probe=probe,
        color_space=stream.get("color_space", ""),
        tick=Fraction(stream["time_base"]),
        packets=packets,
        times=times,
        by_number=by_number,
        n_before=n_before,
    )


def _packet(row: Sequence[str], by_number: bool) -> Packet:
    pts, dts, duration, size, flags = (*row, "", "", "", "", "")[:5]
    shown = _whole(dts if by_number else pts)
    return Packet(
        shown=None if "D" in flags else shown,
        duration=_whole(duration) or 0,
        size_bytes=_whole(size) or 0,
        is_key="K" in flags,
    )


def _first(path: Path, index: int, n_packets: int, limits: Limits) -> tuple[int, int]:
    """How many frames come out without a time before the first that has one, and its time."""
    rows = _list(path, limits, select_streams=str(index), show_entries="frame=pts", read_intervals=f"%+#{n_packets}")
    for at, row in enumerate(rows):
        if (pts := _whole(row[0])) is not None:
            return at, pts
    raise Refused("no_frames", "no frame that comes out has a time")


def _list(path: Path, limits: Limits, **options: Any) -> list[list[str]]:
    finished = sandbox.run(ffmpeg.probing(path, **options, of="csv=p=0"), limits, inputs=(path,))
    if finished.rc or finished.failure:
        raise ffmpeg.refusal(finished)
    return [line.split(",") for line in finished.stdout.decode("ascii", "replace").splitlines() if line]


def _whole(text: str) -> int | None:
    return int(text) if text.removeprefix("-").isdigit() else None
