"""What passes between the runner and its workers: small values, never rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.profile import Profile
from infra.profile_models import Cast, ModelPart
from schemas.errors import RushesError
from schemas.row import Row
from stages.graph import Over, Rows
from stages.stage import Needs, Stage
from storage.layout import Workspace


class Stopped(RushesError):
    """The run was told to stop while this cell was being made. What was committed stays."""


@dataclass(frozen=True)
class Input:
    """A table that another is made from, under the name that its SQL knows."""

    name: str
    row_type: type[Row]
    fingerprint: str
    folder: Path


@dataclass(frozen=True)
class Blueprint:
    """How one table is made: all that a worker needs to make any cell of it."""

    row_type: type[Row]
    fingerprint: str
    folder: Path
    inputs: tuple[Input, ...]
    stage: Stage[Any, Any, Any] | None
    sql: str | None
    over: Over
    batch_rows: int
    models: tuple[str, ...] = ()
    holds: tuple[ModelPart, ...] = ()

    @property
    def table(self) -> str:
        """The table's name."""
        return self.row_type.table

    @property
    def needs(self) -> Needs:
        """What a worker that makes it occupies, with the models that it ``holds``."""
        own, more = self.stage.needs if self.stage else Needs(), held(self.holds)
        return Needs(cpus=own.cpus, gpus=own.gpus + more.gpus, memory_gb=own.memory_gb + more.memory_gb)

    @property
    def made_by(self) -> str:
        """The stage's name, or that it is SQL."""
        return type(self.stage).__name__ if self.stage else f"the SQL of {self.table!r}"


def held(parts: Sequence[ModelPart]) -> Needs:
    """What models occupy together in a worker that has loaded them. More than one GPU is a whole number of them."""
    gpus, memory_gb = sum(part.gpus for part in parts), sum(part.memory_gb for part in parts)
    return Needs(cpus=0, gpus=math.ceil(gpus) if gpus > 1 else gpus, memory_gb=memory_gb)


def blueprint(rows: Rows[Any], workspace: Workspace, profile: Profile) -> Blueprint:
    """The blueprint of one table of a recipe, with the profile's numbers of rows at a time and the models it loads."""
    inputs = tuple(
        Input(name, made.row_type, made.fingerprint, workspace.table(made.table, made.fingerprint))
        for name, made in rows.inputs
    )
    stage = rows.stage
    at_a_time = profile.batch_rows.get(type(stage).__name__, stage.batch_rows) if stage else 1
    folder = workspace.table(rows.table, rows.fingerprint)
    models = tuple(dict.fromkeys(name for _, names in rows.models for name in names))
    return Blueprint(
        row_type=rows.row_type,
        fingerprint=rows.fingerprint,
        folder=folder,
        inputs=inputs,
        stage=stage,
        sql=rows.sql,
        over=rows.over,
        batch_rows=at_a_time,
        models=models,
        holds=profile.cast.held(role for role, _ in rows.models),
    )


@dataclass(frozen=True)
class Crew:
    """What every worker of a run is given once: all blueprints by table, and what its Env is made of.

    ``desk`` is the actor that holds limits and budget for all workers; None where there is one worker. No key is in it.
    """

    blueprints: Mapping[str, Blueprint]
    root: Path
    models: Cast
    run_id: str
    desk: Any = None


@dataclass(frozen=True)
class Berth:
    """What one worker is and has: its name in the log, where models go, its memory in gigabytes, when it hangs."""

    name: str = "inline"
    device: str = "cpu"
    memory_gb: float = 1
    hang_s: float = 0


@dataclass(frozen=True)
class Order:
    """One cell to make: of which table and part (None: over all parts), from which cells, under which name.

    ``inputs`` holds the stems of the cells to read, in the order of the blueprint's inputs and of the parts.
    ``careful`` counts the tries in which rows are run one by one, to find the one that kills its worker.
    """

    table: str
    part: int | None
    inputs: tuple[tuple[str, ...], ...]
    target: str
    priority: tuple[int, int]
    careful: int = 0

    @property
    def what(self) -> str:
        """The cell in words."""
        return f"table {self.table!r}, " + ("all parts" if self.part is None else f"part {self.part:05d}")


@dataclass(frozen=True)
class Outcome:
    """What became of an order. ``error`` is None when the cell is committed; ``crashed`` when its worker died of it.

    ``units`` are the rows that a stage was given, or their groups where it takes groups.
    """

    order: Order
    rows_in: int = 0
    rows: int = 0
    rejects: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    worker: str = ""
    error: RushesError | None = None
    crashed: bool = False
    units: int = 0
