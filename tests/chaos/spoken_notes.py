"""A recipe that asks a model about each file, takes no footage to run, and fails where a file tells it to."""

import hashlib
import os
from collections.abc import Iterator, Sequence

from schemas.chat import Form, Reply, Request
from schemas.media import Source, Video
from schemas.rejects import Reject
from schemas.row import Row
from schemas.units import VideoId
from stages.ask import Ask
from stages.graph import Rows
from stages.quoted import quote
from stages.stage import Env, Stage

KEY = "CHAOS_TEACHER_KEY"


class Words(Form):
    """A few words."""

    text: str


class Note(Row, table="notes", key="video_id"):
    """A file, and what a model says of its name."""

    video_id: VideoId
    uri: str
    text: str


class Weigh(Stage[Source, Video, Env], version=1):
    """Makes a video of each file. A file that holds ``bug`` meets a bug of ours, with a secret in its hands."""

    def open(self, env: Env) -> Env:
        """The door to local files."""
        return env

    def run(self, rows: Sequence[Source], tool: Env) -> Iterator[Video | Reject]:
        """A video per file."""
        for source in rows:
            content = tool.path(source.uri).read_bytes()
            if content == b"bug":
                held = os.environ.get(KEY, "")
                raise RuntimeError(f"a bug, with {len(held)} letters in its hands")
            sha256 = hashlib.sha256(content).hexdigest()
            yield Video(
                video_id=VideoId(sha256[:16]),
                source_id=source.source_id,
                uri=source.uri,
                size_bytes=len(content),
                sha256=sha256,
                container="mp4",
            )


class Speak(Ask[Video, Note], role="writer", version=1):
    """Asks for a few words about each file."""

    def render(self, row: Video) -> Request:
        """The name of the file."""
        return Request("Say a few words.", (quote("name", row.uri.rpartition("/")[2]),), Words)

    def parse(self, row: Video, reply: Reply) -> Iterator[Note | Reject]:
        """The words."""
        yield Note(video_id=row.video_id, uri=row.uri, text=reply.filled(Words).text)


def spoken_notes(sources: Rows[Source]) -> Rows[Note]:
    """One note per file, in a model's words."""
    return sources.then(Weigh()).then(Speak())
