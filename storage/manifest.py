"""``manifest.json``: what made a version, and the sha256 of every file in it."""

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any

from schemas.errors import Damaged

MANIFEST = "manifest.json"
FORMAT = 1
PACKAGES = (
    "rushes",
    "av",
    "decord",
    "duckdb",
    "ffmpeg-python",
    "great-expectations",
    "numpy",
    "pyarrow",
    "scikit-learn",
)


@dataclass(frozen=True)
class TableFacts:
    """One published table: how it was made, and where its rows lie. ``files`` are relative to the version's folder."""

    name: str
    rows: int
    files: tuple[str, ...]
    fingerprint: str
    made_by: str
    version: int
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class FileFacts:
    """One file of a version."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a version holds and what made it. ``inputs`` is a digest of the cells it was made from.

    ``models`` is what each model answered for it (``storage.asked.ModelFacts``).
    """

    number: int
    recipe: str
    summary: str
    settings: Mapping[str, Any]
    plan: str
    inputs: str
    tables: tuple[TableFacts, ...]
    outcomes: Mapping[str, int]
    files: Mapping[str, FileFacts]
    software: Mapping[str, str]
    format: int = FORMAT
    models: Mapping[str, Any] = field(default_factory=dict)

    def rows(self) -> dict[str, int]:
        """The number of rows of each published table."""
        return {table.name: table.rows for table in self.tables}

    def write(self, folder: Path) -> None:
        """Writes ``manifest.json`` into the folder."""
        (folder / MANIFEST).write_bytes(canonical(asdict(self)))


def canonical(facts: Mapping[str, Any]) -> bytes:
    """The one way to write these facts as JSON, with their own sha256 among them, so that a changed byte shows."""
    body = {name: value for name, value in facts.items() if name != "sha256"}
    text = json.dumps(body, indent=1, sort_keys=True, default=str)
    return (json.dumps(body | {"sha256": digest(text.encode())}, indent=1, sort_keys=True, default=str) + "\n").encode()


def read(folder: Path) -> Manifest:
    """The manifest of a version. Raises Damaged when it is missing, unreadable, or not as it was written."""
    path = folder / MANIFEST
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise _unreadable(str(path), error) from None
    return parse(stored, str(path))


def parse(stored: bytes, where: str) -> Manifest:
    """The manifest that these bytes are. Raises Damaged, naming ``where`` they lay."""
    try:
        facts = json.loads(stored)
        sound = canonical(facts) == stored
    except (ValueError, AttributeError, RecursionError) as error:
        raise _unreadable(where, error) from None
    if not sound:
        raise Damaged(f"{where}: it was changed after it was written; this version cannot be trusted, publish again")
    try:
        return _manifest(facts)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise Damaged(f"{where}: it is no manifest of this version of Rushes ({error}); publish again") from None


def _unreadable(where: str, error: Exception) -> Damaged:
    return Damaged(f"{where}: cannot be read as a manifest ({error}); this version cannot be trusted, publish again")


def _manifest(facts: dict[str, Any]) -> Manifest:
    facts.pop("sha256")
    tables = tuple(
        TableFacts(**table | {"files": tuple(table["files"]), "inputs": tuple(table["inputs"])})
        for table in facts.pop("tables")
    )
    files = {name: FileFacts(**file) for name, file in facts.pop("files").items()}
    for named in (*files, *(file for table in tables for file in table.files)):
        if PurePosixPath(named).is_absolute() or ".." in PurePosixPath(named).parts:
            raise ValueError(f"it names {named!r}, which lies outside its folder")
    return Manifest(tables=tables, files=files, **facts)


def digest(content: bytes) -> str:
    """The sha256 of the bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_facts(path: Path) -> FileFacts:
    """The sha256 and the size of a file of any size."""
    with path.open("rb") as file:
        return FileFacts(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def walk(folder: Path) -> Iterator[Path]:
    """Every file below the folder, by path, the manifest itself left out."""
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() and path != folder / MANIFEST:
            yield path


def software() -> dict[str, str]:
    """The versions of Python and of the packages that decide what a version holds."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
