"""Queries: what somebody wants to know of a video, read from a file beside it or written by a model."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Len

from schemas.chat import Form, Reply, Request
from schemas.media import Video
from schemas.peaks import GivenQuery, Synopsis, WrittenQuery
from schemas.rejects import Reject, reject
from schemas.units import Bytes, Count, QueryId
from stages import gate
from stages.ask import Ask
from stages.peak_captions import listed
from stages.plain import plain
from stages.quoted import AS_DATA, quote
from stages.refusal import Refused
from stages.span_told import span
from stages.stage import Env, Needs, Stage

SUFFIX = ".queries.jsonl"
MOST_CHARACTERS = 500


class QueriesWanted(Form):
    """Queries about one film."""

    queries: Annotated[list[str], Len(0, 16)]


class ReadQueries(Stage[Video, GivenQuery, Env], version=2, needs=Needs(memory_gb=0.3), batch_rows=256):
    """The queries that lie beside each video: ``NAME.queries.jsonl``, an object with ``query`` in each line.

    A file that cannot be read is a reject, and so is the first line of it that is none of that, or too long; its other
    lines count. A query that comes twice counts once. ``most`` caps the queries of a video, and a reject says how many
    are left out; ``max_bytes`` is what is read of a file.
    """

    most: Count = 64
    max_bytes: Bytes = 1 << 20

    def open(self, env: Env) -> Env:
        """The door to local files."""
        return env

    def run(self, rows: Sequence[Video], tool: Env) -> Iterator[GivenQuery | Reject]:
        """The queries of each video, in the order of the lines."""
        folders: dict[Path, set[str]] = {}
        for video in rows:
            path = tool.path(video.uri)
            if path.parent not in folders:
                folders[path.parent] = _listed(path.parent)
            if (name := path.stem + SUFFIX) in folders[path.parent]:
                yield from self._read(video, path.with_name(name))

    def _read(self, video: Video, file: Path) -> Iterator[GivenQuery | Reject]:
        try:
            lines = gate.read_beside(file, self.max_bytes).decode("utf-8-sig").split("\n")
        except Refused as refused:
            yield reject(self, video, refused.reason, f"queries {file.name!r}: {refused.detail}")
            return
        except UnicodeDecodeError as wrong:
            yield reject(self, video, "undecodable", f"queries {file.name!r}: no UTF-8: {wrong}")
            return
        asked = {number: _query(line) for number, line in enumerate(lines, 1) if line.strip()}
        bad = [number for number, text in asked.items() if not text]
        if bad:
            wanted = f'no JSON object with a text "query" of at most {MOST_CHARACTERS} characters'
            what = f"line {bad[0]} is {wanted}; {len(bad)} of {len(asked)} lines are none"
            yield reject(self, video, "undecodable", f"queries {file.name!r}: {what}")
        texts = distinct(text for text in asked.values() if text)
        if len(texts) > self.most:
            what = f"{len(texts)} queries, and {self.most} of a video count; the others are left out"
            told = reject(self, video, "bad_question", f"queries {file.name!r}: {what}")
            yield replace(told, reject_id=f"{told.reject_id}/more")
        for text in texts[: self.most]:
            number = next(number for number, other in asked.items() if other == text)
            name = file.name.encode("utf-8", "replace").decode()
            query_id = QueryId(f"{video.video_id}/g{number:05d}")
            yield GivenQuery(query_id=query_id, video_id=video.video_id, text=text, track=name)


class WriteQueries(Ask[Synopsis, WrittenQuery], role="writer", version=1, prompt="peak_write_queries_1"):
    """Write up to ``most`` queries about each video, from its summary and the captions of its scenes."""

    most: Annotated[Count, Ge(1)] = 3

    def render(self, row: Synopsis) -> Request:
        """The summary, the captions, and how many queries are wanted."""
        wish = f"{json.dumps({'wanted': self.most})}\nWrite {self.most} queries, or fewer."
        parts = (span(row), quote("summary", row.summary), listed("caption", row.starts_us, row.texts), wish)
        return Request(f"{self.prompt}\n{AS_DATA}", parts, QueriesWanted, max_tokens=200 * self.most)

    def parse(self, row: Synopsis, reply: Reply) -> Iterator[WrittenQuery | Reject]:
        """The queries that say anything, each once."""
        texts = distinct(plain(text)[:MOST_CHARACTERS] for text in reply.filled(QueriesWanted).queries)
        if not texts:
            yield reject(self, row, "nothing_to_ask", f"{reply.model} wrote no query")
        for number, text in enumerate(texts[: self.most]):
            query_id = QueryId(f"{row.video_id}/w{number:05d}")
            yield WrittenQuery(query_id=query_id, video_id=row.video_id, text=text, by=reply.model)


def distinct(texts: Iterator[str]) -> list[str]:
    """The texts that are not empty, each once, whatever the case of its letters."""
    return list({text.casefold(): text for text in reversed([*texts]) if text}.values())[::-1]


def _query(line: str) -> str:
    """The query in a line; empty where there is none."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    text = told.get("query") if isinstance(told, dict) else None
    clean = text.encode("utf-8", "ignore").decode() if isinstance(text, str) else ""
    query = plain(clean)
    return query if len(query) <= MOST_CHARACTERS else ""


def _listed(folder: Path) -> set[str]:
    """The names of the files with queries in the folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        return {entry.name for entry in entries if entry.name.endswith(SUFFIX)}
    return set()
