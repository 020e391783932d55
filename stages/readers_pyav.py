"""Exact frames by PyAV: seek to the keyframe before, decode up to the wanted time, and prove it; else read it all.

Runs inside the sandbox (``sandbox.module("stages.readers_pyav")``). Times are found before pictures: packets are read
ahead, undecoded, until the time of the frame shown at each wanted moment is known; then only what that frame depends on
is decoded, by a thread that runs ahead of the one that makes the pictures. Any doubt (no keyframe where one should be,
a frame that does not come out) ends in ``Doubt``, and what is left of the request is answered by decoding everything
from the start.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import av
from av.video.frame import PictureType, VideoFrame

from stages.ahead import ahead
from stages.damage import complaints
from stages.readers_child import SLACK_US, Picture, Request, Unreadable, micros, serve, ticks
from stages.readers_film import Damaged, Film, picture_of

_REORDER = 20
"""So many packets in a row that are later than a moment, and no earlier one follows: codecs reorder 16 at most."""
_SEEKABLE = frozenset(("mov", "mp4", "matroska", "webm", "mpegts"))
_SURE = frozenset(("h264", "hevc", "vp8", "vp9", "av1", "mpeg2video", "mpeg4"))
_SPARING = frozenset(("h264", "mpeg2video", "mpeg4"))
"""Codecs in which a frame marked as no reference is really none, so that leaving it out changes no other."""
_INDEXED = ("mov", "mp4")
"""Containers whose index holds every keyframe from the beginning; others fill theirs while they are read."""
_ONE_FRAME_US = 40_000
"""How long the only frame of a film stays, where nothing tells."""
_GOP_S = 3
"""A keyframe is likely within so many seconds, where no index tells."""


class Doubt(Exception):
    """Random access did not give what it must; reading from the start will."""


class Walk:
    """A place in the film from which it is decoded forwards."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.wanted: list[int] = []
        self.packets: deque[av.Packet[Any]] = deque()
        self.frames: deque[VideoFrame] = deque()
        self.shown: VideoFrame | None = None
        self.is_sparing = film.codec in _SPARING
        self.restart()
        self.base = self._first_pts()
        self.wanted = [ticks(at_us, self.base, film.tick) for at_us in film.request.times_us]

    def restart(self) -> None:
        """Forget what was read: the film continues elsewhere."""
        self.packets.clear()
        self.frames.clear()
        self.seen: list[int] = []
        self.key_pts: int | None = None
        self.at_end = False
        self.demuxed = self.film.demux()

    def _first_pts(self) -> int:
        self._fill(_REORDER)
        while (frame := self._next()) is not None:
            if frame.pts is not None:
                self.shown = frame
                return int(frame.pts)
        raise Unreadable("no_frames: nothing could be decoded")

    def frame_at(self, moment: int) -> VideoFrame:
        """The frame that is on screen at ``moment`` (in ticks). Moments must rise from call to call."""
        if self._is_far(moment):
            self._seek(moment)
        target = self._look_ahead(moment)
        while self.shown is None or self.shown.pts is None or self.shown.pts < target:
            self.shown = self._next()
            if self.shown is None:
                raise Doubt("the frame did not come out")
        if self.shown.pts != target:
            raise Doubt("another frame came out")
        return self.shown

    def lasts_until(self, frame: VideoFrame) -> int | None:
        """When the last frame of the film goes off, in ticks; None for any other."""
        later = bisect_right(self.seen, frame.pts or 0)
        if not self.at_end or later < len(self.seen):
            return None
        gap = self.seen[-1] - self.seen[-2] if len(self.seen) > 1 else 0
        return int(frame.pts or 0) + (frame.duration or gap or ticks(_ONE_FRAME_US, 0, self.film.tick))

    def _is_far(self, moment: int) -> bool:
        """Whether there is a keyframe between what has been read so far and the moment."""
        if not self.seen or moment <= self.seen[-1]:
            return False
        entries = self.film.stream.index_entries
        at = entries.search_timestamp(moment, backward=True, any_frame=False) if len(entries) else -1
        if at >= 0 and entries[at].timestamp > self.seen[-1]:
            return True
        if self.film.container_name in _INDEXED:
            return False
        return bool((moment - self.seen[-1]) * self.film.tick > _GOP_S)

    def _seek(self, moment: int) -> None:
        """Go to a keyframe that is shown at or before the moment: decoding from there on is exact."""
        aim = moment
        for step_s in (1, 2, 4, 8, 16, 32):
            self.film.seek(aim)
            self.restart()
            self.shown = None
            while (packet := next(self.demuxed, None)) is not None and not (
                packet.is_keyframe and packet.pts is not None
            ):
                pass
            if packet is not None and packet.pts is not None and packet.pts <= moment:
                self.key_pts = packet.pts
                self._take(packet)
                return
            aim = min(aim, moment) - round(step_s / self.film.tick)
        raise Doubt("no keyframe before the moment")

    def _look_ahead(self, moment: int) -> int:
        """The time of the frame on screen at the moment, found by reading packets until none can be nearer."""
        while not self.at_end and len(self.seen) - bisect_right(self.seen, moment) < _REORDER:
            self._fill(1)
        at = bisect_right(self.seen, moment)
        if not at:
            raise Doubt("no packet before the moment")
        return self.seen[at - 1]

    def _fill(self, n_packets: int) -> None:
        for _ in range(n_packets):
            packet = next(self.demuxed, None)
            if packet is None:
                self.at_end = True
                return
            self._take(packet)

    def _take(self, packet: "av.Packet[Any]") -> None:
        self.packets.append(packet)
        if packet.pts is not None and not packet.is_discard:
            insort(self.seen, packet.pts)

    def _next(self) -> VideoFrame | None:
        """The next frame in the order of showing, None at the end."""
        while True:
            while self.frames:
                frame = self.frames.popleft()
                if self._is_sound(frame):
                    return frame
            if not self.packets and not self.at_end:
                self._fill(1)
            if self.packets:
                packet = self.packets.popleft()
                if packet.is_keyframe:
                    self.film.said.heard()  # what was said before does not concern what begins here
                self.film.spare(self.is_sparing and self._is_unwanted(packet.pts))
                self.frames.extend(self._decoded(packet))
            else:
                self.frames.extend(self._decoded(None))
                if not self.frames:
                    return None

    def _decoded(self, packet: "av.Packet[Any] | None") -> list[VideoFrame]:
        try:
            return self.film.decode(packet)
        except Damaged as error:
            raise Doubt(str(error)) from None

    def _is_sound(self, frame: VideoFrame) -> bool:
        """Whether the frame can be right: after a seek, what leads up to the keyframe lacks its references."""
        if self.key_pts is None:
            return True
        if frame.pts is None or frame.pts < self.key_pts:
            return False
        if frame.pts > self.key_pts or not frame.key_frame or frame.pict_type != PictureType.I:
            raise Doubt("the keyframe is none")
        self.key_pts = None
        return True

    def _is_unwanted(self, pts: int | None) -> bool:
        """Whether no wanted moment can fall on the frame at ``pts``, as far as packets have been read."""
        if pts is None or not self.wanted:
            return False
        after = bisect_right(self.seen, pts)
        moment = bisect_left(self.wanted, pts)
        if moment == len(self.wanted):
            return True
        return after < len(self.seen) and self.seen[after] <= self.wanted[moment]


