"""What is said in a video that has no subtitles, as a model recognises it in the sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import ffmpeg as graph
import numpy as np
import numpy.typing as npt

from schemas.chat import NoReply
from schemas.rejects import Reject, reject
from schemas.speech import Heard, Unspoken
from stages import ffmpeg, sandbox
from stages.languages import is_same
from stages.refusal import Refused
from stages.sandbox import Limits
from stages.stage import Env, Needs, Sound, Stage, Transcriber, Utterance
from stages.subtitles import first_frame_us

RATE = 16_000
"""Samples a second: what recognisers were taught with."""

QUIET = 32
"""A piece in which no sample is louder, of 32,767 (-60 dB), is silence: nobody is asked about it."""

MOST_S = 12 * 3600
_AT_ONCE = 16
_LEAD_S = 5
_FRAME = RATE // 50
_PAUSE = 15
_WALL_S, _CPU_S = 300, 120
Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Ears:
    """The door to local files, and who listens."""

    env: Env
    listener: Transcriber


@dataclass(frozen=True)
class Piece:
    """A stretch of a video's sound that is recognised on its own, and when it begins."""

    video: Unspoken
    track: str
    start_us: int
    sound: Sound


class TranscribeSound(Stage[Unspoken, Heard, Ears], version=2, needs=Needs(memory_gb=1), batch_rows=16):
    """What is said in each video, recognised by a model in its sound, which is cut into pieces of ``piece_s`` seconds.

    A piece ends in the quietest moment of its last quarter, and silence is not asked about. The track in ``language``
    is taken (``es`` is ``spa`` and ``es-MX``), else the first; the model finds out itself what is spoken. A video
    without sound gives nothing; one in which a piece gets no answer is a reject, and what was heard elsewhere stays.
    Times count from the first frame, as everywhere.
    """

    roles: ClassVar[tuple[str, ...]] = ("transcriber",)
    language: str = "en"
    piece_s: int = 120

    def open(self, env: Env) -> Ears:
        """Asks nothing yet."""
        return Ears(env, env.transcriber())

    def run(self, rows: Sequence[Unspoken], tool: Ears) -> Iterator[Heard | Reject]:
        """The words of each video, in order of time."""
        numbers = dict.fromkeys((row.video_id for row in rows), 0)
        refused: set[str] = set()
        pieces = self._pieces(rows, tool.env)
        while lot := list(islice(pieces, _AT_ONCE)):
            yield from (one for one in lot if isinstance(one, Reject))
            asked = [one for one in lot if isinstance(one, Piece)]
            for piece, said in zip(asked, tool.listener([one.sound for one in asked]), strict=True):
                video = piece.video
                if not isinstance(said, NoReply):
                    for number, words in enumerate(said, numbers[video.video_id]):
                        yield _heard(piece, number, words, tool.listener.model)
                    numbers[video.video_id] += len(said)
                elif video.video_id not in refused:
                    refused.add(video.video_id)
                    detail = f"sound from {piece.start_us / 1e6:.1f} s on: {said.detail} {said.raw}"
                    yield reject(self, video, said.reason, f"{said.model}: {detail}")

    def _pieces(self, rows: Sequence[Unspoken], env: Env) -> Iterator[Piece | Reject]:
        for video in rows:
            try:
                yield from self._cut(video, env.path(video.uri))
            except Refused as refused:
                yield reject(self, video, refused.reason, f"its sound: {refused.detail}")

    def _cut(self, video: Unspoken, path: Path) -> Iterator[Piece]:
        found = ffmpeg.probe(path)
        tracks = [one for one in found.get("streams", ()) if one.get("codec_type") == "audio"]
        if not tracks:
            return
        index = int(min(tracks, key=self._rank)["index"])
        first_us, at, wanted = first_frame_us(found), 0, self.piece_s * RATE
        while True:
            samples = _samples(path, index, first_us / 1e6 + at / RATE, wanted)
            is_last = len(samples) < wanted
            samples = samples if is_last else samples[: pause(samples)]
            start_us, end_us = _micros(at), _micros(at + len(samples))
            if len(samples) and int(np.abs(samples.astype(np.int32)).max()) > QUIET:
                name = f"{video.video_id}_{start_us}_{end_us}.wav"
                yield Piece(video, f"stream {index}", start_us, Sound(name, samples.tobytes(), RATE))
            if is_last:
                return
            at += len(samples)
            if at > MOST_S * RATE:
                raise Refused("decode_budget", f"it goes on after {MOST_S // 3600} hours")

    def _rank(self, track: dict[str, Any]) -> bool:
        return not is_same(str(track.get("tags", {}).get("language", "")), self.language)


def pause(samples: Samples) -> int:
    """Where to cut these samples: in the middle of the quietest 0.3 s of their last quarter."""
    tail = samples[3 * len(samples) // 4 :]
    frames = tail[: len(tail) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float32)
    loudness = np.convolve((frames**2).mean(axis=1), np.ones(_PAUSE, np.float32), "valid")
    return len(samples) - len(tail) + int((2 * loudness.argmin() + _PAUSE) * _FRAME) // 2


def _samples(path: Path, index: int, from_s: float, count: int) -> Samples:
    """So many samples of a stream from that time of the file's clock on; fewer where it ends.

    What is missing in between is silence, so that a sample's number is its time. Raises ``Refused``.
    """
    seek = {"ss": f"{from_s - _LEAD_S:.6f}", "seek_timestamp": 1} if from_s > _LEAD_S else {}
    heard = ffmpeg.reading(path, copyts=None, **seek)[str(index)]
    heard = heard.filter("atrim", start=f"{from_s:.6f}").filter("asetpts", f"PTS-({from_s:.6f})/TB")
    heard = heard.filter("aresample", RATE, **{"async": 1, "first_pts": 0})
    heard = heard.filter("aformat", sample_fmts="s16", channel_layouts="mono").filter("atrim", end_sample=count)
    limits = Limits(wall_s=_WALL_S, cpu_s=_CPU_S, stdout_bytes=2 * count + 4096)
    finished = sandbox.run(ffmpeg.command(graph.output(heard, "pipe:1", f="s16le")), limits, inputs=(path,))
    if finished.rc or finished.failure:
        raise ffmpeg.refusal(finished)
    return np.frombuffer(finished.stdout[: len(finished.stdout) // 2 * 2], "<i2")


def _micros(samples: int) -> int:
    return samples * 1_000_000 // RATE


def _heard(piece: Piece, number: int, words: Utterance, model: str) -> Heard:
    video = piece.video.video_id
    return Heard(
        heard_id=f"{video}/{number:05d}",
        video_id=video,
        start_us=piece.start_us + words.start_us,
        end_us=piece.start_us + words.end_us,
        text=words.text,
        by=model,
        track=piece.track,
        language=words.language,
    )
