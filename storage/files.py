"""Files that are there whole or not at all: written under a temporary name, synced, then renamed into place."""

import ctypes
import errno
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from schemas.errors import DiskFull, RushesError, ToolDown
from storage.owner import is_dead, mark

FORGOTTEN_S = 24 * 3600
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
# One fsync costs 2 to 4 ms where we measured; one syncfs for 200 files of 60 KB cost 0.2 ms a file.
FEW = 8


class Landing:
    """Files that come into being together: ``path(final)`` gives a place to write, leaving the block commits them all.

    Everything is synced before anything is renamed, and the renames happen in the order of the ``path`` calls. When
    the block fails, nothing of it is left. Raises DiskFull or ToolDown for what the disk refuses.
    """

    def __init__(self) -> None:
        self._files: dict[Path, Path] = {}
        self._folders: set[Path] = set()

    def __enter__(self) -> "Landing":
        return self

    def path(self, final: Path) -> Path:
        """Where to write what shall become ``final``."""
        if final.parent not in self._folders:
            make_folder(final.parent)
            self._folders.add(final.parent)
        self._files[final] = temporary(final)
        return self._files[final]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit()
        except OSError as refused:
            raise told(refused, next(iter(self._files))) from refused
        finally:
            for written in self._files.values():
                written.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, RushesError):
            raise told(error, next(iter(self._files), Path())) from error

    def _commit(self) -> None:
        sync(self._files.values())
        for final, written in self._files.items():
            written.replace(final)
        for folder in self._folders:
            _fsync(folder)


def land_new(final: Path, write: Callable[[Path], None]) -> bool:
    """A file that ``write`` fills, unless one of that name exists: False when somebody was faster. Raises DiskFull."""
    make_folder(final.parent)
    written = temporary(final)
    try:
        write(written)
        _fsync(written)
        os.link(written, final)
        _fsync(final.parent)
    except FileExistsError:
        return False
    except OSError as refused:
        raise told(refused, final) from refused
    finally:
        written.unlink(missing_ok=True)
    return True


def temporary(final: Path) -> Path:
    """A name beside ``final`` that nobody else uses, hidden from every listing, and that says who writes there."""
    return final.parent / f".{final.name}.{mark()}.{secrets.token_hex(4)}.tmp"


def forget(left: Path) -> None:
    """Remove a temporary file whose writer is dead, or that nobody has touched for a day."""
    parts = left.name.rsplit(".", 3)
    if is_forgotten(left) or (len(parts) == 4 and is_dead(parts[1])):
        left.unlink(missing_ok=True)


def is_forgotten(left: Path) -> bool:
    """Whether nobody has touched the file for a day, by the disk's own clock."""
    try:
        return left.parent.stat().st_mtime - left.stat().st_mtime > FORGOTTEN_S
    except FileNotFoundError:
        return False


def make_folder(folder: Path) -> None:
    """The folder and its parents. Raises DiskFull when they cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise told(refused, folder) from refused


def sync(paths: Iterable[Path]) -> None:
    """Make the content of files durable: one by one when few, the whole file system at once when many."""
    files = list(paths)
    if len(files) > FEW and _sync_file_system(files[0].parent):
        return
    for path in files:
        _fsync(path)


def told(refused: OSError, path: Path) -> RushesError:
    """What the disk refused, as our own error with the remedy."""
    said = os.strerror(refused.errno) if refused.errno else str(refused)
    if refused.errno in FULL:
        return DiskFull(f"cannot write {path}: {said}; make room there, then run the same command again")
    if refused.errno in CLOSED or isinstance(refused, NotADirectoryError | FileExistsError):
        return DiskFull(f"cannot write {path}: {said}; choose a folder that you may write to")
    return ToolDown(f"cannot write {path}: {said}")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(folder: Path) -> bool:
    """One call of Linux's syncfs(2); False where there is none or it fails, so that the caller syncs file by file."""
    syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
    if syncfs is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return bool(syncfs(descriptor) == 0)
    finally:
        os.close(descriptor)
