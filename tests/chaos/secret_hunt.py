"""Looks for secrets, in every form that they may take, in files of every kind and in the command lines of processes."""

import base64
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

EVERY_S = 1.0


def forms(secret: str) -> set[bytes]:
    """The secret as it is, percent-encoded, in hexadecimal, in UTF-16, and in base64 wherever it begins in a text."""
    plain = secret.encode()
    found = {plain, plain.hex().encode(), secret.encode("utf-16-le"), plain.replace(b"/", b"\\/"), plain[::-1]}
    found |= {urllib.parse.quote(secret, safe=safe).encode() for safe in ("", "/")}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"x" * before + plain)
            found.add(text[-(-before * 4 // 3) : len(text) - 4])
    return found


@dataclass
class Hunt:
    """Secrets by name, and where each was found: ``places`` are a name and a place."""

    secrets: Mapping[str, str]
    places: set[tuple[str, str]] = field(default_factory=set)
    looked: int = 0
    most_files: int = 0

    def __post_init__(self) -> None:
        self._seen: dict[Path, tuple[int, int]] = {}
        self._forms = {name: forms(secret) for name, secret in self.secrets.items()}

    def through(self, folder: Path) -> None:
        """Every file below the folder: its bytes, its name, and what readers of Parquet and DuckDB see in it."""
        files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
        self.most_files = max(self.most_files, len(files))
        for path in files:
            with suppress(OSError):
                found = path.stat()
                if self._seen.get(path) == (found.st_size, found.st_mtime_ns):
                    continue
                self._seen[path] = (found.st_size, found.st_mtime_ns)
                self._look(path.read_bytes() + b"\n" + str(path).encode(), str(path))
            if path.suffix in (".parquet", ".duckdb"):
                self._look(str(_read(path)).encode("utf-8", "replace"), f"{path}, read")

    def command_lines(self) -> None:
        """What every process that can be seen was called with."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                self._look((process / "cmdline").read_bytes(), "a command line")

    @contextmanager
    def meanwhile(self, folder: Path) -> Iterator[None]:
        """Looks through the folder and all command lines again and again while the block lasts."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(EVERY_S):
                self.command_lines()
                self.through(folder)

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            over.set()
            looking.join()

    def _look(self, content: bytes, place: str) -> None:
        self.looked += 1
        for name, every in self._forms.items():
            if any(form in content for form in every):
                self.places.add((name, place))


def _read(path: Path) -> Any:
    with suppress(Exception):  # half a file, or one that is gone: its bytes were looked at
        if path.suffix == ".parquet":
            file = pq.ParquetFile(path)
            return file.metadata.metadata, file.read().to_pylist()
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute("SELECT sql FROM duckdb_views()").fetchall()
    return ""
