"""Decodes a video once, in order, into small pictures with exact times. Only inside the sandbox: PyAV is imported here.

Fast because deblocking is left out and scaling averages areas, which nobody can see at this size, and because a thread
decodes ahead of the one that scales and measures.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from stages import streams
from stages.ahead import ahead
from stages.picture import COLUMNS, ROWS, Small
from stages.watch_clock import Clock, micros

MOST_PIXELS = 40_000_000
"""A decoder refuses larger pictures before it allocates them."""

_FAST = {"skip_loop_filter": "all", "flags2": "+fast", "max_pixels": str(MOST_PIXELS)}
_LIGHT_PIXELS = 1_000_000
"""Pictures up to here one thread decodes as fast as another scales and measures; more threads only cost more CPU."""
_AHEAD_BYTES = 16_000_000
_PROBED_ROWS = 8
_LONGEST_LAST_US = 1_000_000
_ONLY_FRAME_US = 40_000
_COVERS = Disposition.attached_pic | Disposition.timed_thumbnails
_DIRECT = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray", "yuva420p"})


class Unwatchable(Exception):
    """The video cannot be watched: a reason of ``schemas.errors`` and what was seen."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass
class Seen:
    """What was found out while decoding. Sizes are as displayed: turned, and stretched by the sample aspect."""

    width_px: int = 0
    height_px: int = 0
    frames: int = 0
    end_us: int = 0
    lost: int = 0
    errors: int = 0
    sizes: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True)
class Picture:
    """One frame: its time, itself made small, and how sharp it was at full resolution."""

    pts_us: int
    small: Small
    sharpness: float


def open_video(path: str, formats: str, cores: int) -> tuple[InputContainer, VideoStream]:
    """The container and the film in it, set up for fast decoding. Raises ``Unwatchable``."""
    options = {"protocol_whitelist": "file", "format_whitelist": formats, "max_streams": "64"}
    try:
        container = av.open(f"file:{path}", container_options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Unwatchable("undecodable", f"it cannot be opened: {error}") from None
    stream = film_in(container)
    if stream.width * stream.height > MOST_PIXELS:
        raise Unwatchable("too_many_pixels", f"{stream.width} x {stream.height} pixels, more than {MOST_PIXELS}")
    for other in container.streams:
        other.discard = Discard.default if other is stream else Discard.all
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = 1 if stream.width * stream.height <= _LIGHT_PIXELS else cores
    stream.codec_context.options = _FAST
    return container, stream


def film_in(container: InputContainer) -> VideoStream:
    """The stream that is the film, as ``stages.streams`` chooses it. Raises ``Unwatchable``."""
    videos = {one.index: one for one in container.streams.video}
    whole = container.duration or 0
    found = streams.best(
        streams.Candidate(
            index=one.index,
            width_px=getattr(one.codec_context, "width", 0),  # there is no context for an unknown codec
            height_px=getattr(one.codec_context, "height", 0),
            duration_us=micros(one.duration or 0, one.time_base or Fraction(0)) or whole,
            is_picture=bool(one.disposition & _COVERS),
        )
        for one in videos.values()
    )
    if found is None:
        raise Unwatchable("no_video_stream", "it holds no film")
    if getattr(videos[found.index].codec_context, "name", None) is None:
        raise Unwatchable("unsupported_codec", "there is no decoder for it")
    return videos[found.index]


def pictures(container: InputContainer, stream: VideoStream, seen: Seen) -> Iterator[Picture]:
    """Every frame that has a place in time, in order; ``seen`` is filled on the way. Damage is passed over."""
    clock = Clock(stream.time_base or Fraction(1, 1_000_000), by_decoding=container.format.name == "avi")
    scale, last, longest = _Scaler(), 0, 0
    end: int | None = None
    at_once = max(1, min(8, _AHEAD_BYTES // max(1, stream.width * stream.height * 3)))
    for frame in ahead(frames(container, stream, seen), at_once):
        at = clock.time_us(frame.pts, frame.dts)
        seen.lost = clock.lost
        if at is None:
            continue
        if not seen.frames:
            seen.width_px, seen.height_px = _shown(frame, stream)
        seen.sizes.add((frame.width, frame.height))
        longest, last = max(longest, at - last), at
        end = clock.later_us(frame.duration)
        seen.frames += 1
        yield Picture(at, scale(frame), _sharpness(frame))
    usual = last // (seen.frames - 1) if seen.frames > 1 else _ONLY_FRAME_US
    seen.end_us = min(end or last + usual, last + max(longest, _LONGEST_LAST_US))


def frames(container: InputContainer, stream: VideoStream, seen: Seen) -> Iterator[VideoFrame]:
    """The frames as the decoder gives them. Raises ``Unwatchable`` for encrypted ones, of which it would make noise."""
    packets = container.demux(stream)
    is_over = False
    while not is_over:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            seen.errors += 1
            packet = None  # the demuxer gave up: what is left in the decoder is all there is
        is_over = packet is None or not packet.size
        if packet is not None and packet.has_sidedata("encryption_info"):
            raise Unwatchable("encrypted", "its packets are encrypted, and there is no key")
        try:
            yield from stream.codec_context.decode(None if is_over else packet)
        except EOFError:
            return
        except av.error.FFmpegError:
            seen.errors += 1


class _Scaler:
    """Makes a frame into a small picture (3, 36, 64) in limited range, turned as it is displayed."""

    def __init__(self) -> None:
        self.reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Small:
        turns = round(frame.rotation / 90) % 4
        width, height = (ROWS, COLUMNS) if turns % 2 else (COLUMNS, ROWS)
        small = self.reformatter.reformat(
            frame,
            width,
            height,
            "yuv444p",
            interpolation=Interpolation.AREA,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        pixels = np.empty((3, height, width), np.uint8)
        for channel, plane in enumerate(small.planes):
            pixels[channel] = _pixels(plane)[:, :width]
        return np.rot90(pixels, turns, (1, 2)) if turns else pixels


def _pixels(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


def _shown(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    aspect = float(stream.sample_aspect_ratio or 1)
    return streams.shown_size(frame.width, frame.height, aspect, streams.clockwise(frame.rotation))


def _sharpness(frame: VideoFrame) -> float:
    """The mean step between neighbouring pixels of the full picture, on some of its rows, as a part of the range."""
    gray = frame if frame.format.name in _DIRECT else frame.reformat(format="gray", threads=1)
    luma = _pixels(gray.planes[0])[: gray.height, : gray.width]
    if min(luma.shape) < 2:
        return 0.0
    rows = _probed_rows(gray.height)
    above, below = luma[rows], luma[rows + 1]
    across = np.maximum(above[:, 1:], above[:, :-1]) - np.minimum(above[:, 1:], above[:, :-1])
    down = np.maximum(below, above) - np.minimum(below, above)
    steps = across.sum(dtype=np.uint32) / across.size + down.sum(dtype=np.uint32) / down.size
    return float(steps) / 2 / 255


@lru_cache(maxsize=8)
def _probed_rows(height: int) -> npt.NDArray[np.intp]:
    return np.linspace(0, height - 2, min(_PROBED_ROWS, height - 1)).astype(np.intp)
