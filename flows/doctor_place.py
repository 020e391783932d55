"""Whether the place where a dataset shall lie can hold one: a store that is asked, a folder that is tried."""

from collections.abc import Iterator

from flows.doctor import Finding
from flows.place import Place
from schemas.errors import RushesError
from storage.folder_probe import probe_folder


def place_findings(place: Place) -> Iterator[Finding]:
    """What was found at the store's address, where there is one, and in the folder for the work, where that exists."""
    if place.address:
        yield _store(place)
    if place.workspace.root.is_dir():
        yield _folder(place)


def _store(place: Place) -> Finding:
    try:
        found = place.versions.guarantees if place.versions else None
    except RushesError as refused:
        return Finding("store", "lacks", str(refused), "docs/storage.md says what a store must guarantee")
    more = ", tells MD5" if found and found.tells_md5 else ""
    return Finding("store", "has", f"{place.address}: conditional writes, reads what was written{more}")


def _folder(place: Place) -> Finding:
    try:
        probe_folder(place.workspace.root)
    except RushesError as refused:
        return Finding("file system", "lacks", str(refused), "choose another folder")
    return Finding("file system", "has", f"hard links, atomic rename, file locks in {place.workspace.root}")
