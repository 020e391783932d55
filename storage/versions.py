"""Where versions lie: what is there, the next number, and how a finished one is put in its place."""

from pathlib import Path
from typing import Protocol

from schemas.errors import Damaged
from storage.catalog import latest_version
from storage.files import sync
from storage.layout import Workspace
from storage.manifest import Manifest, read


class Versions(Protocol):
    """The versions of one dataset, as publishing sees them."""

    def latest(self) -> Manifest | None:
        """The manifest of the latest version; None without one. Raises Damaged when it is not as it was written."""

    def next_number(self, inputs: str) -> int:
        """The number for a version of these inputs: one that nobody has, or that an earlier try has kept for it."""

    def place(self, folder: Path, manifest: Manifest) -> bool:
        """Makes the sealed version in ``folder`` the one of its number; False when somebody else has that by now."""

    def address(self, number: int) -> str:
        """Where readers find that version."""


class LocalVersions:
    """Versions in a workspace of their own: a folder each. Whoever uses it holds the workspace's publishing lock."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def latest(self) -> Manifest | None:
        """The manifest of the latest version."""
        folder = latest_version(self._workspace)
        return read(folder) if folder else None

    def next_number(self, inputs: str) -> int:
        """One more than the latest."""
        folder = latest_version(self._workspace)
        return int(folder.name) + 1 if folder else 1

    def place(self, folder: Path, manifest: Manifest) -> bool:
        """One rename; with the lock in hand nobody else can have the number."""
        final = self._workspace.versions / str(manifest.number)
        folder.rename(final)
        sync([final.parent])
        return True

    def address(self, number: int) -> str:
        """The folder."""
        return str(self._workspace.versions / str(number))


def sound_latest(versions: Versions) -> Manifest | None:
    """The manifest of the latest version; None, too, when it is damaged and nothing equals it any more."""
    try:
        return versions.latest()
    except Damaged:
        return None
