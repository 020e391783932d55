"""Which frames of damaged footage can be believed. Shared by all that decode with PyAV; only inside the sandbox.

A decoder hides damage: where data are missing it repeats the picture before, or builds on a broken one, and calls
neither an error. So everything that it does say is taken seriously, and nothing is believed up to the next keyframe
that comes out whole. From where on depends on who found the damage. Where the container knows of it (a file that is cut
off, a broadcast's counters), what lies ahead is whole. A decoder checks nothing: it stumbles over changed bytes when
they make no sense any more, often some frames late. The group in which it stumbles is in doubt from its keyframe on.
"""

import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import av
import av.logging
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stages.marks import SLACK, Mark, marks

_REMEMBERED = 256
"""Packets whose frames may still come out; decoders hold back 16, and a few per thread."""
_CUT_OFF = (b"File ended prematurely", b"partial file")
"""What demuxers say where a file ends too early, and nothing else is wrong with it."""
_NO_MARK = Mark(inf, is_broken=False)


class Complaints:
    """What FFmpeg says on stderr at the level of errors. Its log callback would need the interpreter's lock."""

    def __init__(self, heard_from: int, passed_on: int) -> None:
        self._heard_from, self._passed_on = heard_from, passed_on

    def heard(self) -> bytes:
        """What was said since the last time, empty for nothing. It is passed on to where it would have gone."""
        try:
            said = os.read(self._heard_from, 1 << 16)
        except BlockingIOError:
            return b""
        with suppress(BlockingIOError):
            os.write(self._passed_on, said)
        return said


@contextmanager
def complaints() -> Iterator[Complaints]:
    """Listen to this process's stderr for as long as the block lasts."""
    av.logging.restore_default_callback()
    av.logging.set_libav_level(av.logging.ERROR)
    heard_from, said_to = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    passed_on = os.dup(2)
    os.dup2(said_to, 2)
    os.close(said_to)
    listening = Complaints(heard_from, passed_on)
    try:
        yield listening
    finally:
        listening.heard()
        os.dup2(passed_on, 2)
        os.close(passed_on)
        os.close(heard_from)


@dataclass
class _Group:
    """The packets from a keyframe to the next, of which those from number ``until`` on hang on damage.

    What is shown ahead of its keyframe hangs on the group before, too.
    """

    number: int
    key_pts: int | None
    before_is_whole: bool
    until: float = inf


