"""A seal: the sha256 of a Parquet file in the file itself. Parquet does not notice a flipped bit; a seal does.

The digest is taken over the whole file with zeros in the place that the metadata keeps for it, so that a file needs no
second one beside it, and what commits the file commits its seal.
"""

import hashlib
import mmap
from collections.abc import Callable
from pathlib import Path

from schemas.errors import Damaged

NAME, BLANK = b"rushes.sha256", "0" * 64
# The name as Parquet's footer has it, before a value of 64 bytes: Thrift's compact form, field 2, type string.
PLACE = NAME + b"\x18\x40"


class BadCell(Damaged):
    """A stored file that is not as it was written, or is gone. ``path`` is the file."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(path, what)
        self.path = Path(path)

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}; `rushes build` makes it again"


def seal(path: Path) -> None:
    """Puts the digest into the file's metadata, which must hold ``BLANK`` under ``NAME``."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        start = content.rfind(PLACE) + len(PLACE)
        content[start : start + len(BLANK)] = _digest(content, start).encode()


def check(path: Path) -> None:
    """Nothing, when the file is as it was written. Raises BadCell."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            place = content.rfind(PLACE)
            start = place + len(PLACE)
            sound = place >= 0 and content[start : start + len(BLANK)] == _digest(content, start).encode()
    except FileNotFoundError:
        raise BadCell(str(path), "it is gone") from None
    except ValueError:  # nothing to map
        raise BadCell(str(path), "it is empty") from None
    if not sound:
        raise BadCell(str(path), "its bytes are not those that were written")


def _digest(content: mmap.mmap, start: int) -> str:
    with memoryview(content) as whole:
        digest = hashlib.sha256(whole[:start])
        digest.update(BLANK.encode())
        digest.update(whole[start + len(BLANK) :])
    return digest.hexdigest()


class Seals:
    """Checks each file once, as long as it does not change: for whoever reads the same files again and again."""

    def __init__(self, check: Callable[[Path], None] = check) -> None:
        self._check = check
        self._sound: dict[Path, tuple[int, int, int]] = {}

    def check(self, path: Path) -> bool:
        """Whether the file had to be checked; it is as it was written. Raises BadCell when it is not."""
        try:
            found = path.stat()
        except FileNotFoundError:
            raise BadCell(str(path), "it is gone") from None
        state = (found.st_ino, found.st_size, found.st_mtime_ns)
        is_new = self._sound.get(path) != state
        if is_new:
            self._check(path)
            self._sound[path] = state
        return is_new
