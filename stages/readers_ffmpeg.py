"""Frames by the ffmpeg program, which decodes everything from the start and keeps what is wanted.

Here nothing is imported into a child: ffprobe lists the times, ffmpeg hands over raw pictures of a known size, and both
run in the sandbox.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ffmpeg as graph
import numpy as np

from stages import ffmpeg, sandbox
from stages.readers_child import Picture, Request, fitted, jpeg_of, small_of, ticks
from stages.sandbox import Limits
from stages.timing import Timing, timing

_AT_ONCE = 2000
"""So many pictures per run: their times are written into one filter, whose length is bounded."""
_MATRICES = {"bt709": "bt709", "bt2020nc": "bt2020", "smpte170m": "bt601", "bt470bg": "bt601", "fcc": "bt601"}


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """The film's times, how large its pictures shall be, and what its colours mean."""

    timing: Timing
    size: tuple[int, int]
    matrix: str


def read(path: Path, request: Request, limits: Limits) -> Iterator[Picture]:
    """The wanted pictures in order; those after the film's end are missing. Raises ``Refused``."""
    plan = _planned(path, request, limits)
    timed = plan.timing
    moments = [(at_us, ticks(at_us, timed.base, timed.tick)) for at_us in request.times_us]
    wanted = [(at_us, bisect_right(timed.times, moment) - 1) for at_us, moment in moments if moment < timed.end]
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
                pts_us = plan.timing.micros(plan.timing.times[number])
                yield Picture(at_us=at_us, pts_us=pts_us, width_px=wide, height_px=high, small=small, jpeg=jpeg)
        finished = child.finish()
    if waiting:
        raise ffmpeg.refusal(finished, otherwise="frame_missing")


def _command(path: Path, plan: _Plan, numbers: Sequence[int]) -> list[str]:
    """The argv that writes the frames with these numbers as raw RGB. ffmpeg turns them upright by itself."""
    timed = plan.timing
    chosen = "+".join(f"eq(n,{at})" if timed.by_number else f"eq(pts,{timed.times[at]})" for at in numbers)
    chosen = f"gte(n,{timed.n_before})*({chosen})"
    wide, high = plan.size
    film = ffmpeg.reading(path, copyts=None, threads=2)[str(timed.probe.stream_index)]
    pictures = film.filter("select", chosen).filter("scale", wide, high, flags="area", in_color_matrix=plan.matrix)
    output = graph.output(
        pictures, "pipe:1", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough", **{"frames:v": len(numbers)}
    )
    return ffmpeg.command(output)


def _planned(path: Path, request: Request, limits: Limits) -> _Plan:
    timed = timing(path, limits)
    probe = timed.probe
    return _Plan(
        timing=timed,
        size=fitted(probe.shown_width_px_claimed, probe.shown_height_px_claimed, request.side_px),
        matrix=_MATRICES.get(timed.color_space, "bt709" if probe.height_px_claimed >= 720 else "bt601"),
    )
