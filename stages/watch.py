"""``WatchVideos``: the only pass that decodes a whole video. What follows is decided from its measurements."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import Reason
from schemas.media import Signal, Video
from schemas.rejects import Reject, reject
from schemas.units import SignalId
from stages import sandbox
from stages.ffmpeg import FORMATS, reason_in, refusal
from stages.refusal import Refused
from stages.stage import Env, Needs, Stage
from stages.watch_messages import FRAME_BYTES, HEAD, STRETCH, End, read_end, read_stretch

_THREADS = 2
"""More than the one core that a worker counts as: two films side by side then leave no core idle."""
_MEBI = 1 << 20
_LONGEST_END = 1 << 16
_AT_THE_START = {"difference": 0, "pan": 0, "tilt": 0, "zoom": 0, "camera_fit": 1}
Stretch = dict[str, npt.NDArray[Any]]


class WatchVideos(Stage[Video, Signal, Env], version=4, needs=Needs(cpus=1), batch_rows=4):
    """The per-frame measurements of each video, taken in one decoding pass at 64 by 36 pixels.

    Gives one ``Signal`` per 4096 frames; times count from the first frame. A damaged video gives its longest stretch in
    which no frame is missing or hangs on damage; how much was promised is the probe's to say.

    Rejects: ``no_video_stream``, ``unsupported_codec``, ``too_many_pixels``, ``too_small``, ``encrypted``,
    ``undecodable``, ``no_frames``, ``timestamps`` (more than one frame in 20 goes back in time or hardly on),
    ``size_change``, ``decode_budget``, ``decode_timeout``, ``decode_oom``, ``decode_crash``.
    """

    most_frames: int = 1_000_000
    """Frames of one video. A million are nine hours at 30 frames a second, and fill 500 MB here."""
    bytes_per_frame: int = 8
    """Bytes on disk that each frame beyond the first thousand must have: real video takes more, bombs take less."""
    memory_bytes: int = 3072 * _MEBI
    """Address space of the decoding child. What it really uses stays under a few hundred megabytes."""
    wall_s: float = 6 * 3600
    """Seconds for one video at most. It has ten minutes, and one more for each megabyte."""

    def open(self, env: Env) -> Env:
        """The door to the files."""
        return env

    def run(self, rows: Sequence[Video], tool: Env) -> Iterator[Signal | Reject]:
        """The signals of each video, or its reject."""
        for video in rows:
            try:
                yield from self._watch(video, tool.path(video.uri))
            except Refused as refused:
                yield reject(self, video, refused.reason, refused.detail)

    def _watch(self, video: Video, path: Path) -> list[Signal]:
        """Nothing is given before the end is known: a video is either watched or rejected, never both."""
        stretches, end = self._heard(video, path, _THREADS)
        if end.why == "again":
            stretches, end = self._heard(video, path, 1, "wary")
        return list(_rows(video, stretches, end))

    def _heard(self, video: Video, path: Path, threads: int, *how: str) -> tuple[list[Stretch], End]:
        most = min(self.most_frames, 1000 + video.size_bytes // self.bytes_per_frame)
        argv = sandbox.module("stages.watch_child", str(path.absolute()), FORMATS, str(threads), str(most), *how)
        wall_s = min(self.wall_s, 600 + 60 * video.size_bytes / 1e6)
        limits = sandbox.Limits(wall_s=wall_s, cpu_s=int(wall_s * _THREADS) + 1, memory_bytes=self.memory_bytes)
        stretches: list[Stretch] = []
        with sandbox.stream(argv, limits, inputs=(path,)) as child:
            end = hear(child, stretches)
            finished = child.finish()
        if end is None:
            raise refusal(finished, "decode_crash")
        if end.why not in ("", "again"):
            raise Refused(_reason(end.why, finished.stderr_tail), end.detail)
        return stretches, end


def hear(child: sandbox.Child, stretches: list[Stretch]) -> End | None:
    """Collects what the child says until its closing statement; None where it ends, or talks nonsense, before that."""
    while head := child.read(HEAD.size):
        kind, size = HEAD.unpack(head)
        body = child.read(size) if size <= (STRETCH * FRAME_BYTES if kind == b"S" else _LONGEST_END) else None
        try:
            if kind == b"E" and body is not None:
                return read_end(body)
            stretches.append(read_stretch(body or b""))
        except (ValueError, TypeError):
            child.stop()
            return None
    return None


def _reason(why: str, messages: str) -> Reason:
    """The child's reason; where it could not say more than that it could not decode, that of FFmpeg's own words."""
    known: dict[str, Reason] = {reason: reason for reason in _CHILD_REASONS}
    return (reason_in(messages) if why == "undecodable" else None) or known.get(why, "undecodable")


_CHILD_REASONS: tuple[Reason, ...] = (
    "no_video_stream",
    "too_many_pixels",
    "too_small",
    "encrypted",
    "undecodable",
    "unsupported_codec",
    "no_frames",
    "timestamps",
    "size_change",
    "decode_budget",
    "decode_oom",
)


def _rows(video: Video, stretches: list[Stretch], end: End) -> Iterator[Signal]:
    """One row per stretch; each ends where the next begins, the last where the last frame goes off."""
    kept = _kept(stretches, end)
    starts = [int(stretch["pts_us"][0]) for stretch in kept]
    first = 0
    for stretch, start_us, end_us in zip(kept, starts, [*starts[1:], end.end_us], strict=True):
        vectors = {name: values for name, values in stretch.items() if name != "grids"}
        yield Signal(
            signal_id=SignalId(f"{video.video_id}-{first:09d}"),
            video_id=video.video_id,
            first_frame=first,
            n_frames=len(stretch["pts_us"]),
            start_us=start_us,
            end_us=end_us,
            width_px=end.width_px,
            height_px=end.height_px,
            grids=stretch["grids"].tobytes(),
            **vectors,
        )
        first += len(stretch["pts_us"])


def _kept(stretches: list[Stretch], end: End) -> list[Stretch]:
    """The longest stretch of the film with nothing missing, its first frame compared with none before it."""
    if end.kept == end.frames:
        return stretches
    whole = {name: np.concatenate([stretch[name] for stretch in stretches]) for name in stretches[0]}
    run = {name: values[end.first : end.first + end.kept] for name, values in whole.items()}
    for name, value in _AT_THE_START.items():
        run[name][0] = value
    return [{name: values[at : at + STRETCH] for name, values in run.items()} for at in range(0, end.kept, STRETCH)]
