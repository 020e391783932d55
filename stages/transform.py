"""Stretches of footage as files of their own."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import ffmpeg as graph
from annotated_types import Interval

from schemas.media import Clip, ClipRequest
from schemas.rejects import Reject, reject
from schemas.units import Unit
from stages import ffmpeg, gate, sandbox
from stages.readers import THREADS, limits
from stages.refusal import Refused
from stages.stage import Env, Needs, Stage, groups
from stages.timing import Timing, timing

Crf = Annotated[int, Unit("1"), Interval(ge=0, le=51)]
_COPIED = ("h264", "hevc", "av1", "vp9", "mpeg4")
_CLIP_BYTES = 4 << 30
_SAME_TIME_US = 1000
_BEFORE_S = (5, 30, None)
"""How far before a clip decoding starts; where the frames do not come out right, farther, and at last at the start."""


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """The frames of one clip: their times in ticks, and the file they come out of."""

    path: Path
    timing: Timing
    times: Sequence[int]


class CutClips(
    Stage[ClipRequest, Clip, Env], version=1, needs=Needs(cpus=1, memory_gb=1.5), batch_rows=64, group_by="video_id"
):
    """Cut out exactly the frames that come on within each wanted span, as an MP4 without sound.

    Where the span begins at a keyframe and its packets are just those of its frames, they are copied bit for bit;
    elsewhere they are encoded again as H.264 at ``crf``, upright, with square pixels and even sides. Either way the
    clip's own times are read back, and it is kept only if they are the wanted ones. ``lossless=False`` always encodes.
    """

    crf: Crf = 20
    lossless: bool = True

    def open(self, env: Env) -> Env:
        """The door to local files and to blobs."""
        return env

    def run(self, rows: Sequence[ClipRequest], tool: Env) -> Iterator[Clip | Reject]:
        """A clip for each request; a span without a frame, or of a film that cannot be read, is rejected."""
        for group in groups(rows, "video_id"):
            path = tool.path(group[0].uri)
            try:
                gate.admit(path).file.close()
                timed = timing(path, limits(0, path.stat().st_size))
            except Refused as refused:
                yield from (reject(self, wanted, refused.reason, refused.detail) for wanted in group)
                continue
            for wanted in group:
                try:
                    yield self._clip(wanted, path, timed, tool)
                except Refused as refused:
                    yield reject(self, wanted, refused.reason, refused.detail)

    def _clip(self, wanted: ClipRequest, path: Path, timed: Timing, env: Env) -> Clip:
        cut = _Cut(path=path, timing=timed, times=timed.between(wanted.start_us, wanted.end_us))
        if not cut.times:
            raise Refused("frame_missing", f"no frame comes on in [{wanted.start_us}, {wanted.end_us}) us")
        content, made_by = _made(cut, self.crf, self.lossless)
        return Clip(
            clip_id=wanted.clip_id,
            video_id=wanted.video_id,
            start_us=wanted.start_us,
            end_us=wanted.end_us,
            blob=env.put(content, ".mp4"),
            n_frames=len(cut.times),
            made_by=made_by,
        )


def _made(cut: _Cut, crf: int, lossless: bool) -> tuple[bytes, Literal["copied", "encoded"]]:
    """The clip's bytes, in the best way that gives exactly its frames. Raises ``Refused`` where none does."""
    if lossless and _is_whole(cut) and (content := _tried(cut, _copying(cut))) is not None:
        return content, "copied"
    for before_s in _BEFORE_S:
        if (content := _tried(cut, _encoding(cut, crf, before_s))) is not None:
            return content, "encoded"
    raise Refused("frame_missing", f"the {len(cut.times)} frames of the clip did not come out exactly")


def _is_whole(cut: _Cut) -> bool:
    """Whether the packets from the clip's first keyframe on, as they are decoded, are those of its frames alone."""
    packets = cut.timing.packets
    first = next((at for at, packet in enumerate(packets) if packet.shown == cut.times[0]), None)
    if first is None or not packets[first].is_key or cut.timing.probe.codec not in _COPIED or cut.timing.by_number:
        return False
    return sorted(packet.shown or 0 for packet in packets[first : first + len(cut.times)]) == list(cut.times)


