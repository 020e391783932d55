"""From a finished run to a version that readers see: whole, checked, and never changed afterwards."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from schemas.errors import Busy, Damaged, RushesError
from storage.asked import asked_of
from storage.blobs import Blobs
from storage.built import Built
from storage.card import write_card
from storage.catalog import write_catalog
from storage.damage import note, noted
from storage.exports import write_exports
from storage.files import make_folder, sync, told
from storage.layout import Workspace
from storage.manifest import FileFacts, Manifest, digest, file_facts, software, walk
from storage.outcomes import show as show_outcomes
from storage.publish_cells import connect, show
from storage.publish_draft import Draft, table_facts
from storage.publish_lock import publishing
from storage.publish_tables import write_tables
from storage.quality import CHECKS, check
from storage.rehearsed import refuse
from storage.report.page import write_report
from storage.seal import BadCell
from storage.seal import check as check_seal
from storage.versions import LocalVersions, Versions, sound_latest

UNFINISHED = ".tmp-"
TIMES = 5


@dataclass(frozen=True)
class Version:
    """A published version: ``address`` is its folder, or where on a store it lies.

    ``is_new`` is False when nothing had changed since the latest one, and none was made.
    """

    number: int
    address: str
    is_new: bool
    rows: Mapping[str, int]
    outcomes: Mapping[str, int]

    @property
    def path(self) -> Path:
        """The folder of a version that lies in one."""
        return Path(self.address)


def publish(
    workspace: Workspace, built: Built, *, tools: Mapping[str, str] | None = None, versions: Versions | None = None
) -> Version:
    """The version that holds what the run built: a new one, or the latest when it holds the same already.

    ``tools`` names versions of programs beside Python's packages, for the manifest; ``versions`` is where they lie when
    not in the workspace. Raises NotPublishable for a rehearsal and when a check fails, Damaged when a cell or a picture
    is not what was written, Busy when somebody else publishes, DiskFull; then nothing is changed, but that what is
    damaged will be made again by the next build.
    """
    refuse(workspace)
    make_folder(workspace.versions)
    inputs, tools, place = _inputs(built), software() | dict(tools or {}), versions or LocalVersions(workspace)
    try:
        with publishing(workspace.versions):
            _sweep(workspace.versions)
            for _ in range(TIMES):
                latest = _latest(workspace, place)
                if latest and latest.inputs == inputs:
                    version: Version | None = _version(place, latest, is_new=False)
                else:
                    version = _publish(workspace, built, _Plan(place, latest, inputs, tools))
                if version:  # an old one, too: whoever published it may have come no further
                    write_catalog(workspace, built)
                    return version
    except OSError as refused:
        if isinstance(refused, RushesError):
            raise
        raise told(refused, workspace.versions) from refused
    raise Busy(f"{TIMES} times somebody else published first; run the same command again")


@dataclass(frozen=True)
class _Plan:
    """One try to publish: where to, what is the latest there, and what the new version is made from and with."""

    versions: Versions
    latest: Manifest | None
    inputs: str
    tools: Mapping[str, str]


def _publish(workspace: Workspace, built: Built, plan: _Plan) -> Version | None:
    """The version; None when its number was somebody else's before it could be put in its place."""
    number, latest = plan.versions.next_number(plan.inputs), plan.latest
    _check_cells(workspace, built)
    with _unfinished(workspace.versions, number) as folder, _connection(workspace) as connection:
        show(connection, built)
        counted = show_outcomes(connection, built)
        tables = write_tables(connection, built, folder, Blobs(workspace.blobs), with_outcomes=counted)
        known = _file_facts(folder, (path for table in tables for path in table.files))
        if latest and known == {path: latest.files[path] for table in latest.tables for path in table.files}:
            return _version(plan.versions, latest, is_new=False)
        checks = check(connection, tables, folder / CHECKS)
        outcomes = _outcomes(connection) if counted else {}
        facts = table_facts(connection, built, tables, folder)
        draft = Draft(workspace, folder, number, built, tuple(tables), facts, outcomes, checks)
        _write_rest(connection, draft, plan.tools)
        manifest = _seal(draft, plan.inputs, plan.tools, known)
        if not plan.versions.place(folder, manifest):
            return None
    return _version(plan.versions, manifest, is_new=True)


