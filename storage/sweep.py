"""What dead writers left in a workspace, removed when a run begins. What the living write is never touched."""

from storage.blobs import INCOMING
from storage.deal import DEALS
from storage.files import forget, is_forgotten
from storage.layout import Workspace


def sweep(workspace: Workspace) -> None:
    """Removes temporary files beside dealings, blobs and the catalogue, and journals of runs that ended long ago.

    Those beside cells go when their table's folder is listed, those beside versions when the next one is published.
    """
    for folder in (workspace.root, workspace.blobs / INCOMING, *workspace.cells.glob(f"*/*/{DEALS}")):
        for left in folder.glob(".*.tmp"):
            forget(left)
    for journal in workspace.scratch.glob("*.journal"):
        if is_forgotten(journal):
            journal.unlink(missing_ok=True)
