"""What dead writers left in a workspace, removed when a run begins. What the living write is never touched."""

from pathlib import Path

from storage.blobs import INCOMING
from storage.deal import DEALS
from storage.files import FORGOTTEN_S, forget
from storage.layout import Workspace


def sweep(workspace: Workspace) -> None:
    """Removes temporary files beside dealings, blobs and the catalogue, and journals of runs that ended long ago.

    Those beside cells go when their table's folder is listed, those beside versions when the next one is published.
    """
    for folder in (workspace.root, workspace.blobs / INCOMING, *workspace.cells.glob(f"*/*/{DEALS}")):
        for left in folder.glob(".*.tmp"):
            forget(left)
    for journal in workspace.scratch.glob("*.journal"):
        if _age(journal) > FORGOTTEN_S:
            journal.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.parent.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
