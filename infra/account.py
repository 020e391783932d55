"""Where everything is that a run was given: published, turned away, failed, still to do, or lost. Read off the disk."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from infra.record import RunRecord, TableRecord
from schemas.duckdb import literal, quoted
from storage.indexes import index_name, named, read_index, stem_of
from storage.layout import Workspace, part_name, rejects_path, rows_path
from storage.publish_cells import connect, parquet
from storage.seal import BadCell
from storage.tables import count

SHOWN = 3


@dataclass(frozen=True)
class TableAccount:
    """One table: its parts by state, its rows and rejects; and of what came in, by video or source, what became of it.

    ``given`` = ``kept`` + ``rejected`` + ``nothing`` over the parts that are done; ``nothing`` is what has neither rows
    nor a reject. ``reasons`` are rejects by reason, the commonest first, each with an example.
    """

    table: str
    parts: int
    done: int
    failed: int
    rows: int
    rejects: int
    given: int | None = None
    kept: int = 0
    rejected: int = 0
    reasons: Sequence[tuple[str, int, str]] = ()

    @property
    def to_do(self) -> int:
        """Parts that nobody has made, and that have not failed."""
        return self.parts - self.done - self.failed

    @property
    def nothing(self) -> int:
        """What came in and left neither a row nor a reject: lost, where every source has to become something."""
        return (self.given or 0) - self.kept - self.rejected


@dataclass(frozen=True)
class Account:
    """A whole run. ``sources`` counts every source once, by what became of it; ``lost`` names some without a trace."""

    tables: Sequence[TableAccount]
    sources: Mapping[str, int]
    lost: Sequence[str] = ()

    @property
    def adds_up(self) -> bool:
        """Whether every source is somewhere."""
        return not self.sources.get("lost")


@dataclass
class Ledger:
    """The committed cells of one run, found by their names as the run itself finds them."""

    workspace: Workspace
    run: RunRecord
    stems: dict[str, dict[int, str]] = field(default_factory=dict)
    rejects: dict[str, list[Path]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for table in self.run.tables:
            self._find(table)

    def folder(self, table: TableRecord) -> Path:
        """Where its cells lie."""
        return self.workspace.table(table.table, table.fingerprint)

    def cells(self, table: TableRecord, parts: Sequence[int] | None = None) -> list[Path]:
        """The files of its rows, of all parts that are there, or of these."""
        stems = self.stems[table.table]
        return [rows_path(self.folder(table), stems[part]) for part in parts or stems if part in stems]

    def _find(self, table: TableRecord) -> None:
        folder, inputs = self.folder(table), [self.stems[name] for name in table.inputs]
        ready = [part for part in self.run.parts if all(part in stems for stems in inputs)]
        if table.over_all:
            self._find_barrier(table, folder, inputs if len(ready) == len(self.run.parts) else [])
            return
        wanted = {
            part: stem_of(part, named(stems[part] for stems in inputs)) if table.spans_parts else part_name(part)
            for part in ready
        }
        found = {part: stem for part, stem in wanted.items() if rows_path(folder, stem).exists()}
        beside = [rejects_path(folder, stem) for stem in found.values()]
        self.stems[table.table] = found
        self.rejects[table.table] = [path for path in beside if path.exists()]

    def _find_barrier(self, table: TableRecord, folder: Path, inputs: Sequence[Mapping[int, str]]) -> None:
        made_from = named(stems[part] for stems in inputs for part in self.run.parts)
        try:
            index = read_index(folder / index_name(made_from)) if inputs else None
        except BadCell:
            index = None
        self.stems[table.table] = dict(index.rows) if index else {}
        self.rejects[table.table] = [rejects_path(folder, stem) for stem in index.rejects.values()] if index else []


def account(workspace: Workspace, run: RunRecord) -> Account:
    """What became of everything, by committed cells, rejects and the run's log."""
    ledger = Ledger(workspace, run)
    failed = dict(_failed(workspace, run))
    with connect(workspace.scratch) as connection:
        tables = [_table(connection, ledger, table, failed.get(table.table, frozenset())) for table in run.tables]
        every = frozenset(part for parts in failed.values() for part in parts)
        sources, lost = _sources(connection, ledger, every)
    return Account(tables, sources, lost)


def _failed(workspace: Workspace, run: RunRecord) -> Iterator[tuple[str, frozenset[int]]]:
    """The parts of each table whose last try in this run came to an error."""
    last: dict[str, dict[int, bool]] = {}
    for told in _logged(workspace.logs / f"{run.run_id}.jsonl"):
        parts = run.parts if told["part"] is None else [told["part"]]
        last.setdefault(told["table"], {}).update(dict.fromkeys(parts, bool(told["error"] or told["crashed"])))
    for table, parts_of_it in last.items():
        yield table, frozenset(part for part, is_bad in parts_of_it.items() if is_bad)


