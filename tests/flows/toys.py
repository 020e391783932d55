"""A recipe of the user's own, as a file: it reads sizes, not footage, so that a run of it takes no time."""

import sys
from pathlib import Path

TOY = '''
"""A toy: one note per file, by its size."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from schemas.errors import ToolDown
from schemas.media import Source, Video
from schemas.rejects import Reject, reject
from schemas.row import Row
from schemas.units import VideoId
from stages.graph import Rows, select
from stages.stage import Env, Stage


class Note(Row, table="notes", key="video_id"):
    """A file and how it is called."""

    video_id: VideoId
    uri: str
    text: str


class Weigh(Stage[Source, Video, Env], version=1):
    """Makes a video of each file that holds something. A file ``down`` beside it is removed, and the tool is down."""

    def open(self, env: Env) -> Env:
        return env

    def run(self, rows: Sequence[Source], tool: Env) -> Iterator[Video | Reject]:
        for source in rows:
            flag = tool.path(source.uri).parent / "down"
            if flag.exists():
                flag.unlink()
                raise ToolDown("the scales are away")
            content = tool.path(source.uri).read_bytes()
            if not content:
                yield reject(self, source, "empty_file", "it holds nothing")
                continue
            sha256 = hashlib.sha256(content).hexdigest()
            yield Video(
                video_id=VideoId(sha256[:16]), source_id=source.source_id, uri=source.uri, size_bytes=len(content),
                sha256=sha256, container="mp4",
            )


class Heavy(Row, table="heavy", key="video_id", published=False):
    """A video that is no lightweight."""

    video_id: VideoId
    uri: str


def toy_notes(sources: Rows[Source], *, at_least: int = 3, word: str = "weighs") -> Rows[Note]:
    """One note per file of some weight.

    ``at_least`` is the fewest bytes that make a note.
    """
    videos = sources.then(Weigh())
    heavy = select(Heavy, f"SELECT video_id, uri FROM videos WHERE size_bytes >= {int(at_least)}", videos=videos)
    return select(
        Note,
        f"SELECT video_id, uri, '{word} ' || size_bytes AS text FROM videos JOIN heavy USING (video_id, uri)",
        videos=videos,
        heavy=heavy,
    )
'''


def write_toy(folder: Path) -> Path:
    """The recipe file, in that folder. One that another test has loaded is forgotten: a process has one of a name."""
    path = folder / "toy_notes.py"
    sys.modules.pop(path.stem, None)
    sys.path[:] = [place for place in sys.path if not Path(place, path.name).is_file()]
    path.write_text(TOY)
    return path


def write_footage(folder: Path) -> Path:
    """A folder of what the toy takes for films: two good ones, a copy, a light one and an empty one."""
    folder.mkdir()
    for name, content in {
        "a.mp4": b"aaaa",
        "b.mp4": b"bbbbb",
        "b again.mp4": b"bbbbb",
        "light.mp4": b"l",
        "empty.mp4": b"",
    }.items():
        (folder / name).write_bytes(content)
    return folder
