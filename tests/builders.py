"""What tests build with: valid rows of any table, a fake Env, and a toy recipe of stages that do as they are told."""

import hashlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from schemas.chat import Form, NoReply, Reply, Request
from schemas.columns import Column, columns
from schemas.errors import BadInput, ToolDown
from schemas.media import Source
from schemas.rejects import Reject, reject
from schemas.row import Row
from schemas.units import BlobId, SourceId, VideoId
from stages.graph import Rows, given, select
from stages.stage import Chat, Detector, Embedder, Env, Stage, Transcriber, groups

R = TypeVar("R", bound=Row)


def row(row_type: type[R], number: int = 0, /, **facts: Any) -> R:
    """A valid row of any table: plain values within every column's bounds, unless ``facts`` say otherwise.

    ``number`` makes rows of different keys. Rules that link columns are up to the caller.
    """
    plain = {column.name: _plain(column, number) for column in columns(row_type)}
    return row_type(**(plain | facts))


def _plain(column: Column, number: int) -> Any:
    if column.vector:
        return np.arange(3).astype(column.arrow)
    if column.repeated:
        return (_scalar(column, number),) * max(2, column.min_length or 0)
    return column.choices[number % len(column.choices)] if column.choices else _scalar(column, number)


def _scalar(column: Column, number: int) -> Any:
    if column.json:
        return "{}"
    if column.arrow in ("string", "binary"):
        text = f"{column.name}-{number:04d}"
        return text if column.arrow == "string" else text.encode()
    if column.arrow == "bool":
        return bool(number % 2)
    least = column.at_least if column.at_least is not None else 0
    value = max(least, column.above + 1 if column.above is not None else least)
    return float(value) if column.arrow.startswith("float") else int(value)


def sources(*names: str, size: int = 1000, folder: str | Path = "/footage") -> list[Source]:
    """Sources of these names; what a toy stage does with one is written in its name (see ``Name``)."""
    return [Source(source_id=SourceId(""), uri=f"{folder}/{name}", size_bytes=size, changed_us=1) for name in names]


@dataclass
class FakeEnv:
    """An Env without an outside: files are taken as they are, blobs lie in memory, models are what a test gives."""

    device: str = "cpu"
    blobs: dict[str, bytes] = field(default_factory=dict)
    models: dict[str, Chat] = field(default_factory=dict)
    panels: dict[str, tuple[Chat, ...]] = field(default_factory=dict)
    embedders: dict[str, Embedder] = field(default_factory=dict)
    detectors: dict[str, Detector] = field(default_factory=dict)
    transcribers: dict[str, Transcriber] = field(default_factory=dict)

    def path(self, uri: str) -> Path:
        return Path(uri.removeprefix("file://"))

    def put(self, blob: bytes, suffix: str) -> BlobId:
        name = BlobId(hashlib.sha256(blob).hexdigest() + suffix)
        self.blobs[name] = blob
        return name

    def get(self, blob: BlobId) -> bytes:
        if blob not in self.blobs:
            raise ToolDown(f"blob {blob} was never put")
        return self.blobs[blob]

    def chat(self, role: str) -> Chat:
        if role not in self.models:
            raise BadInput(f"no model for role {role!r}")
        return self.models[role]

    def panel(self, role: str) -> tuple[Chat, ...]:
        if not self.panels.get(role):
            raise BadInput(f"no model for role {role!r}")
        return self.panels[role]

    def embedder(self, role: str = "embedder") -> Embedder:
        if role not in self.embedders:
            raise BadInput(f"no model for role {role!r}")
        return self.embedders[role]

    def detector(self, role: str = "detector") -> Detector:
        if role not in self.detectors:
            raise BadInput(f"no model for role {role!r}")
        return self.detectors[role]

    def transcriber(self, role: str = "transcriber") -> Transcriber:
        if role not in self.transcribers:
            raise BadInput(f"no model for role {role!r}")
        return self.transcribers[role]


@dataclass
class FakeChat:
    """A model that says what ``answer`` gives for a request: a form, a text, or the reason for which it says nothing.

    ``asked`` keeps every request, in order.
    """

    answer: Callable[[Request], Form | str | NoReply]
    model: str = "fake@1"
    asked: list[Request] = field(default_factory=list)

    def __call__(self, requests: Sequence[Request]) -> Iterator[Reply | NoReply]:
        self.asked += requests
        return iter([self._said(request) for request in requests])

    def _said(self, request: Request) -> Reply | NoReply:
        said = self.answer(request)
        if isinstance(said, NoReply):
            return said
        text, value = (said, None) if isinstance(said, str) else (said.model_dump_json(), said)
        return Reply(self.model, text, value, tokens_in=10, tokens_out=5, cost_usd=None, repairs=0)


