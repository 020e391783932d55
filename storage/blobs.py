"""Bytes by the hash of their content: the same bytes are kept once, whoever puts them."""

import hashlib
from pathlib import Path

from schemas.errors import BadInput, ToolDown
from schemas.units import BlobId
from storage.files import make_folder, sync, temporary, told

# Not yet whole; in one folder, so that what the dead left is found without a look into 256.
INCOMING = ".incoming"
HEX = set("0123456789abcdef")


class Blobs:
    """The blobs below one folder. An id is the sha256 of the content in hexadecimal, with the suffix behind it.

    ``put`` does not wait for the disk; ``settle`` does, once for all that were put since the last time. A cell that
    names blobs commits only after that.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unsettled: list[Path] = []

    def put(self, blob: bytes, suffix: str) -> BlobId:
        """The id under which the bytes are kept from now on. Raises DiskFull."""
        name = BlobId(hashlib.sha256(blob).hexdigest() + suffix)
        path = self.path(name)
        self._unsettled.append(path)
        if not _holds(path, len(blob)):
            self._write(path, blob)
        return name

    def _write(self, path: Path, blob: bytes) -> None:
        make_folder(path.parent)
        make_folder(self.root / INCOMING)
        written = temporary(self.root / INCOMING / path.name)
        try:
            written.write_bytes(blob)
            written.replace(path)
        except OSError as refused:
            raise told(refused, path) from refused
        finally:
            written.unlink(missing_ok=True)

    def settle(self) -> None:
        """Waits until everything that was put is on the disk."""
        unsettled, self._unsettled = self._unsettled, []
        try:
            sync(dict.fromkeys(unsettled))
            sync({path.parent: None for path in unsettled})
        except OSError as refused:
            raise told(refused, self.root) from refused

    def get(self, blob: BlobId) -> bytes:
        """The bytes under this id. Raises ToolDown when they are not there."""
        try:
            return self.path(blob).read_bytes()
        except OSError as refused:
            raise ToolDown(f"blob {blob} cannot be read: {refused.strerror}; build again to make it anew") from refused

    def path(self, blob: BlobId) -> Path:
        """The file of this id, whether or not it exists. Raises BadInput for what is no id."""
        if len(blob) < 64 or not HEX.issuperset(blob[:64]) or "/" in blob or "\0" in blob:
            raise BadInput(f"{blob[:80]!r} is no blob id: 64 hexadecimal digits and a suffix such as .png")
        return self.root / blob[:2] / blob


def _holds(path: Path, size: int) -> bool:
    """Whether the file is there with the right size: a crash of the machine may have left it empty."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False
