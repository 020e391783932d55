"""The call log: what models said, on the disk before anybody uses it, and found again by key.

One folder per model, in it one file per process that asked, which only grows. A line is ``key crc json``. A process
that is killed leaves at most one torn line, at the end of a file that nobody writes to any more.
"""

import asyncio
import os
import re
import secrets
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from infra.models.raw import Raw
from storage.files import make_folder, told

KEY = 64
HEAD = KEY + 1 + 8 + 1
SUFFIX = ".jsonl"
# Replies that arrive within so long share one wait for the disk. Nobody's seat is held meanwhile.
GATHER_S = 0.02
MOST_OPEN = 32
Place = tuple[Path, int, int]


def folder_of(folder: Path, identity: str) -> Path:
    """Where among all replies those of one model lie."""
    return folder / re.sub(r"[^A-Za-z0-9._@-]", "_", identity)[:120]


class Replies:
    """What one model said, in this process and in all others of this workspace, now and earlier.

    ``find`` reads; ``keep`` appends and returns once the line is on the disk for certain. What is in an index costs
    some 200 bytes of memory per reply; the replies themselves stay on the disk.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder = folder_of(folder, identity)
        self._index: dict[bytes, Place] = {}
        self._read: dict[Path, int] = {}
        self._open: dict[Path, int] = {}  # the one that was read last comes last
        self._lock = threading.Lock()
        self._mine: int | None = None
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="call log")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.said: dict[str, str] = {}

    def refresh(self) -> None:
        """Takes in what other processes have written since the last time."""
        with self._lock:
            for path in sorted(self.folder.glob(f"*{SUFFIX}")) if self.folder.is_dir() else []:
                with suppress(FileNotFoundError):  # deleted a moment ago: what was in it will be paid for again
                    self._take_in(path)

    def find(self, key: str) -> Raw | None:
        """What the model said to this; None when it has not been asked, or what it said can't be read any more."""
        place = self._index.get(bytes.fromhex(key))
        if place is None:
            return None
        path, start, length = place
        with self._lock:
            try:
                line = os.pread(self._opened(path), length, start)
            except FileNotFoundError:
                return None
        stored = line[HEAD:]
        if line[:KEY] != key.encode() or line[KEY + 1 : HEAD - 1] != _crc(stored):
            return None
        return Raw.from_json(stored)

    def _opened(self, path: Path) -> int:
        """The file, to be read from: a folder may hold more of them than a process may have open."""
        file = self._open.pop(path, None)
        self._open[path] = file = os.open(path, os.O_RDONLY) if file is None else file
        if len(self._open) > MOST_OPEN:
            os.close(self._open.pop(next(iter(self._open))))
        return file

    async def keep(self, key: str, raw: Raw) -> None:
        """Puts it on the disk. Raises DiskFull. To be called in one event loop only."""
        stored = raw.to_json().encode("utf-8", "backslashreplace")
        line = b"%s %s %s\n" % (key.encode(), _crc(stored), stored)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((line, future))
        if self._writer is None or self._writer.done():
            self._writer = loop.create_task(self._write_all())
        await future

    async def _write_all(self) -> None:
        """Writes what waits, again and again: while the disk is busy with some, others gather."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(GATHER_S)
            batch, self._waiting = self._waiting, []
            try:
                await loop.run_in_executor(self._disk, self._append, b"".join(line for line, _ in batch))
            except Exception as error:  # noqa: BLE001  whoever waits shall hear of it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for _, future in batch:
                    if not future.done():
                        future.set_result(None)

    def _append(self, lines: bytes) -> None:
        try:
            if self._mine is None:
                make_folder(self.folder)
                name = f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
                self._mine = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
                _sync_folder(self.folder)
            written = 0
            while written < len(lines):
                written += os.write(self._mine, lines[written:])
            os.fdatasync(self._mine)
        except OSError as refused:
            self._leave_off()  # a line that was torn stays the last of its file
            raise told(refused, self.folder) from refused

    def _leave_off(self) -> None:
        if self._mine is not None:
            os.close(self._mine)
        self._mine = None

    def _take_in(self, path: Path) -> None:
        start = self._read.get(path, 0)
        if path.stat().st_size == start:
            return
        last = b""
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                key = _key(line)
                if key:
                    self._index[key] = (path, start, len(line) - 1)
                    last = line
                start += len(line)
        self._read[path] = start
        self._note_said(last)

    def _note_said(self, line: bytes) -> None:
        """Which model each endpoint said it was, as far as the last line of a file tells."""
        for raw in _raws([line]):
            if raw.said:
                self.said[raw.endpoint] = raw.said

    def close(self) -> None:
        """Lets go of the files; what was kept stays."""
        self._disk.shutdown()
        self._leave_off()
        while self._open:
            os.close(self._open.popitem()[1])


def _raws(lines: list[bytes]) -> Iterator[Raw]:
    for line in lines:
        stored = line[HEAD:-1]
        if stored and line[KEY + 1 : HEAD - 1] == _crc(stored):
            yield Raw.from_json(stored)


def _crc(stored: bytes) -> bytes:
    return b"%08x" % zlib.crc32(stored)


def _key(line: bytes) -> bytes | None:
    try:
        return bytes.fromhex(line[:KEY].decode("ascii")) if line[KEY : KEY + 1] == b" " else None
    except ValueError:
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