def _logged(log: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a run's log. The last is not whole where the disk was full, or while it is being written."""
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
        with suppress(json.JSONDecodeError):
            yield json.loads(line)


def _table(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, table: TableRecord, failed: frozenset[int]
) -> TableAccount:
    cells, rejects = ledger.cells(table), ledger.rejects[table.table]
    done = ledger.stems[table.table]
    plain = TableAccount(
        table=table.table,
        parts=len(ledger.run.parts),
        done=len(done),
        failed=len(failed - done.keys()),
        rows=sum(map(count, cells)),
        rejects=sum(map(count, rejects)),
    )
    before = next((one for one in ledger.run.tables if one.table in table.inputs), None)
    if not (table.is_stage and before and cells) or before.unit not in ("video_id", "source_id"):
        return plain
    unit, row = ("source_id", "row_id") if before.table == "sources" else ("video_id", "video_id")
    given = f"SELECT DISTINCT {unit} AS unit FROM {parquet(ledger.cells(before, list(done)))}"  # noqa: S608
    kept = f"SELECT {unit} AS unit FROM {parquet(cells)}" if _has(connection, cells, unit) else given  # noqa: S608
    gone = f"SELECT {row} AS unit FROM {parquet(rejects)}" if rejects else "SELECT NULL AS unit"  # noqa: S608
    numbers = connection.execute(UNITS.format(given=given, kept=kept, gone=gone)).fetchall()[0]
    facts = plain.__dict__ | dict(zip(("given", "kept", "rejected"), numbers, strict=True))
    return TableAccount(**facts | {"reasons": _reasons(connection, rejects)})


def _reasons(connection: duckdb.DuckDBPyConnection, rejects: Sequence[Path]) -> tuple[tuple[str, int, str], ...]:
    if not rejects:
        return ()
    example = "any_value(coalesce(uri, row_id) || ': ' || detail)"
    grouped = f"FROM {parquet(rejects)} GROUP BY reason ORDER BY n DESC, reason LIMIT {SHOWN}"
    return tuple(connection.execute(f"SELECT reason, count(*) AS n, {example} {grouped}").fetchall())


def _has(connection: duckdb.DuckDBPyConnection, cells: Sequence[Path], column: str) -> bool:
    names = connection.execute(f"DESCRIBE FROM {parquet(cells[:1])}").fetchall()
    return column in {name for name, *_ in names}


def _sources(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, failed: frozenset[int]
) -> tuple[dict[str, int], list[str]]:
    """Every source in one of: kept, copy, rejected, failed, to do, left out, lost."""
    tables = {table.table: table for table in ledger.run.tables}
    last = ledger.run.tables[-1]
    if not {"sources", "videos"} <= tables.keys() or last.unit != "video_id":
        return {}, []
    rows = {name: ledger.cells(tables[name]) for name in ("sources", "videos")} | {"last": ledger.cells(last)}
    every = [path for paths in ledger.rejects.values() for path in paths]
    complete = set.intersection(*(set(ledger.stems[table.table]) for table in ledger.run.tables))
    connection.execute(f"CREATE VIEW given AS {_select('source_id, uri', rows['sources'])}")
    connection.execute(f"CREATE VIEW videos AS {_select('source_id, video_id', rows['videos'])}")
    connection.execute(f"CREATE VIEW kept AS {_select('video_id', rows['last'])}")
    connection.execute(f"CREATE VIEW gone AS {_select('row_id, video_id, reason, from_table', every)}")
    for name, parts in (("failed", failed), ("complete", complete)):
        listed = ", ".join(f"({part})" for part in sorted(parts)) or "(-1)"
        connection.execute(f"CREATE VIEW {quoted(name)} AS FROM (VALUES {listed}) AS parts(part)")
    found = connection.execute(BECAME).fetchall()
    counted: dict[str, int] = {}
    for _, became in found:
        counted[became] = counted.get(became, 0) + 1
    return counted, [uri for uri, became in found if became == "lost"][:SHOWN]


def _select(names: str, files: Sequence[Path]) -> str:
    if files:
        return f"SELECT {names} FROM {parquet(files)}"  # noqa: S608
    empty = ", ".join(f"{literal('')} AS {name.strip()}" for name in names.split(","))
    return f"SELECT {empty} WHERE false"


UNITS = """
WITH given AS ({given}), kept AS ({kept}), gone AS (SELECT * FROM ({gone}) WHERE unit IS NOT NULL)
SELECT count(*), count(*) FILTER (unit IN (FROM kept)),
    count(*) FILTER (unit NOT IN (FROM kept) AND unit IN (FROM gone))
FROM given
"""
BECAME = """
WITH known AS (
    SELECT given.source_id, uri, CAST(left(given.source_id, 5) AS INTEGER) AS part, videos.video_id,
        first_value(given.source_id) OVER (PARTITION BY videos.video_id ORDER BY given.source_id) AS first_source
    FROM given LEFT JOIN videos USING (source_id)
)
SELECT uri, CASE
    WHEN video_id IS NULL
        AND source_id IN (SELECT row_id FROM gone WHERE from_table = 'sources' AND reason = 'duplicate')
        OR video_id IS NOT NULL AND first_source <> source_id THEN 'copies'
    WHEN video_id IN (SELECT video_id FROM kept) THEN 'kept'
    WHEN source_id IN (SELECT row_id FROM gone WHERE from_table = 'sources') THEN 'rejected'
    WHEN part IN (FROM failed) THEN 'failed'
    WHEN part NOT IN (FROM complete) THEN 'to do'
    WHEN video_id IN (SELECT video_id FROM gone WHERE video_id IS NOT NULL) THEN 'rejected'
    WHEN video_id IS NOT NULL THEN 'left out'
    ELSE 'lost' END AS became
FROM known ORDER BY uri
"""
