"""The models of one worker, put together out of what its crew was given."""

import threading
from typing import TYPE_CHECKING, Any

from infra.order import Crew
from storage.blobs import Blobs
from storage.layout import Workspace

if TYPE_CHECKING:
    from infra.models.room import Room


def room(crew: Crew, workspace: Workspace, worker: str, blobs: Blobs, stopped: threading.Event) -> "Room":
    """What this worker can ask. Keys are read from this process's environment, and only when a model is first asked."""
    from infra.models.gate import RayDoor
    from infra.models.room import Room

    return Room(
        cast=crew.models,
        replies=workspace.replies,
        log=workspace.logs / f"{crew.run_id}.models.jsonl",
        get=blobs.get,
        worker=worker,
        door=RayDoor(crew.desk) if crew.desk is not None else None,
        stopped=stopped,
    )


def desk(ray: Any, crew: Crew) -> Any:
    """The actor that holds limits and budget for all workers of a run; None where the run asks no model."""
    if not any(plan.models for plan in crew.blueprints.values()):
        return None
    from infra.models.desk import Desk

    return ray.remote(num_cpus=0, max_restarts=0, max_concurrency=1)(Desk).remote(
        crew.models.models, crew.models.budget
    )
