"""Decodes a video once, in order, into small pictures with exact times. Only inside the sandbox: PyAV is imported here.

Fast because deblocking is left out and scaling averages areas, which nobody can see at this size, and because a thread
decodes ahead of the one that scales and measures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import chain

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from stages import allowance, streams
from stages.ahead import ahead
from stages.colours import has_impossible, has_unfilled
from stages.damage import Belief, Complaints
from stages.picture import COLUMNS, ROWS, Small
from stages.watch_clock import Clock, micros
from stages.watch_seen import Seen

MOST_PIXELS = 40_000_000
"""A decoder refuses larger pictures before it allocates them."""

_LIMITS = {"max_pixels": str(MOST_PIXELS)}
"""For opening, too: to find out what a header leaves open, the first pictures are decoded there."""
_FAST = _LIMITS | {"skip_loop_filter": "all", "flags2": "+fast"}
_LIGHT_PIXELS = 1_000_000
"""Pictures up to here one thread decodes as fast as another scales and measures; more threads only cost more CPU."""
_AHEAD_BYTES = 16_000_000
_PROBED_ROWS = 8
_COVERS = Disposition.attached_pic | Disposition.timed_thumbnails
_DIRECT = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray", "yuva420p"})


class Unwatchable(Exception):
    """The video cannot be watched: a reason of ``schemas.errors`` and what was seen."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Picture:
    """One frame: its time, itself made small, and how sharp it was at full resolution."""

    pts_us: int
    small: Small
    sharpness: float


def open_video(path: str, formats: str, cores: int, most_frames: int) -> tuple[InputContainer, VideoStream]:
    """The container and the film in it, set up for fast decoding. Raises ``Unwatchable``."""
    options = {"protocol_whitelist": "file", "format_whitelist": formats, "max_streams": "64"}
    allowance.for_opening()
    try:
        container = av.open(f"file:{path}", options=_LIMITS, container_options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Unwatchable("undecodable", f"it cannot be opened: {error}") from None
    stream = film_in(container)
    n_listed = max(len(stream.index_entries), stream.frames)
    if n_listed > most_frames:
        raise Unwatchable("decode_budget", f"its index lists {n_listed} frames, more than the {most_frames} allowed")
    if stream.width * stream.height > MOST_PIXELS:
        raise Unwatchable("too_many_pixels", f"{stream.width} x {stream.height} pixels, more than {MOST_PIXELS}")
    allowance.for_pictures(stream.width * stream.height)
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


def pictures(
    container: InputContainer, stream: VideoStream, seen: Seen, said: Complaints, *, is_wary: bool = False
) -> Iterator[Picture]:
    """Every frame that has a place in time and can be believed, in order; ``seen`` is filled on the way.

    What comes to be in doubt after it was given is taken back there. ``is_wary`` is for films known to be damaged.
    """
    belief = Belief.of(container, stream, said)
    seen.doubted = belief.doubted
    clock = Clock(stream.time_base or Fraction(1, 1_000_000), by_decoding=is_counted(container))
    scale, is_joined = _Scaler(), True
    at_once = max(1, min(8, _AHEAD_BYTES // max(1, stream.width * stream.height * 3)))
    for frame, group, is_whole, has_hole in ahead(frames(container, stream, belief), at_once):
        at = clock.time_us(frame.pts, frame.dts)
        is_joined &= not has_hole and clock.lost == seen.lost
        seen.lost, seen.hurts = clock.lost, belief.n_hurts
        if at is None:
            continue
        if not seen.sizes:
            seen.width_px, seen.height_px = _shown(frame, stream)
        seen.sizes.add((frame.width, frame.height))
        if is_whole:
            small = scale(frame)
            if has_unfilled(small) or (is_wary and has_impossible(small)):
                seen.doubt(group)
            until = clock.later_us(frame.duration)
            seen.add(at, until, group, is_joined=is_joined, is_key=bool(frame.key_frame))
            yield Picture(at, small, _sharpness(frame))
        is_joined = is_whole
    seen.hurts, seen.refused = belief.n_hurts, belief.n_refused
    seen.take_back()


def is_counted(container: InputContainer) -> bool:
    """Whether the container stores no time of showing: AVI."""
    return bool(container.format.name == "avi")


def frames(
    container: InputContainer, stream: VideoStream, belief: Belief
) -> Iterator[tuple[VideoFrame, int, bool, bool]]:
    """The frames as the decoder gives them: each, its group, whether it is believed, and whether one ahead is missing.

    Raises ``Unwatchable`` for encrypted ones, of which it would make noise.
    """
    for packet in chain(belief.packets(container.demux(stream)), (None,)):
        if packet is not None and packet.has_sidedata("encryption_info"):
            raise Unwatchable("encrypted", "its packets are encrypted, and there is no key")
        for frame in belief.frames_of(stream.codec_context, packet):
            has_hole = frame.pts is not None and belief.has_hole(frame.pts)
            yield frame, belief.group_of(frame), belief.believes(frame), has_hole


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
