"""Recipes for measuring: one that burns a known time, one with many tables."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from schemas.media import Source
from schemas.rejects import Reject
from schemas.row import Row
from schemas.units import VideoId
from stages.graph import Rows, given, select
from stages.stage import Stage


class Burnt(Row, table="burnt", key="video_id", published=False):
    """What is left of a source."""

    video_id: VideoId
    rounds: int


class Ash(Row, table="ash", key="video_id", published=False):
    """What is left of what is left."""

    video_id: VideoId
    rounds: int


class Heap(Row, table="heap", key="video_id", published=False):
    """All of it together."""

    video_id: VideoId
    rounds: int


class Burn(Stage[Source, Burnt], version=1):
    """Hashes for so many seconds of CPU time per source."""

    seconds: float = 1.0

    def run(self, rows: Sequence[Source], tool: None) -> Iterator[Burnt | Reject]:
        for source in rows:
            rounds = burn(self.seconds)
            yield Burnt(video_id=VideoId(source.uri), rounds=min(rounds, 1))


class BurnAgain(Stage[Burnt, Ash], version=1, group_by="video_id"):
    """The same to what is left."""

    seconds: float = 1.0

    def run(self, rows: Sequence[Burnt], tool: None) -> Iterator[Ash | Reject]:
        for row in rows:
            yield Ash(video_id=row.video_id, rounds=min(burn(self.seconds), 1))


def burn(seconds: float) -> int:
    """Burns CPU time, not wall time, so that a busy machine does not shorten the work."""
    end = time.thread_time() + seconds
    rounds = 0
    block = bytes(1 << 16)
    while time.thread_time() < end:
        block = hashlib.sha256(block).digest() * 2048
        rounds += 1
    return rounds


def busy(seconds: float = 1.0) -> Rows[Heap]:
    """Two stages that burn, and a barrier."""
    ash = given(Source).then(Burn(seconds=seconds)).then(BurnAgain(seconds=seconds))
    return select(Heap, "SELECT video_id, sum(rounds) OVER () AS rounds FROM ash", ash=ash, over="all")


def many_tables(n: int) -> Rows[Any]:
    """A recipe of ``n`` tables in all, the middle one over all parts."""
    rows: Rows[Any] = given(Source)
    for number in range(n - 1):
        row_type = numbered(number)
        name = "uri" if number == 0 else "video_id"
        over = "all" if number == n // 2 else "part"
        rows = select(row_type, f"SELECT {name} AS video_id FROM made", over=over, made=rows)  # type: ignore[arg-type]  # noqa: S608
    return rows


def numbered(number: int) -> type[Row]:
    """A row type of its own for each number."""

    class Numbered(Row, table=f"table_{number:02d}", key="video_id", published=False):
        """A row."""

        video_id: VideoId

    return Numbered
