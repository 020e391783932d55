"""A set of questions that somebody else made, taken in: every row as a sound question or with its flaw."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flows.question_columns import Columns, chosen, named
from flows.question_files import Record, columns_of, files_of, rows_of
from flows.question_text import Flawed, clean, number_in, read, texts_of
from flows.question_videos import Shelf, shelve
from schemas.arrow import schema, to_table
from schemas.audits import GivenQuestion
from schemas.errors import BadInput
from schemas.media import Source
from storage.blobs import Blobs
from storage.layout import Workspace

CHUNK = 10_000
ROWS_PER_GROUP = 5_000
MOST_ID = 200
NO_TASK = "all"
QUESTIONS = ".parquet"
"""What the blob is called by its kind."""


@dataclass(frozen=True)
class QuestionSet:
    """A set, taken in: the blob that a stage reads, the sources that it is about, how many rows, and their flaws."""

    blob: bytes
    sources: Sequence[Source]
    n_rows: int
    flaws: Counter[str]
    example: str

    @property
    def blob_id(self) -> str:
        """The id under which the blob is kept: its content's hash."""
        return hashlib.sha256(self.blob).hexdigest() + QUESTIONS

    def lay(self, workspace: Workspace) -> None:
        """Puts the blob where the stages of a run over this workspace look for it. Raises DiskFull."""
        blobs = Blobs(workspace.blobs)
        blobs.put(self.blob, QUESTIONS)
        blobs.settle()


@dataclass
class _Taking:
    """What is known while rows are taken in: which ids came before, which sources are used, what was wrong."""

    columns: Columns
    shelf: Shelf
    beside: Mapping[str, Record]
    first: int
    ids: set[str] = field(default_factory=set)
    uris: set[str] = field(default_factory=set)
    flaws: Counter[str] = field(default_factory=Counter)
    example: str = ""


def take_in(given: str, sources: Sequence[Source]) -> QuestionSet:
    """The set behind what the user named: a file, a folder, or a TOML file that maps its columns.

    Rows are read one after the other and no picture is. Raises BadInput for a file that is no set, or when not a
    single question of it can be asked.
    """
    wish = named(given)
    files = files_of(wish.path)
    columns = chosen(wish, columns_of(files))
    first = columns.answers_from if columns.answers_from is not None else _first_number(files, columns)
    taking = _Taking(columns, shelve(sources), _beside(files[0]), first)
    rows = (row for file in files for row in rows_of(file, columns.all))
    table = pa.concat_tables(_tables(taking, rows))
    if not taking.uris:
        hint = "check the videos that you give, or map the columns with a TOML file (docs/audit.md)"
        raise BadInput(f"none of the {len(table):,} questions in {given!r} can be asked: {taking.example}; {hint}")
    kept = [source for source in sources if source.uri in taking.uris]
    return QuestionSet(_stored(table, kept[0].uri), kept, len(table), taking.flaws, taking.example)


def _stored(table: pa.Table, first: str) -> bytes:
    """The blob. What has a flaw stands with the first source, whose part turns it away."""
    uris = table["uri"].to_pylist()
    filled = pa.array([uri or first for uri in uris])
    table = table.set_column(table.schema.get_field_index("uri"), schema(GivenQuestion).field("uri"), filled)
    table = table.sort_by([("uri", "ascending"), ("question_id", "ascending")])
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROWS_PER_GROUP)
    return sink.getvalue()


def _tables(taking: _Taking, rows: Iterator[Record]) -> Iterator[pa.Table]:
    yield schema(GivenQuestion).empty_table()
    chunk: list[GivenQuestion] = []
    for number, row in enumerate(rows, 1):
        chunk.append(_taken(taking, number, row))
        if len(chunk) == CHUNK:
            yield to_table(GivenQuestion, chunk)
            chunk = []
    yield to_table(GivenQuestion, chunk)


def _taken(taking: _Taking, number: int, row: Record) -> GivenQuestion:
    """The row as a question; one with a flaw has no source yet."""
    row = {**taking.beside.get(str(_cell(row, taking.columns, "id")), {}), **row}
    called = _id(taking, number, row)
    facts: dict[str, Any] = {"question_id": called, "pictures_us": (), "labels": (), "options": ()}
    facts |= {
        "task": clean(_cell(row, taking.columns, "task") or row.get("task") or NO_TASK),
        "question": "",
        "name": "",
    }
    try:
        if called in taking.ids:
            raise Flawed(f"the id {called!r} came before; only its first question is asked", "duplicate")
        facts |= _sound(taking, row)
        taking.uris.add(facts["uri"])
    except Flawed as flawed:
        detail = f"row {number}: {flawed}"
        taking.flaws[flawed.reason] += 1
        taking.example = taking.example or detail
        facts |= {
            "question_id": f"{called}#{number}",
            "uri": "",
            "flaw": flawed.reason,
            "detail": detail,
        }
    taking.ids.add(called)
    return GivenQuestion(**facts)


