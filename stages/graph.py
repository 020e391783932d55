"""Recipes as values: ``Rows`` that know how they come about, but have not been computed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import duckdb

from schemas.arrow import schema
from schemas.columns import columns
from schemas.duckdb import TYPES, create, quoted
from schemas.errors import BadInput, WiringError
from schemas.row import Row
from stages.stage import Stage, digest

R = TypeVar("R", bound=Row, covariant=True)
S = TypeVar("S", bound=Row)
T = TypeVar("T", bound=Row)
Over = Literal["part", "all"]


@dataclass(frozen=True, eq=False)
class Rows(Generic[R]):
    """The rows of one table of a recipe: given, or made from other rows by a stage or by SQL. Nothing has run.

    ``over="part"`` makes each part on its own; ``over="all"`` sees every part at once and is a barrier. ``models``
    are the identities of those who fill the stage's roles, once ``cast_models`` has said so. Where nobody fills one of
    an ``optional`` stage, it leaves the table empty, and ``left_out`` says why.
    """

    row_type: type[R]
    inputs: tuple[tuple[str, "Rows[Row]"], ...] = ()
    stage: Stage[Any, R, Any] | None = None
    sql: str | None = None
    over: Over = "part"
    models: tuple[tuple[str, tuple[str, ...]], ...] = ()
    optional: bool = False
    left_out: str = ""

    @property
    def table(self) -> str:
        """The table's name."""
        return self.row_type.table

    def then(self: "Rows[S]", stage: Stage[S, T, Any], *, over: Over = "part", optional: bool = False) -> "Rows[T]":
        """The rows that ``stage`` makes of these; of an ``optional`` one none, where nobody fills its roles."""
        if stage.takes is not self.row_type:
            raise WiringError(
                f"{type(stage).__name__} takes {stage.takes.__name__} rows, "
                f"not the {self.row_type.__name__} rows of {self.table!r}"
            )
        made: Rows[Any] = Rows(stage.gives, ((self.table, self),), stage=stage, over=over, optional=optional)
        return _checked(made)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything that decides the content of this table, back to the sources."""
        made_by = self.stage.fingerprint() if self.stage else " ".join((self.sql or "given").split())
        inputs = [(name, rows.fingerprint) for name, rows in self.inputs]
        facts: list[Any] = [self.table, str(schema(self.row_type)), made_by, self.over, inputs]
        if self.models:
            facts.append(self.models)
        return digest(json.dumps(facts, sort_keys=True))

    @cached_property
    def spans_parts(self) -> bool:
        """Whether this table depends on other parts than its own: it, or something before it, is over all parts."""
        return self.over == "all" or any(rows.spans_parts for _, rows in self.inputs)

    def walk(self) -> Iterator["Rows[Row]"]:
        """Every table of the recipe once, inputs before what is made of them."""
        waiting: list[tuple[Rows[Row], bool]] = [(self, False)]
        seen: set[int] = set()
        while waiting:
            rows, is_ready = waiting.pop()
            if is_ready:
                yield rows
            elif id(rows) not in seen:
                seen.add(id(rows))
                waiting += [(rows, True), *((made_of, False) for _, made_of in reversed(rows.inputs))]

    @property
    def label(self) -> str:
        """How the table comes about, in one line: the stage with its settings, or SQL over its inputs."""
        if self.left_out:
            return self.left_out
        if self.stage:
            return repr(self.stage)
        return f"SQL over {', '.join(name for name, _ in self.inputs)}" if self.inputs else "given"

    def __str__(self) -> str:
        """The plan: a line per table."""
        lines = []
        for rows in self.walk():
            barrier = "  (over all parts)" if rows.over == "all" else ""
            lines.append(f"{rows.table:<18} {rows.fingerprint[:8]}  {rows.label}{barrier}")
        return "\n".join(lines)


def given(row_type: type[S]) -> Rows[S]:
    """The rows that a run is given: where a recipe starts."""
    return Rows(row_type)


def select(row_type: type[S], sql: str, *, over: Over = "part", **inputs: Rows[Any]) -> Rows[S]:
    """The rows of a DuckDB query over other tables, which it knows by the names of the keyword arguments.

    The query is bound at once against empty tables made from the schemas. Raises WiringError when it does not bind,
    or when its columns are not those of ``row_type``.
    """
    _bind(row_type, sql, inputs)
    return _checked(Rows(row_type, tuple(inputs.items()), sql=sql, over=over))


def cast_models(rows: Rows[S], cast: Mapping[str, tuple[str, ...]]) -> Rows[S]:
    """The same recipe, with the identities (``name@revision``) of the models by role: they are in its fingerprints.

    A table whose stage names no role, and that hangs on none that does, keeps its fingerprint. A table whose stage is
    optional stays empty where nobody fills a role of it; otherwise raises BadInput for a role that nobody fills.
    """
    made: dict[int, Rows[Any]] = {}
    for node in rows.walk():
        inputs = tuple((name, made[id(before)]) for name, before in node.inputs)
        roles = node.stage.roles if node.stage else ()
        missing = [role for role in roles if not cast.get(role)]
        if missing and node.optional:
            made[id(node)] = _left_out(node, inputs, missing[0])
            continue
        if missing:
            role = missing[0]
            raise BadInput(
                f"{type(node.stage).__name__} asks for the role {role!r}, which no model fills; "
                f'name one under [roles] of the profile: {role} = "..." (docs/models.md)'
            )
        models = tuple((role, tuple(cast[role])) for role in sorted(roles))
        made[id(node)] = replace(node, inputs=inputs, models=models)
    return made[id(rows)]


def _left_out(node: Rows[Any], inputs: tuple[tuple[str, Rows[Row]], ...], role: str) -> Rows[Any]:
    """The same table without rows, for want of somebody to fill the role."""
    nothing = ", ".join(f"NULL AS {quoted(column.name)}" for column in columns(node.row_type))
    why = f"left out: no model fills the role {role!r} of {type(node.stage).__name__}"
    return replace(node, inputs=inputs, stage=None, sql=f"SELECT {nothing} WHERE false", left_out=why)


def roles_of(rows: Rows[Any]) -> dict[str, tuple[str, ...]]:
    """The roles that a recipe asks for, each with the names of the stages that do."""
    asked: dict[str, tuple[str, ...]] = {}
    for node in rows.walk():
        for role in node.stage.roles if node.stage else ():
            asked[role] = (*asked.get(role, ()), type(node.stage).__name__)
    return asked


def _bind(row_type: type[Row], sql: str, inputs: dict[str, Rows[Any]]) -> None:
    with duckdb.connect() as connection:
        for name, rows in inputs.items():
            connection.execute(create(rows.row_type, name))
        try:
            found = {name: str(kind) for name, kind, *_ in connection.execute(f"DESCRIBE {sql}").fetchall()}
        except duckdb.Error as error:
            raise WiringError(f"the SQL of {row_type.table!r} does not bind: {error}") from None
        wanted = {column.name for column in columns(row_type)}
        if missing := sorted(wanted - set(found)):
            raise WiringError(f"the SQL of {row_type.table!r} gives no column {', '.join(missing)}")
        if extra := sorted(set(found) - wanted):
            raise WiringError(
                f"the SQL of {row_type.table!r} gives columns that {row_type.__name__} lacks: {', '.join(extra)}"
            )
        try:
            connection.execute(f"SELECT {typed(row_type)} FROM ({sql})")  # noqa: S608  a recipe's own SQL
        except duckdb.Error as error:
            raise WiringError(f"the SQL of {row_type.table!r} gives a column of the wrong type: {error}") from None


def typed(row_type: type[Row]) -> str:
    """The select list that gives the table's columns in order, each cast to its declared type."""
    casts = []
    for column in columns(row_type):
        kind = TYPES[column.arrow] + ("[]" if column.repeated else "")
        casts.append(f"CAST({quoted(column.name)} AS {kind}) AS {quoted(column.name)}")
    return ", ".join(casts)


def _checked(rows: Rows[S]) -> Rows[S]:
    """The rows, when each table's name means one thing in the recipe and a barrier can be written back by part."""
    if rows.over == "all" and "video_id" not in {column.name for column in columns(rows.row_type)}:
        raise WiringError(f"{rows.table!r} is made over all parts, so it needs a video_id to be written back by part")
    names: dict[str, int] = {}
    for node in rows.walk():
        if names.setdefault(node.table, id(node)) != id(node):
            raise WiringError(f"{node.table!r} is made twice in one recipe; give the second its own row type")
    return rows
