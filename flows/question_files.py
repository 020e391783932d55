"""The rows of a file of questions, one after the other: Parquet, JSON lines, JSON, CSV, or a folder of these."""

import csv
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import BadInput

Record = Mapping[str, Any]
BATCH_ROWS = 2_000
MOST_TEXT = 1 << 20
HOLDERS = ("questions", "data", "annotations", "items", "samples")
"""Under which name a JSON object may hold the list of questions."""


def files_of(path: Path) -> list[Path]:
    """The files that the path stands for: itself, or those of a known format in a folder, in order of name.

    Raises BadInput where there is none.
    """
    if not path.exists():
        raise BadInput(f"no such file of questions: {str(path)!r} (looked in {Path.cwd()}); check the path")
    found = sorted(one for one in path.iterdir() if one.suffix.lower() in READERS) if path.is_dir() else [path]
    kinds = ", ".join(READERS)
    if not found:
        raise BadInput(f"the folder {str(path)!r} holds no file of questions; known are {kinds}")
    if found[0].suffix.lower() not in READERS:
        raise BadInput(f"{str(path)!r} is no file of questions by its name; known are {kinds}")
    return found


def columns_of(files: Sequence[Path]) -> tuple[str, ...]:
    """The names of the columns: of Parquet those of its schema, of other formats those of the first hundred rows.

    Raises BadInput for a file that cannot be read, and where there is not a single row.
    """
    names: dict[str, None] = {}
    for file in files:
        if file.suffix.lower() == ".parquet":
            names |= dict.fromkeys(_parquet_names(file))
        else:
            names |= dict.fromkeys(name for row in itertools.islice(rows_of(file, ()), 100) for name in row)
    if not names or next((row for file in files for row in rows_of(file, tuple(names)[:1])), None) is None:
        raise BadInput(f"{str(files[0])!r} holds no question; give a file with a row per question")
    return tuple(names)


def rows_of(file: Path, wanted: Sequence[str]) -> Iterator[Record]:
    """The rows of the file. Of Parquet only the columns that are wanted are read, so that no picture is.

    Raises BadInput, which names the line where there are lines.
    """
    try:
        yield from READERS[file.suffix.lower()](file, wanted)
    except (pa.ArrowException, UnicodeError, OSError, csv.Error, RecursionError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadInput(f"cannot read the questions in {str(file)!r}: {why}; is it complete, and in UTF-8?") from None


def _parquet_names(file: Path) -> list[str]:
    try:
        return list(pq.read_schema(file).names)
    except (pa.ArrowException, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise BadInput(f"cannot read the questions in {str(file)!r} as Parquet: {why}") from None


def _parquet(file: Path, wanted: Sequence[str]) -> Iterator[Record]:
    with file.open("rb") as opened:
        stored = pq.ParquetFile(opened)
        names = [name for name in stored.schema_arrow.names if name in wanted]
        for batch in stored.iter_batches(BATCH_ROWS, columns=names):
            yield from batch.to_pylist()


def _lines(file: Path, _: Sequence[str]) -> Iterator[Record]:
    with file.open(encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as wrong:
                raise BadInput(f"line {number} of {str(file)!r} is not JSON: {wrong}; mend or drop the line") from None
            if not isinstance(row, dict):
                raise BadInput(f"line {number} of {str(file)!r} is no JSON object; a question is one, by column")
            yield row


def _json(file: Path, _: Sequence[str]) -> Iterator[Record]:
    try:
        found = json.loads(file.read_text("utf-8-sig"))
    except json.JSONDecodeError as wrong:
        hint = "; one object a line is JSON lines: name it .jsonl" if wrong.msg == "Extra data" else ""
        raise BadInput(f"line {wrong.lineno} of {str(file)!r} is not JSON: {wrong.msg}{hint}") from None
    if isinstance(found, dict):
        held = next((found[name] for name in HOLDERS if isinstance(found.get(name), list)), None)
        found = [{"id": name, **row} for name, row in found.items() if isinstance(row, dict)] if held is None else held
    if not isinstance(found, list):
        raise BadInput(f"{str(file)!r} holds no list of questions; give a JSON list of objects")
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise BadInput(f"entry {number} of {str(file)!r} is no JSON object; a question is one, by column")
        yield row


def _delimited(file: Path, _: Sequence[str]) -> Iterator[Record]:
    csv.field_size_limit(MOST_TEXT)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.reader(opened, delimiter="\t" if file.suffix.lower() == ".tsv" else ",", strict=True)
        names = [name.strip() for name in next(rows, [])]
        for row in rows:
            if any(cell.strip() for cell in row):
                yield dict(itertools.zip_longest(names, row[: len(names)]))


READERS: dict[str, Callable[[Path, Sequence[str]], Iterator[Record]]] = {
    ".parquet": _parquet,
    ".jsonl": _lines,
    ".ndjson": _lines,
    ".json": _json,
    ".csv": _delimited,
    ".tsv": _delimited,
}
"""By the suffix of the file's name."""
