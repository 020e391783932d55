"""The mark of a rehearsal: a workspace whose answers a simulated teacher made up, and that never becomes a dataset."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.errors import BadInput, NotPublishable
from storage.layout import Workspace

MARK = "REHEARSAL.json"
ADVICE = "its answers were made up by a simulated teacher (`rushes rehearse`)"


def mark_of(workspace: Workspace) -> Path:
    """Where the mark lies, if the workspace is a rehearsal's."""
    return workspace.root / MARK


def is_rehearsed(workspace: Workspace) -> bool:
    """Whether the workspace is a rehearsal's."""
    return mark_of(workspace).exists()


def mark(workspace: Workspace, teacher: Mapping[str, Any]) -> None:
    """Marks the workspace, before anything is built in it, with what the teacher was like.

    Raises BadInput where something else was built already: made-up answers must not lie among real ones.
    """
    path = mark_of(workspace)
    if not path.exists() and (workspace.cells.exists() or workspace.versions.exists()):
        raise BadInput(
            f"{str(workspace.root)!r} holds a dataset that is no rehearsal; rehearse into a folder of its own"
        )
    workspace.root.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rehearsal": ADVICE, "teacher": dict(teacher)}, indent=1) + "\n", encoding="utf-8")


def refuse(workspace: Workspace) -> None:
    """Raises NotPublishable for a rehearsal's workspace."""
    if is_rehearsed(workspace):
        raise NotPublishable(
            f"{str(workspace.root)!r} is a rehearsal, so no version is published: {ADVICE}; "
            "build with `rushes build` into another folder"
        )
