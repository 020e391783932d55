"""Frames by decord, believed only where PyAV finds the same times and the same pictures. Runs inside the sandbox.

decord addresses frames by number and gives wrong ones, without an error, for MPEG-TS, edit lists and negative times;
it can also hang, which the sandbox ends. So: only containers and codecs in which it can be right; its list of times
must be the one that the packets show; and each of its pictures must look like the one that PyAV finds at that time.
Whatever fails here is read by ffmpeg instead.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import decord
import numpy as np
from PIL import Image

from stages import readers_pyav, streams
from stages.damage import complaints
from stages.picture import COLUMNS, ROWS, grids
from stages.readers_child import Picture, Request, Rgb, Unreadable, fitted, jpeg_of, micros, serve, small_of, ticks
from stages.readers_film import Film

_CONTAINERS = frozenset(("mov", "matroska"))
_CODECS = frozenset(("h264", "hevc", "mpeg4", "vp8", "vp9"))
_SAME_TIME_S = 0.001
_SAME_LOOK = 16
"""Two pictures are the same when no block of their grids differs by more in luma, of 255: rounding does not."""


def read(request: Request) -> Iterator[Picture]:
    """The wanted pictures. Raises ``Unreadable`` at the first doubt, before the picture in doubt is given."""
    with complaints() as said:
        yield from _proved(request, Film(request, said))


def _proved(request: Request, film: Film) -> Iterator[Picture]:
    if film.container_name not in _CONTAINERS or film.codec not in _CODECS:
        raise Unreadable(f"format_not_allowed: decord is not exact for {film.codec} in {film.container_name}")
    times = _times(film)
    reader = _opened(request, film, times)
    truths = readers_pyav.read(replace(request, quality=0))
    for truth in truths:
        at = bisect_right(times, ticks(truth.at_us, times[0], film.tick)) - 1
        picture = _picture(reader[at].asnumpy(), film, truth.at_us, micros(times[at], times[0], film.tick))
        _prove(picture, truth)
        yield picture


def _times(film: Film) -> list[int]:
    """The time of every frame, as the packets tell, in the order of showing."""
    packets = list(film.demux())
    times = sorted(packet.pts for packet in packets if packet.pts is not None)
    if not times or len(times) < len(packets) or times[0] < 0 or any(packet.is_discard for packet in packets):
        raise Unreadable("timestamps: packets are hidden, or without a time, or before zero")
    return times


def _opened(request: Request, film: Film, times: list[int]) -> Any:
    """The reader, whose times are those of the packets. It is given a safe name: some others it cannot open."""
    safe = Path("footage")
    safe.symlink_to(request.path)
    try:
        reader = decord.VideoReader(str(safe), ctx=decord.cpu(0), num_threads=1)
        if len(reader) != len(times):
            raise Unreadable(f"timestamps: decord counts {len(reader)} frames, the packets {len(times)}")
        found = reader.get_frame_timestamp(np.arange(len(times)))[:, 0]
    except (decord.DECORDError, RuntimeError, IndexError) as error:
        raise Unreadable(f"undecodable: {error}") from None
    wanted = np.array([float((pts - times[0]) * film.tick) for pts in times])
    if float(np.abs(found - found[0] - wanted).max()) > _SAME_TIME_S:
        raise Unreadable("timestamps: decord's times are not those of the packets")
    return reader


def _picture(rgb: Rgb, film: Film, at_us: int, pts_us: int) -> Picture:
    """One picture. It comes upright, but not with square pixels, and all colour was taken for BT.601."""
    height, width = rgb.shape[:2]
    wide, high = fitted(*streams.shown_size(width, height, film.aspect, 0), film.request.side_px)
    small = small_of(rgb, "bt601")
    scaled = (
        np.asarray(Image.fromarray(rgb).resize((wide, high), Image.Resampling.BOX)) if film.request.quality else rgb
    )
    return Picture(
        at_us=at_us,
        pts_us=pts_us,
        width_px=wide,
        height_px=high,
        small=small,
        jpeg=jpeg_of(scaled, film.request.quality),
    )


def _prove(picture: Picture, truth: Picture) -> None:
    both = np.frombuffer(picture.small + truth.small, np.uint8).reshape(2, 3, ROWS, COLUMNS)
    one, other = grids(both)[..., 0].astype(np.int16)
    apart = int(np.abs(one - other).max())
    if picture.pts_us != truth.pts_us or apart > _SAME_LOOK:
        raise Unreadable(f"frame_missing: at {truth.at_us} us decord shows another picture, {apart} of 255 apart")


if __name__ == "__main__":
    serve(read)
