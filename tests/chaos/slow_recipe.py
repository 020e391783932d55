"""A recipe whose cells take a known time: one part per file, and each waits before it names its video."""

from pathlib import Path

RECIPE = '''
"""One note per file, after a while."""

import hashlib
import threading
from collections.abc import Iterator, Sequence

from schemas.media import Source, Video
from schemas.rejects import Reject
from schemas.row import Row
from schemas.units import VideoId
from stages.graph import Rows, select
from stages.stage import Stage


class Note(Row, table="notes", key="video_id"):
    """A file and how it is called."""

    video_id: VideoId
    uri: str


class Wait(Stage[Source, Video, None], version=1):
    """Makes a video of each file, by its name alone, after so many seconds."""

    seconds: float = 0.3

    def run(self, rows: Sequence[Source], tool: None) -> Iterator[Video | Reject]:
        for source in rows:
            threading.Event().wait(self.seconds)
            sha256 = hashlib.sha256(source.uri.rpartition("/")[2].encode()).hexdigest()
            yield Video(
                video_id=VideoId(sha256[:16]), source_id=source.source_id, uri=source.uri,
                size_bytes=source.size_bytes, sha256=sha256, container="mp4",
            )


def slow_notes(sources: Rows[Source], *, seconds: float = 0.3) -> Rows[Note]:
    """One note per file.

    ``seconds`` is how long each takes.
    """
    videos = sources.then(Wait(seconds=seconds))
    return select(Note, "SELECT video_id, uri FROM videos", videos=videos)
'''
APART = 65 << 20


def write_slow(folder: Path, n: int) -> tuple[str, Path]:
    """The recipe's file, and a folder of ``n`` files for it."""
    recipe = folder / "slow_notes.py"
    recipe.write_text(RECIPE)
    return str(recipe), write_files(folder / "footage", n)


def write_files(folder: Path, n: int) -> Path:
    """A folder of ``n`` files that take no room and are so large that each is a part."""
    folder.mkdir()
    for number in range(n):
        with (folder / f"{number:04d}.mp4").open("wb") as file:
            file.truncate(APART)
    return folder