def _sound(taking: _Taking, row: Record) -> dict[str, Any]:
    columns = taking.columns
    found = read(
        _cell(row, columns, "question"),
        [row.get(name) for name in columns.of("options")],
        _cell(row, columns, "answer"),
        taking.first,
    )
    name, uri = _video(taking, row)
    start_us, end_us = _time(row, columns, "start"), _time(row, columns, "end")
    if start_us is not None and end_us is not None and end_us <= start_us:
        raise Flawed(f"its span ends at {end_us / 1e6:g} s, not after its start at {start_us / 1e6:g} s")
    pictures = tuple(row.get("pictures_us") or ())
    labels = tuple(row.get("labels") or ())
    return {
        "question": found.question,
        "options": found.options,
        "answer": found.answer,
        "name": name,
        "uri": uri,
        "start_us": start_us,
        "end_us": end_us,
        "pictures_us": pictures,
        "labels": labels if len(labels) == len(pictures) else (),
    }


def _id(taking: _Taking, number: int, row: Record) -> str:
    told = _cell(row, taking.columns, "id")
    return clean(told)[:MOST_ID] if told is not None and clean(told) else f"row-{number:06d}"


def _cell(row: Record, columns: Columns, part: Any) -> Any:
    names = columns.of(part)
    return row.get(names[0]) if names else None


def _video(taking: _Taking, row: Record) -> tuple[str, str]:
    """What the row calls its video, and the source that it is. Raises Flawed where that is none, or cannot be told."""
    names = [clean(row[name]) for name in (*taking.columns.of("video"), "uri") if row.get(name) not in (None, "")]
    for name in names:
        found = taking.shelf.find(name)
        if len(found) > 1:
            raise Flawed(f"{len(found)} files are called {name!r}, such as {found[0]!r}; name the path", "ambiguous")
        if found:
            return name, found[0]
    if not names:
        raise Flawed("it names no video")
    raise Flawed(f"no file among the videos is called {' or '.join(map(repr, dict.fromkeys(names)))}", "missing")


def _time(row: Record, columns: Columns, which: str) -> int | None:
    exact, seconds = row.get(f"{which}_us"), _cell(row, columns, f"{which}_s")
    value = exact if exact is not None else seconds
    if value is None or value == "":
        return None
    try:
        at = float(value) * (1 if exact is not None else 1e6)
    except (TypeError, ValueError):
        return _clock(str(value))
    if not 0 <= at < 1e15:
        raise Flawed(f"its {which} is {value!r}, which is no time in a video")
    return round(at)


def _clock(text: str) -> int:
    """A time such as 1:02:30.5 in microseconds. Raises Flawed."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        raise Flawed(f"{text[:40]!r} is no time; write seconds, or 1:02:30") from None
    seconds: float = sum(part * 60.0**power for power, part in enumerate(reversed(parts)))
    return round(seconds * 1e6)


def _first_number(files: Sequence[Path], columns: Columns) -> int:
    """Whether answers that are numbers count from 0 or from 1, which the whole set has to tell.

    Raises BadInput where it does not.
    """
    numbers: set[int] = set()
    for row in (row for file in files for row in rows_of(file, columns.all)):
        answer = _cell(row, columns, "answer")
        number = number_in(answer)
        if number is None:
            continue
        options = texts_of([row.get(name) for name in columns.of("options")])
        if isinstance(answer, str) and clean(answer) in options:
            continue
        if number == 0:
            return 0
        numbers.add(number - len(options) if options else -1)
    if not numbers:
        return 0
    if 0 in numbers:
        return 1
    raise BadInput(
        f"the answers in {str(files[0])!r} are numbers that could count from 0 or from 1; "
        "say which with answers_from = 0 under [columns] of a TOML file (docs/audit.md)"
    )


def _beside(file: Path) -> dict[str, Record]:
    """More of each question where the file lies in a version of ours, by id: video, span and pictures of the samples.

    The conversations and rewards of a version name videos by content only.
    """
    samples = sorted((file.parent.parent / "samples").glob("*.parquet"))
    if file.suffix.lower() != ".jsonl" or not samples or not (file.parent.parent / "manifest.json").is_file():
        return {}
    wanted = ("sample_id", "uri", "task", "start_us", "end_us", "pictures_us", "labels")
    return {str(row["sample_id"]): row for one in samples for row in rows_of(one, wanted)}
