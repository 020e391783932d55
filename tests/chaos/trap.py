"""Shows that nobody opened what was not given, and that nobody called: watched files and a listening port.

The kernel itself tells of every open of a watched file (inotify), whichever process it was and whatever it made of it.
"""

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_OPENED, _READ = 0x20, 0x1
_EVENT = struct.Struct("iIII")


@dataclass
class Trap:
    """What went into it: the watched files that were opened, and what called the port."""

    port: int
    opened: list[str] = field(default_factory=list)
    calls: list[bytes] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing went into it."""
        return not self.opened and not self.calls


@contextmanager
def listening() -> Iterator[Trap]:
    """A port on this machine that takes every call, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        trap = Trap(server.getsockname()[1])
        threading.Thread(target=_answer, args=(server, trap), daemon=True).start()
        yield trap


def _answer(server: socket.socket, trap: Trap) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:
            return
        with caller:
            trap.calls.append(caller.recv(200))


@contextmanager
def watching(files: Iterable[Path], trap: Trap) -> Iterator[None]:
    """Notes every open of the files, which must exist, during the block."""
    queue = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    names = {_LIBC.inotify_add_watch(queue, os.fsencode(path), _OPENED | _READ): path.name for path in files}
    try:
        yield
        trap.opened += [names[number] for number in _events(queue)]
    finally:
        os.close(queue)


def _events(queue: int) -> Iterator[int]:
    while True:
        try:
            block = os.read(queue, 1 << 16)
        except BlockingIOError:
            return
        while block:
            number, _, _, length = _EVENT.unpack(block[: _EVENT.size])
            yield number
            block = block[_EVENT.size + length :]
