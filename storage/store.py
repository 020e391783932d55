"""The objects below one address of an object store, through fsspec: read and written whole, and tried again.

Credentials and endpoints come from where the store's own package looks for them (for ``s3://`` the environment and the
AWS configuration); nothing here takes one, keeps one or shows one.
"""

import hashlib
import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import fsspec
from fsspec.core import url_to_fs

from schemas.errors import BadInput, ToolDown
from storage.manifest import FileFacts
from storage.store_faults import code_of, passes, told

AT_ONCE = 8
BLOCK = 8 << 20
# The client's own tries are kept few: with ours they multiply. Nothing is read ahead: DuckDB knows what it needs, and
# with s3fs's 50 MB ahead a question to a file of 36 MB read 207 MB instead of 0.3.
OPTIONS: dict[str, dict[str, Any]] = {
    "s3": {
        "config_kwargs": {"retries": {"total_max_attempts": 2}, "connect_timeout": 10, "read_timeout": 60},
        "default_cache_type": "none",
    }
}

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Patience:
    """How often a call is tried, and the bounds of the pause between two tries, which doubles each time."""

    tries: int = 7
    first_s: float = 0.3
    longest_s: float = 20.0

    def pause(self, nth: int) -> None:
        """Waits before try ``nth`` + 1: at random, so that many who were sent away together do not return together."""
        threading.Event().wait(random.uniform(0, min(self.longest_s, self.first_s * 2**nth)))


@dataclass(frozen=True)
class ObjectFacts:
    """What a store says of one object; ``changed`` by the store's own clock, None where it does not say."""

    size_bytes: int
    etag: str
    changed: datetime | None


def is_address(given: str) -> bool:
    """Whether this names a place on a store, not a folder."""
    return "://" in given and not given.startswith("file://")


