"""One film through PyAV, opened warily: its packets, its frames, and its pictures upright. Only inside the sandbox."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import av
import numpy as np
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame

from stages import allowance, streams
from stages.damage import Belief, Complaints
from stages.readers_child import Picture, Request, Unreadable, fitted, jpeg_of

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv"
MAX_PIXELS = 40_000_000
_UNMARKED = 2  # AVCOL_SPC_UNSPECIFIED: nothing says how colour was stored
_LIMITS = {"max_pixels": str(MAX_PIXELS)}
"""For opening, too: to find out what a header leaves open, the first pictures are decoded there."""
_WARY = {"protocol_whitelist": "file", "format_whitelist": FORMATS, "max_streams": "64"}


class Damaged(Exception):
    """What was to be decoded is not whole."""


class Film:
    """The film in a file, read from its start, or from where ``seek`` went."""

    def __init__(self, request: Request, said: Complaints) -> None:
        allowance.for_opening()
        try:
            self._container = av.open(
                f"file:{request.path}", options=_LIMITS, container_options=_WARY, metadata_errors="replace"
            )
        except (av.FFmpegError, OSError) as error:
            raise Unreadable(f"undecodable: {error}") from None
        self.request, self.said = request, said
        self.stream = self._chosen()
        self.aspect = float(self.stream.sample_aspect_ratio or 1)
        if not hasattr(self.stream.codec_context, "codec"):  # it is None for an unknown codec, whatever its type says
            raise Unreadable("unsupported_codec: there is no decoder for it")
        self.codec = self.stream.codec_context.codec.canonical_name
        self.container_name = self._container.format.name.split(",")[0]
        self.tick: Fraction = self.stream.time_base or Fraction(1, 1_000_000)
        context = self.stream.codec_context
        allowance.for_pictures(context.width * context.height)
        context.thread_type = "AUTO"
        context.thread_count = request.threads
        context.options = dict(_LIMITS)
        for other in self._container.streams:
            other.discard = Discard.default if other is self.stream else Discard.all

    def _chosen(self) -> av.VideoStream:
        videos = {one.index: one for one in self._container.streams.video}
        whole = self._container.duration or 0
        found = streams.best(
            streams.Candidate(
                index=one.index,
                width_px=getattr(one.codec_context, "width", 0),  # there is no context for an unknown codec
                height_px=getattr(one.codec_context, "height", 0),
                duration_us=round((one.duration or 0) * (one.time_base or 0) * 1_000_000) or whole,
                is_picture=bool(one.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)),
            )
            for one in videos.values()
        )
        if found is None:
            raise Unreadable("no_video_stream: it holds no film")
        return videos[found.index]

    def demux(self) -> Iterator["av.Packet[Any]"]:
        """The film's packets from here on; a place that cannot be read ends them.

        PyAV ends with IndexError where a broadcast brought another stream on the way.
        """
        try:
            for packet in self._container.demux(self.stream):
                if packet.size:
                    yield packet
        except (av.FFmpegError, IndexError):
            return

    def seek(self, pts: int) -> None:
        """Go to where the file says that a keyframe before ``pts`` lies."""
        self._container.seek(pts, stream=self.stream, backward=True, any_frame=False)

    def spare(self, is_unwanted: bool) -> None:
        """Leave the next packets undecoded if no other frame depends on them."""
        self.stream.codec_context.skip_frame = "NONREF" if is_unwanted else "DEFAULT"

    def decode(self, packet: "av.Packet[Any] | None") -> list[VideoFrame]:
        """What comes out when this packet goes in; None at the end, for what the decoder held back.

        Raises ``Damaged`` where the packet or anything that FFmpeg says of it is not as it should be.
        """
        try:
            frames = list(self.stream.codec_context.decode(packet))
        except EOFError:
            return []
        except av.FFmpegError as error:
            raise Damaged(str(error)) from None
        if self.said.heard() or (packet is not None and packet.is_corrupt) or any(one.is_corrupt for one in frames):
            raise Damaged("FFmpeg complains of it")
        return frames

    def all_frames(self) -> Iterator[tuple[int, VideoFrame, bool, bool]]:
        """Every frame from the start with a time later than the one before, in order.

        With each its time (AVI stores no other than dts), whether it can be believed, and whether one ahead of it is
        missing.
        """
        belief = Belief.of(self._container, self.stream, self.said)
        last: int | None = None
        for packet in chain(belief.packets(self._container.demux(self.stream)), (None,)):
            for frame in belief.frames_of(self.stream.codec_context, packet):
                pts = frame.dts if self.container_name == "avi" else frame.pts
                is_whole = belief.believes(frame)
                if pts is not None and (last is None or pts > last):
                    last = pts
                    yield pts, frame, is_whole, belief.has_hole(pts)


def picture_of(film: Film, frame: VideoFrame, at_us: int, pts_us: int) -> Picture:
    """The frame upright and with square pixels, with its small version."""
    quarters = round(frame.rotation / 90) % 4
    width, height = streams.shown_size(frame.width, frame.height, film.aspect, -90 * quarters % 360)
    wide, high = fitted(width, height, film.request.side_px)
    return Picture(
        at_us=at_us,
        pts_us=pts_us,
        width_px=wide,
        height_px=high,
        small=_small(frame, quarters),
        jpeg=_jpeg(frame, (high, wide) if quarters % 2 else (wide, high), quarters, film.request.quality),
    )


def _small(frame: VideoFrame, quarters: int) -> bytes:
    lying = (36, 64) if quarters % 2 else (64, 36)
    small = frame.reformat(*lying, format="yuv444p", interpolation="AREA", threads=1).to_ndarray()
    return np.ascontiguousarray(np.rot90(small, quarters, axes=(1, 2))).tobytes()


def _jpeg(frame: VideoFrame, size: tuple[int, int], quarters: int, quality: int) -> bytes:
    if not quality:
        return b""
    unmarked = "ITU709" if frame.height >= 720 else "ITU601"
    matrix = unmarked if frame.colorspace == _UNMARKED else None
    rgb = frame.reformat(*size, format="rgb24", interpolation="AREA", src_colorspace=matrix, threads=1).to_ndarray()
    return jpeg_of(np.rot90(rgb, quarters), quality)
