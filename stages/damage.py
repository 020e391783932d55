"""Which frames of damaged footage can be believed. Shared by all that decode with PyAV; only inside the sandbox.

A decoder hides damage: where data are missing it repeats the picture before, or builds on a broken one, and calls
neither an error. So everything that it does say is taken seriously, and from there on nothing is believed up to the
next keyframe that comes out whole.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import Any

import av
import av.logging
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

_REMEMBERED = 256
"""Packets whose frames may still come out; decoders hold back 16, and a few per thread."""


class Complaints:
    """What FFmpeg says on stderr at the level of errors. Its log callback would need the interpreter's lock."""

    def __init__(self, heard_from: int, passed_on: int) -> None:
        self._heard_from, self._passed_on = heard_from, passed_on

    def heard(self) -> bool:
        """Whether anything was said since the last time. It is passed on to where it would have gone."""
        try:
            said = os.read(self._heard_from, 1 << 16)
        except BlockingIOError:
            return False
        with suppress(BlockingIOError):
            os.write(self._passed_on, said)
        return True


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

    key_pts: int | None
    before_is_whole: bool
    until: float = inf


class Belief:
    """Sees what goes into the decoder and what comes out, and says which frames do not hang on damage."""

    def __init__(self, said: Complaints, *, by_counting: bool) -> None:
        self.n_hurts = 0
        self._said, self._by_counting = said, by_counting
        self._n = 0
        self._group = _Group(None, before_is_whole=True)
        self._fed: OrderedDict[int, tuple[int, _Group]] = OrderedDict()
        self._holes: list[int] = []

    def packets(self, demuxed: "Iterator[av.Packet[Any]]") -> "Iterator[av.Packet[Any]]":
        """The packets to decode. Each is held back until the next was read: where that finds damage, it began here."""
        held: av.Packet[Any] | None = None
        while True:
            try:
                packet = next(demuxed, None)
            except av.FFmpegError:
                packet, is_damaged = None, True  # the demuxer gave up: what came before is all there is
            else:
                is_damaged = self._said.heard() or (packet is not None and packet.is_corrupt)
            if held is not None:
                self._feed(held, is_damaged or held.is_corrupt)
                yield held
            if packet is None or not packet.size:
                return
            held = packet

    def _feed(self, packet: "av.Packet[Any]", is_damaged: bool) -> None:
        self._n += 1
        if packet.is_keyframe:
            self._group = _Group(packet.pts, before_is_whole=self._group.until == inf)
        if packet.pts is not None:
            self._fed[packet.pts] = self._n, self._group
            if len(self._fed) > _REMEMBERED:
                self._fed.popitem(last=False)
        if is_damaged:
            self.hurt(packet.pts)

    def frames_of(self, context: VideoCodecContext, packet: "av.Packet[Any] | None") -> list[VideoFrame]:
        """What comes out of the decoder when the packet goes in; None at the end, for what it held back."""
        pts = packet.pts if packet else None
        try:
            found = context.decode(packet)
        except EOFError:
            return []
        except av.FFmpegError:
            found = []
            self.hurt(pts)
        if self._said.heard():
            self.hurt(pts)
        return found

    def hurt(self, pts: int | None) -> None:
        """The last packet is damaged; ``pts`` is when its frame would be shown."""
        self.n_hurts += 1
        self._group.until = min(self._group.until, self._n)
        if pts is not None:
            self._holes.append(pts)

    def believes(self, frame: VideoFrame) -> bool:
        """Whether the frame is whole, and all that it was built on.

        Where frames can only be told by counting, nothing is believed any more after the first damage.
        """
        pts = frame.pts
        number, group = (None, self._group) if pts is None else self._fed.get(pts, (None, self._group))
        if frame.is_corrupt or (pts == group.key_pts and not frame.key_frame and not group.before_is_whole):
            self.n_hurts += 1
            group.until = min(group.until, self._n if number is None else number)
        if pts is None or number is None or self._by_counting:
            return self.n_hurts == 0
        is_ahead = group.key_pts is not None and pts < group.key_pts
        return number < group.until and (group.before_is_whole or not is_ahead)

    def has_hole(self, pts: int) -> bool:
        """Whether a frame from before ``pts`` did not come out since this was asked the last time."""
        behind = [hole for hole in self._holes if hole <= pts]
        self._holes = [hole for hole in self._holes if hole > pts]
        return bool(behind)
