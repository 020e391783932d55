"""The lock that publishing takes: one publisher per workspace, and a dead one's lock does not hold up the next."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from schemas.errors import Busy
from storage.owner import began, boot

LOCK = ".lock"


@contextmanager
def publishing(versions: Path) -> Iterator[None]:
    """Holds the lock of a ``versions`` folder. Raises Busy, naming the holder, when a living process has it."""
    lock = versions / LOCK
    _take(lock)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            lock.unlink()


def _take(lock: Path) -> None:
    """Writes the lock file, after removing one whose holder is gone.

    Looking, removing and writing happen under a kernel lock on a second file, so that of two who find the same dead
    lock only one removes it, and nobody removes the lock that the other has just written.
    """
    with (lock.parent / f"{LOCK}.guard").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        holder = _holder(lock)
        if holder is not None and not _is_gone(holder):
            raise Busy(
                f"process {holder.get('pid')} on {holder.get('host')} is publishing into {lock.parent}; "
                f"wait until it ends, or, if you know it is gone, delete {lock}"
            )
        lock.unlink(missing_ok=True)
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "w") as file:
            file.write(json.dumps(_myself()))
            file.flush()
            os.fsync(file.fileno())


def _holder(lock: Path) -> dict[str, Any] | None:
    """Who wrote the lock file; None without one; nobody in particular when it was cut off while being written."""
    try:
        found = json.loads(lock.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _myself() -> dict[str, Any]:
    pid = os.getpid()
    return {"pid": pid, "host": socket.gethostname(), "boot": boot(), "began": began(pid)}


def _is_gone(holder: dict[str, Any]) -> bool:
    """Whether the holder surely runs no more. A lock of another machine is never taken for dead."""
    if not holder:
        return True
    if holder.get("host") != socket.gethostname():
        return False
    if holder.get("boot") != boot():
        return True
    return began(int(holder["pid"])) != holder.get("began")
