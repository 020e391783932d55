"""What a recipe asks of models, part by part: counted from the requests that can be written already.

Writing a request costs nothing: ``render`` is pure. So wherever the rows are committed that a stage asks about, what it
will ask is known to the letter. Where they are not, this says so, and guesses nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.inputs import part_rows
from infra.models.judge import key_of_try
from infra.models.replies import Replies
from infra.run import Run
from infra.schedule import Progress, Schedule
from schemas.arrow import from_table
from schemas.chat import Picture, Request
from schemas.media import Source
from stages.ask import Asking
from storage.layout import Workspace, part_name, rows_path
from storage.tables import facts, read

CHARACTERS_PER_TOKEN = 4
State = Literal["asked", "countable", "unknown"]


@dataclass(frozen=True)
class Load:
    """So many calls: the tokens of their texts and of the schemas of their answers, pictures, tokens that come back."""

    calls: float = 0
    text: float = 0
    schemas: float = 0
    pictures: float = 0
    out: float = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(*(mine + theirs for mine, theirs in zip(self.numbers, other.numbers, strict=True)))

    def times(self, factor: float) -> "Load":
        """As much of everything, ``factor`` times."""
        return Load(*(factor * number for number in self.numbers))

    @property
    def numbers(self) -> tuple[float, ...]:
        """All of it in the order of the fields."""
        return (self.calls, self.text, self.schemas, self.pictures, self.out)


@dataclass(frozen=True)
class Said:
    """What models said for one cell, as its metadata has it: answers, the server's tokens, the seconds of sound."""

    answers: float = 0
    tokens_in: float = 0
    tokens_out: float = 0
    heard_s: float = 0

    def __add__(self, other: "Said") -> "Said":
        return Said(
            self.answers + other.answers,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.heard_s + other.heard_s,
        )


@dataclass(frozen=True)
class PartLoad:
    """One part of a table that asks. By model: the ``whole`` that it asks, what is ``left`` to pay, what was ``said``.

    ``countable``: what it asks about is committed, and it is not. ``unknown``: not even that.
    """

    part: int
    state: State
    whole: Mapping[str, Load] = field(default_factory=dict)
    left: Mapping[str, Load] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True)
class AskingTable:
    """One table that asks models, by identity, in all its parts."""

    table: str
    stage: str
    models: tuple[str, ...]
    parts: tuple[PartLoad, ...]


@dataclass(frozen=True)
class Survey:
    """What is known of a run before it asks: its tables that ask, and the sources of each part."""

    tables: tuple[AskingTable, ...]
    sources: Mapping[int, tuple[Source, ...]]


def survey(run: Run) -> Survey:
    """Counts what can be counted. Nothing is run, written or paid."""
    schedule, new = run.standing()
    asked_of = {part.identity for part in run.profile.models.values()}
    tables = tuple(
        _surveyed(progress, schedule, run.workspace)
        for progress in schedule.tables.values()
        if asked_of.intersection(progress.plan.models)
    )
    return Survey(tables, {part: _sources(run, part, new) for part in schedule.parts})


def _sources(run: Run, part: int, new: Mapping[int, Sequence[Source]]) -> tuple[Source, ...]:
    if part in new:
        return tuple(new[part])
    folder = next(run.workspace.table(rows.table, rows.fingerprint) for rows in run.recipe.walk() if not rows.inputs)
    return tuple(from_table(Source, read(rows_path(folder, part_name(part)))))


def _surveyed(progress: Progress, schedule: Schedule, workspace: Workspace) -> AskingTable:
    plan = progress.plan
    logs = {name: Replies(workspace.replies, name) for name in plan.models}
    for log in logs.values():
        log.refresh()
    parts = tuple(_part(progress, schedule, part, logs) for part in schedule.parts)
    for log in logs.values():
        log.close()
    return AskingTable(plan.table, type(plan.stage).__name__, plan.models, parts)


def _part(progress: Progress, schedule: Schedule, part: int, logs: Mapping[str, Replies]) -> PartLoad:
    plan, source = progress.plan, progress.plan.inputs[0]
    stem = schedule.tables[source.row_type.table].stems.get(part)
    is_asked = part in progress.stems
    if stem is None or (not is_asked and not isinstance(plan.stage, Asking)):
        return PartLoad(part, "unknown")
    said = _said(rows_path(plan.folder, progress.stems[part])) if is_asked else {}
    if not isinstance(plan.stage, Asking):  # what gives vectors: its cells say what it took
        return PartLoad(part, "asked", {name: Load(one.answers, one.tokens_in) for name, one in said.items()}, {}, said)
    rows = from_table(source.row_type, part_rows(source, stem, plan.stage.group_by))
    requests = [request for row in rows for _, request in plan.stage.askings(row)]
    whole = _load(requests)
    if is_asked:
        return PartLoad(part, "asked", dict.fromkeys(plan.models, whole), {}, said)
    left = {name: _load(one for one in requests if not _is_kept(log, one, name)) for name, log in logs.items()}
    return PartLoad(part, "countable", dict.fromkeys(plan.models, whole), left)


def _said(cell: Any) -> dict[str, Said]:
    told: dict[str, dict[str, float]] = facts(cell).get("models", {})
    return {
        name: Said(one.get("answers", 0), one.get("tokens_in", 0), one.get("tokens_out", 0), one.get("heard_s", 0))
        for name, one in told.items()
    }


def _is_kept(log: Replies, request: Request, model: str) -> bool:
    return log.find(key_of_try(request.key(model), 0)) is not None


def _load(requests: "Sequence[Request] | Iterator[Request]") -> Load:
    calls = text = schemas = pictures = 0.0
    for request in requests:
        texts = [request.system, *(part for part in request.parts if isinstance(part, str))]
        calls += 1
        text += sum(map(len, texts)) / CHARACTERS_PER_TOKEN
        schemas += len(request.form.schema_text()) / CHARACTERS_PER_TOKEN if request.form else 0
        pictures += sum(isinstance(part, Picture) for part in request.parts)
    return Load(calls, text, schemas, pictures)