def _copying(cut: _Cut) -> Any:
    start_s = float(cut.times[0] * cut.timing.tick)
    film = ffmpeg.reading(cut.path, ss=f"{start_s:.6f}", seek_timestamp=1, noaccurate_seek=None)
    return _output(film[str(cut.timing.probe.stream_index)], cut, c="copy", avoid_negative_ts="make_zero")


def _encoding(cut: _Cut, crf: int, before_s: int | None) -> Any:
    """The clip encoded again. Its frames are chosen by their times, whatever place the seek led to."""
    probe, tick = cut.timing.probe, cut.timing.tick
    seek: dict[str, Any] = {}
    if before_s is not None and not cut.timing.by_number and not cut.timing.n_before:
        start_s = float(max(cut.times[0] * tick - before_s, cut.timing.base * tick))
        seek = {"ss": f"{start_s:.6f}", "seek_timestamp": 1, "noaccurate_seek": None}
    film = ffmpeg.reading(cut.path, copyts=None, threads=THREADS, **seek)[str(probe.stream_index)]
    wide, high = (max(2, side // 2 * 2) for side in (probe.shown_width_px_claimed, probe.shown_height_px_claimed))
    shown = film.filter("select", _chosen(cut)).filter("setpts", f"PTS-{cut.times[0]}")
    even = shown.filter("scale", wide, high, flags="bicubic").filter("setsar", 1)
    coded = {"c:v": "libx264", "preset": "veryfast", "crf": crf, "pix_fmt": "yuv420p", "threads": THREADS}
    return _output(even, cut, enc_time_base=-1, fps_mode="passthrough", **coded)


def _chosen(cut: _Cut) -> str:
    if cut.timing.by_number:
        first = cut.timing.times.index(cut.times[0])
        return f"between(n,{first},{first + len(cut.times) - 1})"
    return f"gte(n,{cut.timing.n_before})*between(pts,{cut.times[0]},{cut.times[-1]})"


def _output(pictures: Any, cut: _Cut, **options: Any) -> Any:
    """An MP4 that says nothing about where or when it was made, playable before all of it has arrived."""
    silent = {"map_metadata": -1, "fflags": "+bitexact", "flags:v": "+bitexact", "movflags": "+faststart"}
    return graph.output(pictures, "clip.mp4", **silent, **{"frames:v": len(cut.times)}, **options)


def _tried(cut: _Cut, output: Any) -> bytes | None:
    """The clip's bytes, if its own times, read back, are those of the wanted frames; none if not."""
    allowed = limits(len(cut.times), cut.path.stat().st_size, file_bytes=_CLIP_BYTES)
    with tempfile.TemporaryDirectory(prefix="rushes-clip-") as name:
        folder = Path(name)
        finished = sandbox.run(ffmpeg.command(output), allowed, inputs=(cut.path,), folder=folder)
        clip = folder / "clip.mp4"
        if finished.rc or finished.failure or not clip.is_file():
            return None
        return clip.read_bytes() if _is_exact(cut, _shown_us(clip, allowed)) else None


def _is_exact(cut: _Cut, found_us: Sequence[int]) -> bool:
    """Whether frames that come on at these times are the wanted ones, counted from the first."""
    start_us = cut.timing.micros(cut.times[0])
    wanted = [cut.timing.micros(time) - start_us for time in cut.times]
    return len(found_us) == len(wanted) and all(
        abs(one - other) < _SAME_TIME_US for one, other in zip(found_us, wanted, strict=True)
    )


def _shown_us(clip: Path, allowed: sandbox.Limits) -> list[int]:
    """When each frame of a clip comes on, from the first on, told by decoding all of it."""
    options = {"select_streams": "v:0", "show_entries": "frame=pts:stream=time_base", "of": "csv"}
    finished = sandbox.run(ffmpeg.probing(clip, **options), allowed, inputs=(clip,))
    told = [line.split(",") for line in finished.stdout.decode("ascii", "replace").splitlines()]
    ticks = [Fraction(row[1]) for row in told if row[0] == "stream"]
    times = [int(row[1]) for row in told if row[0] == "frame" and row[1].lstrip("-").isdigit()]
    return [] if finished.rc or not ticks else [round((time - times[0]) * ticks[0] * 1_000_000) for time in times]
