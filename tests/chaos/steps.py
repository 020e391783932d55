"""What is done to files, step by step, and a process that ends at one of the steps as if it were killed there."""

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq

KILLED, FAILED = 9, 70
TOUCHING = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass
class Steps:
    """How many steps were done since ``end_at``."""

    done: int = 0


def end_at(number: int, root: Path) -> Steps:
    """From now on this process ends at the step of that number: before opening to write, renaming, linking, removing or
    syncing anything below ``root``, and on both sides of writing Parquet. It cannot be undone.
    """
    steps = Steps()

    def step() -> None:
        steps.done += 1
        if steps.done == number:
            os._exit(KILLED)

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in TOUCHING or (event == "open" and (arguments[2] or 0) & WRITING):
            path = arguments[0]
            if isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(str(root)):
                step()

    sync, write = os.fsync, pq.write_table

    def synced(descriptor: Any) -> None:
        step()
        sync(descriptor)

    def written(*arguments: Any, **more: Any) -> None:
        step()
        write(*arguments, **more)
        step()

    patch("os.fsync", synced).start()
    patch("pyarrow.parquet.write_table", written).start()
    sys.addaudithook(hear)
    return steps


def apart(act: Callable[[], None]) -> int:
    """The exit code of a process of its own that does it: 0, or KILLED, or FAILED with the traceback on stderr."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = FAILED
    try:
        act()
        code = 0
    except BaseException:  # noqa: BLE001  it is told, and ends the process
        traceback.print_exc()
    finally:
        os._exit(code)
