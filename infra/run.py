"""A run: a recipe, sources and a workspace; what is missing is made, what is there stays."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import TracebackType
from typing import Any

from infra.board import Board, Progress, TableReport
from infra.engine import Engine
from infra.foreman import Foreman
from infra.log import CellLog, new_run_id
from infra.models.weights import check_here
from infra.order import Blueprint, Crew, blueprint
from infra.profile import Profile
from infra.record import Record, plan_of
from infra.schedule import Schedule
from schemas.errors import BadInput
from schemas.media import Source
from stages.graph import Rows, cast_models, roles_of
from storage.built import Built, BuiltTable
from storage.damage import take_away
from storage.deal import deal, plan_parts
from storage.layout import Workspace, rejects_path, rows_path
from storage.sweep import sweep
from storage.tables import listed


@dataclass(frozen=True)
class TablePlan:
    """One table of a plan: how it is made, and how many of its parts are done and missing. ``all_parts``: a barrier."""

    table: str
    made_by: str
    parts: int
    done: int
    missing: int
    all_parts: bool


@dataclass(eq=False)
class Run:
    """One run of a recipe over exactly these sources. Also a context manager that stops on leaving.

    ``name``, ``summary`` and ``settings`` describe the recipe in what is published; nothing depends on them.
    """

    recipe: Rows[Any]
    sources: Sequence[Source]
    workspace: Workspace
    engine: Engine
    _: KW_ONLY
    name: str = "recipe"
    summary: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    profile: Profile = field(default_factory=Profile)

    def __post_init__(self) -> None:
        if not self.sources:
            raise BadInput("no sources to run over: give at least one video")
        self.recipe = cast_models(self.recipe, self.profile.cast.identities())
        self.profile.cast.check_prices(roles_of(self.recipe))
        self._rows = tuple(self.recipe.walk())
        self._plans: dict[str, Blueprint] = {
            rows.table: blueprint(rows, self.workspace, self.profile) for rows in self._rows
        }
        given = [rows for rows in self._rows if not rows.inputs]
        if [rows.row_type for rows in given] != [Source]:
            tables = ", ".join(repr(rows.table) for rows in given)
            raise BadInput(f"recipe {self.name!r} starts from {tables}; a run can give it only 'sources'")
        self._sources_folder = self._plans[given[0].table].folder
        self._schedule: Schedule | None = None
        self._foreman: Foreman | None = None
        self._thread: threading.Thread | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """The recipe's tables, inputs before what is made of them."""
        return tuple(rows.table for rows in self._rows)

    def plan(self) -> tuple[TablePlan, ...]:
        """What is done and what is missing, table by table. Nothing is run or written."""
        schedule, _ = self.standing()
        parts = len(schedule.parts)
        return tuple(
            TablePlan(table, progress.rows.label, parts, len(progress.stems), parts - len(progress.stems), over_all)
            for table, progress in schedule.tables.items()
            for over_all in [progress.rows.over == "all"]
        )

    def standing(self) -> tuple[Schedule, Mapping[int, Sequence[Source]]]:
        """How far every table is, and the sources of parts that are not dealt yet. Nothing is run or written."""
        dealt = plan_parts(self._sources_folder, self.sources)
        schedule = Schedule(self.recipe, self._plans, dealt.parts)
        for _ in schedule.begin():
            pass
        return schedule, dealt.new

    def start(self) -> None:
        """Deals the sources, then makes what is missing in a thread of its own. Once started, does nothing.

        What was found damaged is made again. Raises BadInput for sources that contradict each other and for a model's
        key that is missing, DiskFull when the workspace cannot be written, Damaged for what can't be made again.
        """
        if self._foreman:
            return
        self._check_models()
        sweep(self.workspace)
        take_away(self.workspace)
        schedule = Schedule(self.recipe, self._plans, deal(self._sources_folder, self.sources))
        run_id = new_run_id()
        crew = Crew(self._plans, self.workspace.root, self.profile.cast, run_id)
        reports = {table: TableReport(table, len(schedule.parts)) for table in self.tables}
        board = Board(reports, _ancestors(self._rows))
        self._schedule = schedule
        record = Record(self.workspace.runs, run_id, plan_of(self.name, self._rows, schedule.parts))
        log = CellLog(self.workspace.logs, run_id)
        self._foreman = Foreman(crew, schedule, self.engine, self.profile, board, log, record)
        self._thread = threading.Thread(target=self._foreman.run, daemon=True, name="run")
        self._thread.start()

    def wait(self, table: str, progress: Progress | None = None) -> TableReport:
        """The report of the table once every part of it is committed. ``progress`` is called in this thread.

        Raises what made the table, or one that it is made from, fail. ``retry`` and a new ``wait`` go on from there.
        """
        return self._started().board.wait(table, progress)

    def report(self, table: str) -> TableReport:
        """How far the table is now."""
        return self._started().board.report(table)

    def retry(self, table: str) -> None:
        """Puts the failed cells of a table back, so that they are tried again."""
        self._started().retry(table)

    def stop(self) -> None:
        """Ends the run and everything that it started. What is committed stays; the same run again goes on there."""
        if self._foreman and self._thread:
            self._foreman.stop()
            self._thread.join()

    def built(self) -> Built:
        """What the finished run leaves behind for publishing; waits until it is finished."""
        for table in self.tables:
            self.wait(table)
        return Built(
            recipe=self.name,
            summary=self.summary,
            settings=self.settings,
            plan=str(self.recipe),
            tables=tuple(self._built_table(rows) for rows in self._rows),
        )

    def __enter__(self) -> "Run":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _check_models(self) -> None:
        """Raises BadInput when a model is still to be asked that has no key or cannot be loaded: before any work."""
        asks = {rows.table: rows.stage.roles for rows in self._rows if rows.stage and rows.stage.roles}
        missing = {table.table for table in self.plan() if table.missing} if asks else set()
        roles = [role for table, named in asks.items() if table in missing for role in named]
        self.profile.cast.check_keys(roles)
        if self.engine.name == "inline" or not self.profile.ray.address:  # a cluster's machines may have what we lack
            check_here(self.profile.cast.held(roles))

    def _started(self) -> Foreman:
        if self._foreman is None:
            self.start()
        assert self._foreman is not None  # noqa: S101  for the type checker
        return self._foreman

    def _built_table(self, rows: Rows[Any]) -> BuiltTable:
        assert self._schedule is not None  # noqa: S101  for the type checker
        progress = self._schedule.tables[rows.table]
        folder = progress.plan.folder
        stems = [progress.stems[part] for part in self._schedule.parts]
        with_rejects = listed(folder).rejects
        turned_away = (
            [progress.reject_stems.get(part) for part in self._schedule.parts] if rows.over == "all" else stems
        )
        return BuiltTable(
            row_type=rows.row_type,
            fingerprint=rows.fingerprint,
            made_by=rows.label,
            version=rows.stage.version if rows.stage else 0,
            inputs=tuple(made.table for _, made in rows.inputs),
            cells=tuple(rows_path(folder, stem) for stem in stems),
            rejects=tuple(rejects_path(folder, stem) for stem in turned_away if stem in with_rejects),
        )


def _ancestors(tables: Sequence[Rows[Any]]) -> dict[str, frozenset[str]]:
    """For each table all that it is made from, near and far."""
    found: dict[str, frozenset[str]] = {}
    for rows in tables:
        near = {made.table for _, made in rows.inputs}
        found[rows.table] = frozenset(near.union(*(found[table] for table in near)))
    return found
