"""What the file system below a workspace guarantees, found out on throw-away files before anything is built there."""

import fcntl
from collections.abc import Callable
from pathlib import Path

from schemas.errors import BadInput
from storage.files import FULL, make_folder, sync, temporary, told


def probe_folder(root: Path) -> None:
    """Nothing, where a workspace is safe in this folder; makes the folder, and leaves nothing else.

    Raises BadInput where links, renames or locks do not mean what they mean on a local disk, as on some mounted object
    stores; DiskFull where nothing can be written.
    """
    make_folder(root)
    one, other = temporary(root / "probe"), temporary(root / "probe")
    try:
        one.write_bytes(b"one")
        sync([one])
        lacks = [what for what, holds in CHECKS.items() if not _holds(holds, one, other)]
    except OSError as refused:
        raise told(refused, root) from refused
    finally:
        one.unlink(missing_ok=True)
        other.unlink(missing_ok=True)
    if lacks:
        raise BadInput(
            f"{root}: the file system there has no {' and no '.join(lacks)}, so a workspace is not safe on it; "
            "work on a local disk or NFS, and publish to the store itself (--to s3://bucket/prefix, docs/storage.md)"
        )


def _holds(check: Callable[[Path, Path], bool], one: Path, other: Path) -> bool:
    try:
        return check(one, other)
    except OSError as refused:
        if refused.errno in FULL:
            raise
        return False


def _links(one: Path, other: Path) -> bool:
    """A second link under one name is refused: of two who commit, one wins."""
    other.hardlink_to(one)
    try:
        other.hardlink_to(one)
    except FileExistsError:
        return other.read_bytes() == b"one"
    return False


def _renames(one: Path, other: Path) -> bool:
    """A file takes the place of another at once."""
    other.unlink(missing_ok=True)  # it may be the same file under another name
    other.write_bytes(b"old")
    one.replace(other)
    return not one.exists() and other.read_bytes() == b"one"


def _locks(_: Path, other: Path) -> bool:
    """A lock that somebody holds is not given to somebody else."""
    with other.open("a") as first, other.open("a") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


CHECKS: dict[str, Callable[[Path, Path], bool]] = {
    "hard links": _links,
    "atomic rename": _renames,
    "file locks": _locks,
}