class Belief:
    """Sees what goes into the decoder and what comes out, and says which frames do not hang on damage.

    Groups, from a keyframe to the next, are numbered from 0 on; those in ``doubted`` turned out not to be what they
    seemed after frames of them had come out. ``n_hurts`` counts what was found, ``n_refused`` what only a decoder did.
    """

    def __init__(self, said: Complaints, known: Iterable[Mark] = (), *, by_counting: bool = False) -> None:
        self.n_hurts = self.n_refused = 0
        self.doubted: set[int] = set()
        self._said, self._by_counting = said, by_counting
        self._marks = iter(known)
        self._mark = next(self._marks, _NO_MARK)
        self._n = 0
        self._group = _Group(0, None, before_is_whole=True)
        self._fed: OrderedDict[int, tuple[int, _Group]] = OrderedDict()
        self._holes: list[int] = []

    @classmethod
    def of(cls, container: InputContainer, film: VideoStream, said: Complaints) -> "Belief":
        """For a film that is read from its start. AVI stores an order only, no times."""
        kind, path = container.format.name, Path(container.name.removeprefix("file:"))
        return cls(said, marks(path, kind, film.id), by_counting=kind == "avi")

    def packets(self, demuxed: "Iterator[av.Packet[Any]]") -> "Iterator[av.Packet[Any]]":
        """The packets to decode. Each is held back until the next was read: where that finds damage, it began here."""
        held: av.Packet[Any] | None = None
        while True:
            try:
                packet = next(demuxed, None)
                gave_up = False
            except av.FFmpegError:
                packet, gave_up = None, True  # what came before is all there is
            said = self._said.heard()
            is_last = packet is None or not packet.size
            is_broken = self._is_broken(
                None if held is None else held.pos, inf if packet is None or is_last else packet.pos
            )
            if held is not None:
                self._feed(held)
                if held.is_corrupt or is_broken or (packet is not None and packet.is_corrupt) or _is_cut_off(said):
                    self.hurt(held.pts)
                elif said or gave_up:
                    self.stumble(held.pts)
                yield held
            if packet is None or is_last:
                return
            held = packet

    def _is_broken(self, last: int | None, until: float | None) -> bool:
        """Whether the container's marks from the last packet to the next say so, or of a frame that did not come."""
        is_broken = False
        while until is not None and self._mark is not _NO_MARK and self._mark.at <= until + SLACK:
            is_missing = last is not None and last + SLACK < self._mark.at < until - SLACK
            is_broken |= self._mark.is_broken or is_missing
            self._mark = next(self._marks, _NO_MARK)
        return is_broken

    def _feed(self, packet: "av.Packet[Any]") -> None:
        self._n += 1
        if packet.is_keyframe:
            self._group = _Group(self._group.number + 1, packet.pts, before_is_whole=self._group.until == inf)
        if packet.pts is not None:
            self._fed[packet.pts] = self._n, self._group
            if len(self._fed) > _REMEMBERED:
                self._fed.popitem(last=False)

    def frames_of(self, context: VideoCodecContext, packet: "av.Packet[Any] | None") -> list[VideoFrame]:
        """What comes out of the decoder when the packet goes in; None at the end, for what it held back."""
        pts = packet.pts if packet else None
        found, is_unsound = [], False
        try:
            found = context.decode(packet)
        except EOFError:
            return []
        except av.FFmpegError:
            is_unsound = True
        if self._said.heard() or is_unsound:
            self.n_refused += self._group.number > 0 and self._group.until == inf
            self.stumble(pts)
        return found

    def hurt(self, pts: int | None) -> None:
        """The last packet is known to be damaged; ``pts`` is when its frame would be shown."""
        self._count(self._group)
        self._group.until = min(self._group.until, self._n)
        if pts is not None:
            self._holes.append(pts)

    def stumble(self, pts: int | None) -> None:
        """The last packet makes no sense: its whole group is in doubt, unless damage ahead of it is known."""
        if self._group.until == inf:
            self._doubt(self._group)
        self.hurt(pts)

    def _count(self, group: _Group) -> None:
        """That a recording begins ahead of its first keyframe is no damage, unless its frames are counted."""
        self.n_hurts += self._by_counting or group.number > 0

    def _doubt(self, group: _Group) -> None:
        self.doubted.add(group.number)
        group.until = 0

    def group_of(self, frame: VideoFrame) -> int:
        """The number of the group to which the frame belongs."""
        return self._place_of(frame)[1].number

    def _place_of(self, frame: VideoFrame) -> tuple[int | None, _Group]:
        unknown = (None, self._group)
        return unknown if frame.pts is None else self._fed.get(frame.pts, unknown)

    def believes(self, frame: VideoFrame) -> bool:
        """Whether the frame is whole, and all that it was built on.

        Where frames can only be told by counting, nothing is believed any more after the first damage.
        """
        pts = frame.pts
        number, group = self._place_of(frame)
        if frame.is_corrupt or (pts == group.key_pts and not frame.key_frame and not group.before_is_whole):
            self._count(group)
            if group.until == inf:
                self._doubt(group)
            group.until = min(group.until, number or self._n)
        if pts is None or number is None or self._by_counting:
            return self.n_hurts == 0
        is_ahead = group.key_pts is not None and pts < group.key_pts
        return number < group.until and (group.before_is_whole or not is_ahead)

    def has_hole(self, pts: int) -> bool:
        """Whether a frame from before ``pts`` did not come out since this was asked the last time."""
        behind = [hole for hole in self._holes if hole <= pts]
        self._holes = [hole for hole in self._holes if hole > pts]
        return bool(behind)


def _is_cut_off(said: bytes) -> bool:
    """Whether all that a demuxer said is that the file ends too early."""
    lines = said.splitlines()
    return bool(lines) and all(any(one in line for one in _CUT_OFF) for line in lines)