class Found(NamedTuple):
    """The frame that is on screen at a wanted moment, and since when."""

    at_us: int
    pts_us: int
    frame: VideoFrame


def by_seeking(film: Film) -> Iterator[Found]:
    """The wanted frames, by random access. Raises ``Doubt`` where that cannot be trusted."""
    if film.container_name not in _SEEKABLE or film.codec not in _SURE:
        raise Doubt("not a container and codec for which seeking is known to be exact")
    walk = Walk(film)
    for at_us, moment in zip(film.request.times_us, walk.wanted, strict=True):
        frame = walk.frame_at(moment)
        end = walk.lasts_until(frame)
        if end is not None and moment >= end:
            return
        yield Found(at_us, micros(frame.pts or 0, walk.base, film.tick), frame)


def by_reading_all(film: Film) -> Iterator[Found]:
    """The wanted frames, by decoding from the start. Where damage hides what was on screen, nothing is found."""
    waiting = deque(film.request.times_us)
    shown: VideoFrame | None = None
    base: int | None = None
    shown_us = end_us = 0
    for pts, frame, is_whole, has_hole in film.all_frames():
        base = pts if base is None else base
        pts_us = micros(pts, base, film.tick)
        yield from _until(waiting, min(pts_us, end_us) if has_hole else pts_us, shown, shown_us)
        yield from _until(waiting, pts_us, None, shown_us)
        if not waiting:
            return
        end_us = pts_us + (micros(frame.duration or 0, 0, film.tick) or pts_us - shown_us or _ONE_FRAME_US)
        shown, shown_us = frame if is_whole else None, pts_us
    if base is None:
        raise Unreadable("no_frames: nothing could be decoded")
    yield from _until(waiting, end_us, shown, shown_us)


def _until(waiting: deque[int], end_us: int, frame: VideoFrame | None, pts_us: int) -> Iterator[Found]:
    """The wanted moments before ``end_us``, at all of which ``frame`` is on screen; without one they are dropped."""
    while waiting and waiting[0] + SLACK_US < end_us:
        at_us = waiting.popleft()
        if frame is not None:
            yield Found(at_us, pts_us, frame)


def read(request: Request) -> Iterator[Picture]:
    """The wanted pictures in order; those after the film's end, or hidden by damage, are missing."""
    n_given = 0
    with complaints() as said:
        try:
            for picture in pictures(Film(request, said), by_seeking):
                n_given += 1
                yield picture
        except Doubt:
            rest = replace(request, times_us=request.times_us[n_given:])
            yield from pictures(Film(rest, said), by_reading_all)


def pictures(film: Film, find: Callable[[Film], Iterator[Found]]) -> Iterator[Picture]:
    """The pictures of the frames that are found, each made once however many moments it is on screen."""
    last: Picture | None = None
    for found in ahead(find(film), 1):
        if last is None or last.pts_us != found.pts_us:
            last = picture_of(film, found.frame, found.at_us, found.pts_us)
        yield replace(last, at_us=found.at_us)


if __name__ == "__main__":
    serve(read)
