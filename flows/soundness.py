"""Whether a dataset is sound, and what the next build has to make again."""

import dataclasses
from pathlib import Path

from storage.damage import note
from storage.layout import Workspace
from storage.stored_version import StoredVersion
from storage.verify import Fault, verify
from storage.verify_cells import verify_cells


def faults_of(workspace: Workspace, version: Path | None) -> list[Fault]:
    """All that is damaged, missing or extra, by path below the workspace; noted for the next build where that may be.

    ``version`` is the folder of the version to look at, none where nothing is published.
    """
    below = version.relative_to(workspace.root).as_posix() if version else ""
    return _noted(workspace, below, verify(version) if version else [])


def stored_faults_of(workspace: Workspace, version: StoredVersion) -> list[Fault]:
    """The same of a version on a store and of the workspace that it was built in, where that is on this machine."""
    return _noted(workspace, version.name, version.faults())


def _noted(workspace: Workspace, below: str, found: list[Fault]) -> list[Fault]:
    faults = [dataclasses.replace(fault, path=f"{below}/{fault.path}") for fault in found] + verify_cells(workspace)
    note(workspace, [fault.path for fault in faults if fault.kind != "extra"])
    return faults