def _check_cells(workspace: Workspace, built: Built) -> None:
    """Raises Damaged, and takes away what is, when a cell or its rejects are no longer what was written."""
    found: list[BadCell] = []
    for path in (path for table in built.tables for path in (*table.cells, *table.rejects)):
        try:
            check_seal(path)
        except BadCell as bad:
            found.append(bad)
    if found:
        note(workspace, [*noted(workspace), *(bad.path.relative_to(workspace.root).as_posix() for bad in found)])
        raise Damaged(f"{found[0]} ({len(found)} such files); run the same command again")


@contextmanager
def _connection(workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that spills into the workspace, where there is room, and leaves nothing."""
    with TemporaryDirectory(dir=workspace.versions, prefix=UNFINISHED) as spill, connect(Path(spill)) as connection:
        yield connection


def _write_rest(connection: duckdb.DuckDBPyConnection, draft: Draft, tools: Mapping[str, str]) -> None:
    """What a version holds beside its tables: other forms of the samples, their pictures, the card and the report."""
    samples = draft.stored("samples")
    if samples:
        write_exports(connection, samples, draft.folder, Blobs(draft.workspace.blobs))
    write_card(connection, draft)
    write_report(connection, draft, tools)


def _seal(draft: Draft, inputs: str, tools: Mapping[str, str], known: Mapping[str, FileFacts]) -> Manifest:
    """Writes the manifest over everything in the folder, and waits until all of it is on the disk."""
    built, folder = draft.built, draft.folder
    others = (path for path in walk(folder) if path.relative_to(folder).as_posix() not in known)
    manifest = Manifest(
        number=draft.number,
        recipe=built.recipe,
        summary=built.summary,
        settings=dict(built.settings),
        plan=built.plan,
        inputs=inputs,
        tables=draft.facts,
        outcomes=draft.outcomes,
        files={**known, **_file_facts(folder, others)},
        software=tools,
        models={name: asdict(one) for name, one in asked_of(built).items()},
    )
    manifest.write(folder)
    sync(path for path in folder.rglob("*") if path.is_file())
    return manifest


def _file_facts(folder: Path, paths: Iterable[Path]) -> dict[str, FileFacts]:
    return {path.relative_to(folder).as_posix(): file_facts(path) for path in paths}


def _outcomes(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counted = connection.execute("SELECT outcome, count(*) FROM outcomes GROUP BY outcome ORDER BY outcome").fetchall()
    return {str(outcome): int(n) for outcome, n in counted}


def _inputs(built: Built) -> str:
    """A digest of the run and of its cells, by name, size and time of change: equal inputs need not be read again."""
    tables = [
        [table.row_type.table, table.fingerprint, [_stat(path) for path in (*table.cells, *table.rejects)]]
        for table in built.tables
    ]
    facts = [built.recipe, dict(built.settings), built.plan, tables]
    return digest(json.dumps(facts, sort_keys=True, default=str).encode())


def _stat(path: Path) -> list[object]:
    """What tells one state of a file from another; of one that is gone, its name alone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return [path.name]
    return [path.name, found.st_size, found.st_mtime_ns]


def _latest(workspace: Workspace, versions: Versions) -> Manifest | None:
    """The manifest of the latest version; None without one, or when it is damaged and nothing equals it any more."""
    latest = sound_latest(versions)
    below = f"{workspace.versions.name}/{latest.number}/" if latest else ""
    return None if any(path.startswith(below) for path in noted(workspace) if below) else latest


def _version(versions: Versions, manifest: Manifest, *, is_new: bool) -> Version:
    address = versions.address(manifest.number)
    return Version(manifest.number, address, is_new, manifest.rows(), manifest.outcomes)


@contextmanager
def _unfinished(versions: Path, number: int) -> Iterator[Path]:
    """A folder to write a version in; whatever is left of it afterwards is removed."""
    folder = versions / f"{UNFINISHED}{number}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(versions: Path) -> None:
    """Removes what publishers left that were killed: with the lock in hand, no other is at work."""
    for left in versions.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
