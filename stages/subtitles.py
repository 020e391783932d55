"""What is said in a video, out of the subtitles that lie beside it or inside it."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import ffmpeg as graph

from schemas.media import Video
from schemas.rejects import Reject, reject
from schemas.speech import Speech
from schemas.units import Bytes
from stages import decode, ffmpeg, gate, sandbox
from stages.languages import is_same
from stages.refusal import Refused
from stages.sandbox import Limits
from stages.stage import Env, Needs, Stage
from stages.subtitles_parse import Cue, cues

TEXT_CODECS = ("subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text")
SUFFIXES = (".srt", ".vtt")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?")
_WALL_S, _CPU_S = 600, 120


@dataclass(frozen=True)
class Track:
    """One set of subtitles, not read yet. ``read`` raises ``Refused`` where it cannot be."""

    source: Literal["sidecar", "embedded"]
    name: str
    language: str | None
    read: Callable[[], list[Cue]]
    is_partial: bool = False


class ReadSubtitles(Stage[Video, Speech, Env], version=2, needs=Needs(memory_gb=0.6), batch_rows=256):
    """What is said in each video, by its subtitles: the best track of those beside it and inside it.

    Beside it lie ``NAME.srt`` and ``NAME.vtt``, or ``NAME.en.srt``; inside are text tracks. A track in ``language``
    (``es`` is ``spa`` and ``es-MX``) goes before one that names none, and that before others; then one with all that is
    said before what is shown to everybody (``forced``) and comments; then a file before a track inside. A track that
    cannot be read is a reject, and the next one is taken. A video without subtitles gives nothing. ``max_bytes`` caps
    what is read of a track. Times inside count from the first frame, as everywhere.
    """

    language: str = "en"
    max_bytes: Bytes = 8 << 20

    def open(self, env: Env) -> Env:
        """The door to local files."""
        return env

    def run(self, rows: Sequence[Video], tool: Env) -> Iterator[Speech | Reject]:
        """The lines of each video, in order of time."""
        folders: dict[Path, dict[str, list[str]]] = {}
        for video in rows:
            path = tool.path(video.uri)
            if path.parent not in folders:
                folders[path.parent] = _listed(path.parent)
            yield from self._spoken(video, path, folders[path.parent])

    def _spoken(self, video: Video, path: Path, beside: dict[str, list[str]]) -> Iterator[Speech | Reject]:
        is_told = False
        try:
            tracks = [*self._sidecars(path, beside), *self._embedded(path)]
        except Refused as refused:
            yield reject(self, video, refused.reason, refused.detail)
            return
        for track in sorted(tracks, key=self._rank):
            try:
                found = track.read()
            except Refused as refused:
                if not is_told:
                    yield reject(self, video, refused.reason, f"subtitles {track.name!r}: {refused.detail}")
                is_told = True
                continue
            yield from (_line(video, track, number, cue) for number, cue in enumerate(found))
            return

    def _rank(self, track: Track) -> tuple[int, bool, bool, str]:
        fits = 0 if is_same(track.language or "", self.language) else 2 if track.language else 1
        return fits, track.is_partial, track.source == "embedded", track.name

    def _sidecars(self, path: Path, beside: dict[str, list[str]]) -> Iterator[Track]:
        for name in sorted(beside.get(path.stem, ())):
            middle = Path(name).stem[len(path.stem) + 1 :]
            yield Track("sidecar", name, middle or None, partial(self._beside, path.with_name(name)))

    def _beside(self, file: Path) -> list[Cue]:
        return cues(gate.read_beside(file, self.max_bytes))

    def _embedded(self, path: Path) -> Iterator[Track]:
        found = ffmpeg.probe(path)
        start_us = first_frame_us(found)
        for stream in found.get("streams", ()):
            if stream.get("codec_type") == "subtitle" and stream.get("codec_name") in TEXT_CODECS:
                number = int(stream["index"])
                language = str(stream.get("tags", {}).get("language", ""))
                told = language if _LANGUAGE.fullmatch(language) and language != "und" else None
                marks = stream.get("disposition", {})
                is_partial = bool(marks.get("forced") or marks.get("comment"))
                read = partial(self._inside, path, number, start_us)
                yield Track("embedded", f"stream {number}", told, read, is_partial)

    def _inside(self, path: Path, number: int, start_us: int) -> list[Cue]:
        """The lines of one stream, as ffmpeg writes them down; the first frame of the film is at ``start_us``."""
        track = ffmpeg.reading(path, copyts=None)[str(number)]
        limits = Limits(wall_s=_WALL_S, cpu_s=_CPU_S, stdout_bytes=self.max_bytes)
        finished = sandbox.run(ffmpeg.command(graph.output(track, "pipe:1", f="srt")), limits, inputs=(path,))
        if finished.rc or finished.failure:
            raise ffmpeg.refusal(finished)
        moved = (Cue(max(0, cue.start_us - start_us), cue.end_us - start_us, cue.text) for cue in cues(finished.stdout))
        return [cue for cue in moved if cue.end_us > 0]


def _listed(folder: Path) -> dict[str, list[str]]:
    """The names of subtitle files in the folder, by the stem of the video that each may belong to."""
    found: dict[str, list[str]] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            plain = Path(entry.name)
            if plain.suffix.lower() in SUFFIXES:
                found.setdefault(plain.stem, []).append(entry.name)
                if _LANGUAGE.fullmatch(Path(plain.stem).suffix[1:]):
                    found.setdefault(Path(plain.stem).stem, []).append(entry.name)
    return found


def first_frame_us(found: dict[str, Any]) -> int:
    """When the film begins, on the clock of the file, by ffprobe's JSON. Raises ``Refused`` where there is no film."""
    seconds = decode.film(found).get("start_time")
    try:
        return round(float(seconds) * 1_000_000)  # type: ignore[arg-type]  # None is a TypeError
    except (TypeError, ValueError, OverflowError):
        return 0


def _line(video: Video, track: Track, number: int, cue: Cue) -> Speech:
    return Speech(
        speech_id=f"{video.video_id}/{number:05d}",
        video_id=video.video_id,
        start_us=cue.start_us,
        end_us=cue.end_us,
        text=cue.text,
        source=track.source,
        track=track.name.encode("utf-8", "replace").decode(),
        language=track.language,
    )
