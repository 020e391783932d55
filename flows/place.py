"""Where a dataset is: a folder, or an address on an object store with a folder near by for the work."""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import BadInput
from storage.layout import Workspace

if TYPE_CHECKING:
    from storage.store_versions import StoreVersions
    from storage.stored_version import StoredVersion


@dataclass(frozen=True)
class Place:
    """A dataset's workspace, and the address where its versions lie; empty where they lie in the workspace."""

    workspace: Workspace
    address: str = ""

    @cached_property
    def versions(self) -> "StoreVersions | None":
        """The versions at the address; None where they lie in the workspace. Raises BadInput for a wrong address."""
        if not self.address:
            return None
        from storage.store import Store
        from storage.store_versions import StoreVersions

        return StoreVersions(Store(self.address))

    def version(self, number: int | None = None) -> "StoredVersion | None":
        """That version at the address, or the latest; None where versions lie in the workspace. Raises BadInput."""
        if not self.versions:
            return None
        from storage.stored_version import stored_version

        return stored_version(self.versions.store, number)


def place(to: str, work: str = "") -> Place:
    """The place that ``--to`` names, a folder or an address such as ``s3://bucket/prefix``.

    ``work`` is the folder to work in for an address; without one, a folder of its own in the user's cache. Raises
    BadInput when a folder is given one, since it is its own.
    """
    if "://" in to and not to.startswith("file://"):
        folder = Path(work).expanduser() if work else _cache() / _named(to)
        return Place(Workspace(folder), to.rstrip("/"))
    if work:
        raise BadInput(
            f"--work is for addresses such as s3://bucket/prefix; the work for {to!r} is done in that folder"
        )
    return Place(Workspace(Path(to.removeprefix("file://")).expanduser()))


def _cache() -> Path:
    """Where this user's programs keep what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "rushes"


def _named(address: str) -> str:
    """A folder's name that says which address it is for, and that no other address has."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", address.rstrip("/").partition("://")[2]).strip("-.")[:60]
    return f"{plain}-{hashlib.sha256(address.rstrip('/').encode()).hexdigest()[:8]}"
