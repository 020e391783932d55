"""One cell, made in a worker: read its inputs, run the stage or the SQL, check, commit."""

import dataclasses
import importlib.metadata
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from infra.env import WorkerEnv
from infra.hangs import Hangs
from infra.inputs import all_rows, batches, check_inputs, home_parts, part_rows
from infra.journal import Journal
from infra.order import Berth, Blueprint, Crew, Order, Outcome, Stopped
from infra.query import Queries
from infra.teachers import room
from infra.write_back import write_back
from schemas.arrow import to_table
from schemas.errors import RushesError, StageBroken
from schemas.rejects import Reject, reject
from schemas.row import Row, key_of
from storage.blobs import Blobs
from storage.layout import Workspace
from storage.seal import Seals
from storage.tables import Content, Making, commit, content

TOOLS = ("av", "decord", "duckdb", "numpy", "pyarrow", "rushes", "scikit-learn")
NAMED_ROWS = 5


class CellMaker:
    """What a worker keeps between cells: opened tools by table, one Env, one DuckDB connection."""

    def __init__(self, crew: Crew, berth: Berth, stopped: threading.Event | None = None) -> None:
        workspace = Workspace(crew.root)
        self._crew, self._berth, self._scratch = crew, berth, workspace.scratch
        self._stopped = stopped or threading.Event()
        self._blobs = Blobs(workspace.blobs)
        self._room = room(crew, workspace, berth.name, self._blobs, self._stopped) if crew.models.roles else None
        self._env = WorkerEnv(self._blobs, workspace.scratch / "downloads", berth.device, self._room)
        self._queries: Queries | None = None
        self._seals = Seals()
        self._hangs = Hangs(berth.hang_s, workspace.runs / f"{crew.run_id}.hangs.txt")
        self._tools: dict[str, Any] = {}
        self._rows_now = ""

    def close(self) -> None:
        """Lets go of what lasts longer than a cell: connections to models."""
        if self._room:
            self._room.close()

    def make(self, order: Order) -> Outcome:
        """The cell on disk, or the error that kept it from coming about: nothing is ever raised."""
        plan = self._crew.blueprints[order.table]
        begun = time.monotonic()
        self._rows_now = ""
        if self._room:
            self._room.tally.taken()  # of a cell that failed
        try:
            outcome = self._make(plan, order, begun)
        except RushesError as error:
            outcome = Outcome(order, error=error)
        except (Exception, SystemExit) as error:  # noqa: BLE001  the one place where a fault of ours becomes a StageBroken
            said = f"{type(error).__name__}: {error}"
            broken = StageBroken(f"{plan.made_by} broke on {order.what}{self._rows_now}: {said}")
            broken.add_note("".join(traceback.format_exception(error)))
            outcome = Outcome(order, error=broken)
        return dataclasses.replace(outcome, seconds=time.monotonic() - begun, worker=self._berth.name)

    def _make(self, plan: Blueprint, order: Order, begun: float) -> Outcome:
        check_inputs(plan.inputs, order.inputs, self._seals)
        if plan.stage is None:
            self._queries = self._queries or Queries(self._scratch, self._berth.memory_gb)
            rows, rows_in = self._queries.run(plan, order.inputs)
            rejects, units = list[Reject](), 0
        else:
            rows, rejects, rows_in, units = self._run_stage(plan, order)
        cell = content(plan.row_type, rows, rejects, f"{plan.made_by} ({order.what})")
        self._env.blobs.settle()
        asked = self._room.tally.taken() if self._room and plan.models else {}
        making = Making(_facts(plan, order, cell, asked), time.monotonic() - begun)
        if order.part is None:
            write_back(plan, order, cell, making, home_parts(plan.inputs, order.inputs))
        else:
            commit(plan.folder, order.target, cell, making)
        reasons = Counter(cell.rejects["reason"].to_pylist())
        return Outcome(order, rows_in, len(cell.rows), dict(sorted(reasons.items())), units=units)

    def _run_stage(self, plan: Blueprint, order: Order) -> tuple[pa.Table, list[Reject], int, int]:
        assert plan.stage is not None  # noqa: S101  for the type checker
        source, stems = plan.inputs[0], order.inputs[0]
        group_by = plan.stage.group_by
        read = all_rows(source, stems, group_by) if order.part is None else part_rows(source, stems[0], group_by)
        at_least = len(read) if order.part is None else 1 if order.careful else plan.batch_rows
        given = batches(source.row_type, read, group_by, at_least)
        made: list[Row] = []
        rejects: list[Reject] = []
        for row in self._one_by_one(plan, order, given) if order.careful else self._in_batches(plan, given):
            if isinstance(row, plan.row_type):
                made.append(row)
            elif isinstance(row, Reject):
                rejects.append(row)
            else:
                gives = plan.row_type.__name__
                raise StageBroken(f"{plan.made_by} gave a {type(row).__name__}; it gives {gives} or Reject")
        units = pc.count_distinct(read[group_by]).as_py() if group_by else len(read)
        return to_table(plan.row_type, made), rejects, len(read), units

    def _in_batches(self, plan: Blueprint, given: Iterator[list[Row]]) -> Iterator[Row]:
        for rows in given:
            yield from self._made_of(plan, rows)

    def _one_by_one(self, plan: Blueprint, order: Order, given: Iterator[list[Row]]) -> Iterator[Row]:
        """The same, group by group, with a reject for each row of a group that killed its worker."""
        name = f"{self._crew.run_id}-{plan.table}-{order.target}.journal"
        journal = Journal(self._scratch / name, first=order.careful == 1)
        for rows in given:
            group = key_of(rows[0])
            if journal.is_killer(group):
                for row in rows:
                    yield reject(plan.stage, row, "worker_crash", "the worker died of it, several times")
                continue
            journal.begin(group)
            yield from self._made_of(plan, rows)
            journal.end(group)
        journal.close()

    def _made_of(self, plan: Blueprint, rows: list[Row]) -> Iterator[Row]:
        assert plan.stage is not None  # noqa: S101  for the type checker
        if self._stopped.is_set():
            raise Stopped(f"stopped while making table {plan.table!r}")
        if plan.table not in self._tools:
            self._tools[plan.table] = plan.stage.open(self._env)
        ids = [key_of(row) for row in rows[: NAMED_ROWS + 1]]
        more = f" and {len(rows) - NAMED_ROWS} more" if len(rows) > NAMED_ROWS else ""
        self._rows_now = f", rows {', '.join(ids[:NAMED_ROWS])}{more}"
        if plan.models:
            yield from plan.stage.run(rows, self._tools[plan.table])
        else:
            yield from self._watched(plan.stage.run(rows, self._tools[plan.table]))
        self._rows_now = ""

    def _watched(self, made: Iterator[Row]) -> Iterator[Row]:
        """The same rows; this process ends when one takes too long."""
        try:
            self._hangs.goes_on()
            for row in made:
                yield row
                self._hangs.goes_on()
        finally:
            self._hangs.done()


def _facts(plan: Blueprint, order: Order, cell: Content, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the metadata of a cell says of how it came about."""
    inputs = {source.name: f"{source.row_type.table}/{source.fingerprint}" for source in plan.inputs}
    if order.part is not None:
        inputs = {name: f"{inputs[name]}/{stems[0]}" for name, stems in zip(inputs, order.inputs, strict=True)}
    return {
        "table": plan.table,
        "fingerprint": plan.fingerprint,
        "stage": type(plan.stage).__name__ if plan.stage else "sql",
        "version": plan.stage.version if plan.stage else 0,
        "settings": plan.stage.settings() if plan.stage else {"sql": plan.sql},
        "inputs": inputs,
        "made_from": order.target,
        "rows": len(cell.rows),
        "rejects": len(cell.rejects),
        "tools": _tools(),
    } | ({"models": {name: asked.get(name, {}) for name in plan.models}} if plan.models else {})


@cache
def _tools() -> dict[str, str]:
    """The versions of what may have had a hand in it, as installed here."""
    found = {}
    for name in TOOLS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
