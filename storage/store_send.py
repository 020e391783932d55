"""The files of a version on their way to a store: several at a time, each looked at after it was written."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ToolDown
from storage.store import Store

TIMES = 3


def send(store: Store, files: Mapping[str, Path], *, is_new: bool, tells_md5: bool) -> int:
    """Writes each local file under its name, and gives how many were written: what is there already is not sent again.

    ``is_new`` says that nothing can be there yet. Raises BadInput and ToolDown as the store does.
    """
    sending = _Sending(store, is_new, tells_md5)
    return sum(store.each(lambda named: sending.one(*named), files.items()))


@dataclass(frozen=True)
class _Sending:
    store: Store
    is_new: bool
    tells_md5: bool

    def one(self, name: str, path: Path) -> bool:
        """Whether the file had to be written."""
        if not self.is_new and self._is_there(name, path):
            return False
        for _ in range(TIMES):
            self.store.put_file(name, path)
            if self._is_there(name, path):
                return True
        raise ToolDown(
            f"{self.store.url(name)}: {TIMES} times what was stored was not what was sent; "
            "run the same command again later"
        )

    def _is_there(self, name: str, path: Path) -> bool:
        """Whether the store holds this file: by size, and by MD5 where an ETag is one. Of parts it is not."""
        facts = self.store.facts(name)
        if facts is None or facts.size_bytes != path.stat().st_size:
            return False
        if not self.tells_md5 or "-" in facts.etag:
            return True
        with path.open("rb") as file:
            return facts.etag == hashlib.file_digest(file, _md5).hexdigest()


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)