class Store:
    """The objects below one address. Names are relative to it. Safe to use from several threads.

    Raises BadInput for an address of no known kind, one whose package is missing, and one that holds a secret; every
    call raises BadInput for what the store refuses and ToolDown for what goes on failing.
    """

    def __init__(self, address: str, patience: Patience | None = None) -> None:
        self.address = _checked(address)
        self._patience = patience or Patience()
        self._files, self._root = _opened(self.address)

    @property
    def files(self) -> Any:
        """The fsspec file system behind it."""
        return self._files

    def url(self, name: str) -> str:
        """The whole address of an object."""
        return f"{self.address}/{name}"

    def read(self, name: str) -> bytes | None:
        """The bytes of an object; None where there is none."""
        try:
            found: bytes = self._tried(name, lambda: self._files.cat_file(self._path(name)))
        except FileNotFoundError as absent:
            self._refuse_no_bucket(absent)
            return None
        return found

    def facts(self, name: str) -> ObjectFacts | None:
        """Size, ETag and time of an object; None where there is none."""
        try:
            found: dict[str, Any] = self._tried(name, lambda: self._files.info(self._path(name)))
        except FileNotFoundError:
            return None
        if found.get("type") != "file":
            return None
        changed = found.get("LastModified") or found.get("created")
        etag = str(found.get("ETag") or "").strip('"')
        return ObjectFacts(int(found["size"]), etag, changed if isinstance(changed, datetime) else None)

    def put(self, name: str, content: bytes) -> None:
        """Writes an object, in place of what is there."""
        self._written(name, lambda: self._files.pipe_file(self._path(name), content))

    def put_file(self, name: str, path: Path) -> None:
        """Writes a local file as an object, in place of what is there."""
        self._written(name, lambda: self._files.put_file(str(path), self._path(name)))

    def put_new(self, name: str, content: bytes) -> bool:
        """Writes an object unless there is one: False when there is one of other content.

        The answer to an earlier try may have been lost, so an object of the same content counts as written.
        """
        try:
            self._written(name, lambda: self._files.pipe_file(self._path(name), content, mode="create"))
        except FileExistsError:
            return self.read(name) == content
        return True

    def remove(self, names: Iterable[str]) -> None:
        """Removes objects; one that is gone already is no fault."""
        self.each(self._remove, names)

    def each(self, act: Callable[[U], T], given: Iterable[U]) -> list[T]:
        """What ``act`` gives for each, several at a time, in order. The first failure stops what has not begun."""
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="store")
        try:
            return list(pool.map(act, given))
        finally:
            pool.shutdown(cancel_futures=True)

    def below(self, folder: str) -> list[str]:
        """The names of all objects below a folder, as the store lists them. It may be late: never the truth."""
        return self._listed(folder, lambda: self._files.find(self._path(folder)))

    def within(self, folder: str) -> list[str]:
        """The names of what lies right in a folder, folders too. It may be late: never the truth."""
        return self._listed(folder, lambda: self._files.ls(self._path(folder), detail=False))

    def digest(self, name: str) -> FileFacts | None:
        """The sha256 and the size of an object's bytes, read a block at a time; None where there is none."""
        try:
            return self._tried(name, lambda: self._digest(name))
        except FileNotFoundError:
            return None

    def _digest(self, name: str) -> FileFacts:
        digest, size = hashlib.sha256(), 0
        with self._files.open(self._path(name), "rb", block_size=BLOCK) as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
        return FileFacts(digest.hexdigest(), size)

    def _listed(self, folder: str, call: Callable[[], list[str]]) -> list[str]:
        try:
            found = self._tried(folder, call)
        except FileNotFoundError:
            return []
        return sorted(path.rstrip("/").removeprefix(self._root).lstrip("/") for path in found)

    def _remove(self, name: str) -> None:
        try:
            self._tried(name, lambda: self._files.rm_file(self._path(name)))
        except FileNotFoundError:
            return

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _written(self, name: str, call: Callable[[], Any]) -> None:
        try:
            self._tried(name, call)
        except FileNotFoundError:
            raise BadInput(f"{self.address}: there is no such bucket; make it, or correct the address") from None

    def _refuse_no_bucket(self, absent: FileNotFoundError) -> None:
        if code_of(absent) == "NoSuchBucket":
            raise BadInput(f"{self.address}: there is no such bucket; make it, or correct the address") from None

    def _tried(self, name: str, call: Callable[[], T]) -> T:
        """What the call gives, within our patience. What is there or is not there is an answer, not a failure."""
        for nth in range(self._patience.tries):
            try:
                return call()
            except (FileExistsError, FileNotFoundError):
                raise
            except Exception as error:  # noqa: BLE001  each kind of store has errors of its own
                if nth + 1 == self._patience.tries or not passes(error):
                    raise told(error, self.url(name)) from None
            self._patience.pause(nth)
        raise ToolDown(f"{self.url(name)}: never tried")


def _checked(address: str) -> str:
    """The address without what ends it. Raises BadInput when it names no place, or holds what looks like a secret."""
    kind, _, rest = address.partition("://")
    if "@" in urlsplit(f"x://{rest}").netloc:
        raise BadInput(
            f"an address of {kind}:// must not hold a name or a key before '@'; "
            "credentials come from the environment or the configuration of the store's own tools"
        )
    if not rest.strip("/"):
        raise BadInput(f"{address!r} names no bucket; give {kind}://bucket/prefix")
    return address.rstrip("/")


def _opened(address: str) -> tuple[Any, str]:
    kind = address.partition("://")[0]
    try:
        fsspec.get_filesystem_class(kind)
    except ValueError:
        raise BadInput(f"{address!r}: no kind of store is called {kind!r}; s3://bucket/prefix is one") from None
    except ImportError as missing:
        raise BadInput(
            f"{address!r} needs a package that is not installed ({missing}); "
            "for s3:// that is `pip install 'rushes[s3]'`"
        ) from None
    try:
        files, root = url_to_fs(address, use_listings_cache=False, **OPTIONS.get(kind, {}))
    except Exception as error:  # noqa: BLE001  each kind of store has errors of its own
        raise told(error, address) from None
    return files, str(root).rstrip("/")
