"""Manifests: a Parquet, CSV or JSONL file with a column ``uri`` and, as far as known, license, origin and title."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.errors import BadInput

MANIFESTS = frozenset((".parquet", ".csv", ".tsv", ".jsonl", ".ndjson"))
NAMES = {"license": ("license", "licence"), "origin": ("origin", "source"), "title": ("title",)}
"""What a column may be called, by the column of ``sources`` that it fills."""
MOST_BYTES = 1 << 30
SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
HALF = re.compile("[\ud800-\udfff]")
"""Half of a character, which JSON can name and no file can hold."""


def read(manifest: Path) -> Iterator[tuple[str, Mapping[str, str | None]]]:
    """Each row's ``uri`` as it stands there, and its provenance. Raises BadInput when the file is no such manifest."""
    columns = _columns(manifest)
    if "uri" not in columns:
        raise BadInput(_lacks_uri(manifest, list(columns)))
    if both := next((found for aliases in NAMES.values() if len(found := columns.keys() & set(aliases)) > 1), None):
        raise BadInput(f"the manifest {str(manifest)!r} has the columns {_listed(both)}; keep the one that holds")
    n_rows = len(columns["uri"])
    if not n_rows:
        raise BadInput(f"the manifest {str(manifest)!r} has no rows; list a video per row in its column 'uri'")
    chosen = {
        name: next((columns[alias] for alias in aliases if alias in columns), None) for name, aliases in NAMES.items()
    }
    for number, uri in enumerate(columns["uri"]):
        if not isinstance(uri, str) or not uri.strip() or "\0" in uri or HALF.search(uri):
            raise BadInput(
                f"row {number + 1} of the manifest {str(manifest)!r} has no usable uri; fill it in, or drop the row"
            )
        yield uri, {name: _text(values[number]) for name, values in chosen.items() if values is not None}


def _listed(names: Iterable[str]) -> str:
    return " and ".join(map(repr, sorted(names)))


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else HALF.sub("\ufffd", str(value))


def _lacks_uri(manifest: Path, columns: list[str]) -> str:
    if len(columns) == 1 and (signs := [name for sign, name in SIGNS.items() if sign in columns[0]]):
        wanted = "tabs" if manifest.suffix.lower() == ".tsv" else "commas"
        return f"the manifest {str(manifest)!r} has {signs[0]} between its columns; save it with {wanted}"
    close = difflib.get_close_matches("uri", [name.lower() for name in columns], 1, 0.5)
    usual = [
        name for name in columns if name.lower() in ("url", "path", "file", "filename", "file_name", "video", *close)
    ]
    hint = f"rename {usual[0]!r} to 'uri'" if usual else "name the column that holds the paths 'uri'"
    return f"the manifest {str(manifest)!r} has no column 'uri' (it has: {', '.join(columns) or 'none'}); {hint}"


def _columns(manifest: Path) -> dict[str, list[Any]]:
    import pyarrow as pa

    kind = manifest.suffix.lower()
    try:
        if kind != ".parquet" and manifest.stat().st_size > MOST_BYTES:
            raise BadInput(
                f"the manifest {str(manifest)!r} is larger than {MOST_BYTES:,} bytes; split it, or use Parquet"
            )
        if kind in (".jsonl", ".ndjson"):
            return _json_lines(manifest)
        return _parquet(manifest) if kind == ".parquet" else _delimited(manifest, "\t" if kind == ".tsv" else ",")
    except (pa.ArrowException, UnicodeError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise BadInput(f"cannot read the manifest {str(manifest)!r} as {kind[1:].upper()}: {why}") from None


def _parquet(manifest: Path) -> dict[str, list[Any]]:
    import pyarrow.parquet as pq

    with manifest.open("rb") as file:
        stored = pq.ParquetFile(file)
        wanted = {"uri", *(alias for aliases in NAMES.values() for alias in aliases)}
        if "uri" not in stored.schema_arrow.names:
            return {name: [] for name in stored.schema_arrow.names}
        columns = [name for name in stored.schema_arrow.names if name in wanted]
        _once(columns, manifest)
        read: dict[str, list[Any]] = stored.read(columns=columns).to_pydict()
        return read


def _delimited(manifest: Path, delimiter: str) -> dict[str, list[Any]]:
    import csv

    with manifest.open(encoding="utf-8-sig", newline="") as file:
        try:
            rows = list(csv.reader(file, delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise BadInput(f"cannot read the manifest {str(manifest)!r} as CSV: {error}") from None
    header, body = (rows[0], [row for row in rows[1:] if row]) if rows else ([], [])
    names = [name.strip() for name in header]
    _once(names, manifest)
    if long := next((number for number, row in enumerate(body, 1) if any(row[len(names) :])), None):
        raise BadInput(
            f"row {long} of the manifest {str(manifest)!r} has {len(body[long - 1])} values for {len(names)} columns; "
            f"put a value that holds {SIGNS[delimiter]} into quotes"
        )
    return {name: [row[at] if at < len(row) else None for row in body] for at, name in enumerate(names)}


def _once(names: Sequence[str], manifest: Path) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise BadInput(f"the manifest {str(manifest)!r} has the column {twice[0]!r} twice; keep the one that holds")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, unless it says something twice: whoever read the last would read another list."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError(
            f"{next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)!r} is there twice"
        )
    return found


def _json_lines(manifest: Path) -> dict[str, list[Any]]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(manifest.read_text("utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"line {number} of the manifest {str(manifest)!r} is not JSON: {error}") from None
        if not isinstance(row, dict):
            raise BadInput(f"line {number} of the manifest {str(manifest)!r} is not a JSON object with a 'uri'")
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