class ToyVideo(Row, table="toy_videos", key="video_id", published=False):
    """A source under a made-up id: what stands before the first dot of its name."""

    video_id: VideoId
    uri: str
    title: str | None = None


class ToyWord(Row, table="toy_words", key="word_id", rules=("length > 0",), published=False):
    """One letter of a name."""

    word_id: str
    video_id: VideoId
    letter: str
    length: int


class ToyCount(Row, table="toy_counts", key="video_id", published=False):
    """How many letters a video has."""

    video_id: VideoId
    letters: int
    spelt: tuple[str, ...]


class ToyRank(Row, table="toy_ranks", key="video_id", published=False):
    """Whether a video has the most letters of all."""

    video_id: VideoId
    is_longest: bool


class ToyMark(Row, table="toy_marks", key="video_id", published=False):
    """What is made of a rank, part by part."""

    video_id: VideoId
    mark: str


class ToyTotal(Row, table="toy_totals", key="video_id", published=False):
    """Each video with how many there are in all."""

    video_id: VideoId
    n_videos: int
    blob: BlobId


class Name(Stage[Source, ToyVideo, None], version=1, batch_rows=3):
    """Names videos. The extension says what else happens: see the branches."""

    def run(self, rows: Sequence[Source], tool: None) -> Iterator[ToyVideo | Reject]:
        for source in rows:
            stem, _, deed = Path(source.uri).name.partition(".")
            if deed == "bad":
                yield reject(self, source, "not_media", "its name says so")
                yield reject(self, source, "empty_file", "a second reason, which is dropped")
                continue
            if deed == "bug":
                raise ZeroDivisionError("a bug, as asked")
            if deed == "hang":
                threading.Event().wait()
            if deed == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if deed.startswith("flag-"):
                _once(source, deed)
            yield ToyVideo(video_id=VideoId(stem), uri=source.uri, title=source.title)


def _once(source: Source, deed: str) -> None:
    """What happens only while a flag file lies beside the source: a tool that is down, a process that is killed."""
    flag = Path(source.uri).parent / deed
    if not flag.exists():
        return
    if deed == "flag-away":
        raise ToolDown("away, until somebody removes the flag")
    flag.unlink()
    if deed == "flag-down":
        raise ToolDown("down, once")
    os.kill(os.getpid(), signal.SIGKILL)


class Spell(Stage[ToyVideo, ToyWord, str], version=1, batch_rows=2):
    """Splits names into letters; ``shout`` in capitals."""

    shout: bool = False
    length: int = 1

    def open(self, env: Env) -> str:
        return env.device

    def run(self, rows: Sequence[ToyVideo], tool: str) -> Iterator[ToyWord | Reject]:
        for video in rows:
            for number, letter in enumerate(video.video_id):
                said = letter.upper() if self.shout else letter
                word_id = f"{video.video_id}/{number:03d}"
                yield ToyWord(word_id=word_id, video_id=video.video_id, letter=said, length=self.length)


class Mark(Stage[ToyRank, ToyMark, None], version=1, batch_rows=1, group_by="video_id"):
    """Writes ranks out."""

    def run(self, rows: Sequence[ToyRank], tool: None) -> Iterator[ToyMark | Reject]:
        for group in groups(rows, "video_id"):
            yield ToyMark(video_id=group[0].video_id, mark="longest" if group[0].is_longest else "-")


class Total(Stage[ToyVideo, ToyTotal, Env], version=1, batch_rows=1):
    """Counts all videos at once, and keeps a blob of the number."""

    def open(self, env: Env) -> Env:
        return env

    def run(self, rows: Sequence[ToyVideo], tool: Env) -> Iterator[ToyTotal | Reject]:
        blob = tool.put(str(len(rows)).encode(), ".txt")
        for video in rows:
            if video.video_id == "odd":
                yield reject(self, video, "ambiguous", "an odd one")
            else:
                yield ToyTotal(video_id=video.video_id, n_videos=len(rows), blob=blob)


def toy(*, shout: bool = False, length: int = 1) -> Rows[ToyMark]:
    """A recipe of every kind of table: stages, SQL, over a part and over all, and what comes after a barrier."""
    videos = given(Source).then(Name())
    words = videos.then(Spell(shout=shout, length=length))
    counts = select(
        ToyCount,
        """SELECT video_id, count(*) AS letters, list(letter) AS spelt
           FROM videos JOIN words USING (video_id) GROUP BY video_id""",
        videos=videos,
        words=words,
    )
    ranks = select(
        ToyRank,
        "SELECT video_id, letters = max(letters) OVER () AS is_longest FROM counts",
        counts=counts,
        over="all",
    )
    return ranks.then(Mark())


def totals() -> Rows[ToyTotal]:
    """A recipe with a stage over all parts."""
    return given(Source).then(Name()).then(Total(), over="all")
