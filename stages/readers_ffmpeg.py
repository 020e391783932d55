"""Frames by the ffmpeg program, which decodes everything from the start and keeps what is wanted.

Here nothing is imported into a child: ffprobe lists the times, ffmpeg hands over raw pictures of a known size, and both
run in the sandbox.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg as graph
import numpy as np

from schemas.units import VideoId
from stages import decode, ffmpeg, sandbox
from stages.readers_child import Picture, Request, fitted, jpeg_of, micros, small_of, ticks
from stages.refusal import Refused
from stages.sandbox import Limits

_AT_ONCE = 2000
"""So many pictures per run: their times are written into one filter, whose length is bounded."""
_MATRICES = {"bt709": "bt709", "bt2020nc": "bt2020", "smpte170m": "bt601", "bt470bg": "bt601", "fcc": "bt601"}


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Which stream to read, how large, what its colours mean, and when each of its frames comes on, in ticks."""

    stream_index: int
    size: tuple[int, int]
    matrix: str
    tick: Fraction
    base: int
    times: list[int]
    end: int
    by_number: bool


def read(path: Path, request: Request, limits: Limits) -> Iterator[Picture]:
    """The wanted pictures in order; those after the film's end are missing. Raises ``Refused``."""
    plan = _planned(path, request, limits)
    moments = [(at_us, ticks(at_us, plan.base, plan.tick)) for at_us in request.times_us]
    wanted = [(at_us, bisect_right(plan.times, moment) - 1) for at_us, moment in moments if moment < plan.end]
    for start in range(0, len(wanted), _AT_ONCE):
        yield from _decoded(path, request, plan, wanted[start : start + _AT_ONCE], limits)


def _decoded(
    path: Path, request: Request, plan: _Plan, wanted: Sequence[tuple[int, int]], limits: Limits
) -> Iterator[Picture]:
    wide, high = plan.size
    numbers = sorted({number for _, number in wanted})
    waiting = list(reversed(wanted))
    with sandbox.stream(_command(path, plan, numbers), limits, inputs=(path,)) as child:
        for number in numbers:
            raw = child.read(wide * high * 3)
            if raw is None:
                break
            rgb = np.frombuffer(raw, np.uint8).reshape(high, wide, 3)
            small, jpeg = small_of(rgb, plan.matrix), jpeg_of(rgb, request.quality)
            while waiting and waiting[-1][1] == number:
                at_us, _ = waiting.pop()
                pts_us = micros(plan.times[number], plan.base, plan.tick)
                yield Picture(at_us=at_us, pts_us=pts_us, width_px=wide, height_px=high, small=small, jpeg=jpeg)
        finished = child.finish()
    if waiting:
        raise ffmpeg.refusal(finished, otherwise="frame_missing")


def _command(path: Path, plan: _Plan, numbers: Sequence[int]) -> list[str]:
    """The argv that writes the frames with these numbers as raw RGB. ffmpeg turns them upright by itself."""
    chosen = "+".join(f"eq(n,{number})" if plan.by_number else f"eq(pts,{plan.times[number]})" for number in numbers)
    wide, high = plan.size
    film = ffmpeg.reading(path, copyts=None, threads=2)[str(plan.stream_index)]
    pictures = film.filter("select", chosen).filter("scale", wide, high, flags="area", in_color_matrix=plan.matrix)
    output = graph.output(
        pictures, "pipe:1", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough", **{"frames:v": len(numbers)}
    )
    return ffmpeg.command(output)


def _planned(path: Path, request: Request, limits: Limits) -> _Plan:
    found = ffmpeg.probe(path)
    stream, probe = decode.film(found), decode.probed(VideoId(""), found)
    index = stream["index"]
    tick = Fraction(stream["time_base"])
    by_number = found["format"]["format_name"] == "avi"  # it stores no time of showing, only an order of decoding
    packets = _list(path, limits, select_streams=str(index), show_entries="packet=pts,dts,duration,flags")["packets"]
    clock = "dts" if by_number else "pts"
    shown = sorted(
        (one[clock], one.get("duration", 0)) for one in packets if clock in one and "D" not in one.get("flags", "")
    )
    first = _first_pts(path, index, limits) if not by_number else shown[0][0]
    times = [pts for pts, _ in shown if pts >= first]
    if not times:
        raise Refused("no_frames", "nothing could be decoded")
    gap = times[-1] - times[-2] if len(times) > 1 else 0
    return _Plan(
        stream_index=index,
        size=fitted(probe.shown_width_px_claimed, probe.shown_height_px_claimed, request.side_px),
        matrix=_MATRICES.get(stream.get("color_space", ""), "bt709" if probe.height_px_claimed >= 720 else "bt601"),
        tick=tick,
        base=times[0],
        times=times,
        end=times[-1] + (shown[-1][1] or gap or round(1 / 25 / tick)),
        by_number=by_number,
    )


def _first_pts(path: Path, index: int, limits: Limits) -> int:
    """The time of the first frame that comes out with one: what lies before it does not count."""
    listed = _list(path, limits, select_streams=str(index), show_entries="frame=pts", read_intervals="%+#64")
    for frame in listed["frames"]:
        if "pts" in frame:
            return int(frame["pts"])
    raise Refused("no_frames", "no frame that comes out has a time")


def _list(path: Path, limits: Limits, **options: Any) -> dict[str, Any]:
    finished = sandbox.run(ffmpeg.probing(path, **options), limits, inputs=(path,))
    if finished.rc or finished.failure:
        raise ffmpeg.refusal(finished)
    listed: dict[str, Any] = json.loads(finished.stdout)
    return listed
