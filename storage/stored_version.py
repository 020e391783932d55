"""One version on an object store, pinned by its manifest: to be asked in SQL, and to be verified."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from schemas.errors import BadInput
from storage.catalog import show
from storage.manifest import MANIFEST, FileFacts, Manifest
from storage.store import Store
from storage.store_versions import VERSIONS, StoreVersions
from storage.verify import Fault, unlike


@dataclass(frozen=True)
class StoredVersion:
    """A version as its manifest says, whatever is published after it."""

    store: Store
    manifest: Manifest

    @property
    def name(self) -> str:
        """Its folder below the address."""
        return f"{VERSIONS}/{self.manifest.number}"

    @property
    def folders(self) -> tuple[str, ...]:
        """What a locked-down connection has to be allowed to read."""
        return (f"{self.store.url(self.name)}/",)

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Makes a view of each of its tables, which reads no more of the store than a question needs."""
        connection.register_filesystem(self.store.files)
        tables = {("main", table.name): table.files for table in self.manifest.tables if table.files}
        show(connection, tables, self.folders[0])

    def faults(self) -> list[Fault]:
        """Every file of the version that is damaged, missing or extra, by path; an empty list for a sound version."""
        listed = (path.removeprefix(f"{self.name}/") for path in self.store.below(self.name))
        extra = sorted(set(listed) - {*self.manifest.files, MANIFEST})
        faults = [Fault(path, "extra", "the manifest does not know it") for path in extra]
        found = self.store.each(lambda path: self.store.digest(f"{self.name}/{path}"), self.manifest.files)
        for (path, promised), seen in zip(self.manifest.files.items(), found, strict=True):
            faults.extend(_fault(path, promised, seen))
        return sorted(faults, key=lambda fault: fault.path)


def _fault(path: str, promised: FileFacts, found: FileFacts | None) -> Iterator[Fault]:
    if found is None:
        yield Fault(path, "missing", "the store has no such object")
    elif found != promised:
        yield Fault(path, "damaged", unlike(found, promised))


def stored_version(store: Store, number: int | None = None) -> StoredVersion:
    """A version below the address, the latest when none is named. Raises BadInput without one, Damaged."""
    versions = StoreVersions(store)
    manifest = versions.latest() if number is None else versions.manifest(number)
    if manifest is None:
        which = "version" if number is None else f"version {number}"
        raise BadInput(
            f"{store.address} holds no published {which}; build one with "
            f"`rushes build RECIPE VIDEOS... --to {store.address}`"
        )
    return StoredVersion(store, manifest)
