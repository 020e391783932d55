"""Whether a published version is still what was written: Parquet itself does not notice a flipped bit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from schemas.errors import Damaged
from storage.manifest import MANIFEST, FileFacts, file_facts, read, walk


@dataclass(frozen=True)
class Fault:
    """One file that is not as the manifest says; ``path`` is relative to the version's folder."""

    path: str
    kind: Literal["damaged", "missing", "extra"]
    detail: str


def verify(folder: Path) -> list[Fault]:
    """Every file of the version that is damaged, missing or extra, by path; an empty list for a sound version."""
    try:
        manifest = read(folder)
    except Damaged as error:
        return [Fault(MANIFEST, "damaged" if (folder / MANIFEST).exists() else "missing", str(error))]
    found = {path.relative_to(folder).as_posix() for path in walk(folder)}
    faults = [Fault(path, "extra", "the manifest does not know it") for path in found - manifest.files.keys()]
    for path, promised in manifest.files.items():
        fault = _fault(folder / path, promised)
        if fault:
            faults.append(Fault(path, *fault))
    return sorted(faults, key=lambda fault: fault.path)


def _fault(path: Path, promised: FileFacts) -> tuple[Literal["damaged", "missing"], str] | None:
    try:
        found = file_facts(path)
    except OSError as error:
        return "missing", error.strerror or str(error)
    return None if found == promised else ("damaged", unlike(found, promised))


def unlike(found: FileFacts, promised: FileFacts) -> str:
    """In which way a file is not the one that was promised."""
    if found.size_bytes != promised.size_bytes:
        return f"{found.size_bytes} bytes instead of {promised.size_bytes}"
    return f"its sha256 is {found.sha256[:16]}… instead of {promised.sha256[:16]}…"
