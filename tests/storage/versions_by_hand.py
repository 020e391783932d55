"""Versions of a few small files, sealed as publishing seals them, and put on a store without building anything."""

from datetime import UTC, datetime
from pathlib import Path

from storage.manifest import FileFacts, Manifest, digest
from storage.store import Store
from storage.store_probe import Guarantees
from storage.store_versions import StoreVersions
from storage.stored_version import StoredVersion
from tests.storage.object_store import HASTY

# What the server that these are put on was seen to guarantee: its probe is tested by itself.
KNOWN = Guarantees(tells_md5=True, lists=True, now=datetime.now(UTC))
NAMES = ("samples/train-00000.parquet", "images/ab/one.jpg", "README.md")


def sealed(folder: Path, number: int, words: str, names: tuple[str, ...] = NAMES) -> Manifest:
    """A version in that folder whose files all hold these words, made from inputs of the same name."""
    files = {}
    for name in names:
        content = f"{words}: {name}".encode() * 100
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        files[name] = FileFacts(digest(content), len(content))
    manifest = Manifest(
        number=number, recipe="by hand", summary="", settings={}, plan="", inputs=words, tables=(), outcomes={},
        files=files, software={},
    )  # fmt: skip
    manifest.write(folder)
    return manifest


def versions(address: str) -> StoreVersions:
    """The versions at that address, for somebody in a hurry."""
    return StoreVersions(Store(address, HASTY), lambda _: KNOWN)


def publish(address: str, folder: Path, words: str) -> int:
    """Publishes a version of these words as the publisher does, number by number; gives the number it got."""
    place = versions(address)
    while True:
        latest = place.latest()
        if latest and latest.inputs == words:
            return latest.number
        number = place.next_number(words)
        here = folder / str(number)
        if place.place(here, sealed(here, number, words)):
            return number


def stored(address: str, number: int) -> StoredVersion:
    """That version, as a reader finds it."""
    place = versions(address)
    manifest = place.manifest(number)
    assert manifest
    return StoredVersion(place.store, manifest)
