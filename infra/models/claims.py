"""Who is asking what right now: so that two processes that want the same pay for it once.

A claim is a file with the keys of the requests, locked for as long as its owner lives: the kernel lets go of the lock
when a process dies, however it dies, so nothing has to be judged by a clock.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from storage.files import make_folder

KEY = 64
SUFFIX = ".claim"


@dataclass
class Claim:
    """Keys that nobody else asks for until ``release``. ``others`` are those that somebody else is asking for."""

    others: frozenset[str]
    path: Path | None = None
    descriptor: int = -1

    def release(self) -> None:
        """Lets others ask for what was not answered. Does nothing the second time."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            os.close(self.descriptor)
            self.path = None


class Claims:
    """The claims on one model's requests in one workspace, on every machine that shares its file system's locks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, keys: Sequence[str]) -> Claim:
        """Claims those of the keys that nobody alive has claimed.

        On a file system without locks everything is claimed, and two processes may then pay for the same.
        """
        make_folder(self.folder)
        try:
            with self._alone():
                others = frozenset(keys).intersection(self._held())
                return self._written([key for key in keys if key not in others], others)
        except OSError:
            return Claim(frozenset())

    def _written(self, keys: Sequence[str], others: frozenset[str]) -> Claim:
        if not keys:
            return Claim(others)
        path = self.folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stored = "".join(keys).encode()
            while stored:
                stored = stored[os.write(descriptor, stored) :]
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return Claim(others, path, descriptor)

    def _held(self) -> Iterator[str]:
        """What is claimed by somebody alive. The claims of the dead are removed."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError), path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    stored = file.read().decode("ascii")
                    yield from (stored[at : at + KEY] for at in range(0, len(stored), KEY))
                else:
                    path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else takes claims meanwhile."""
        with (self.folder / "lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
