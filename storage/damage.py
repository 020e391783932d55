"""What was found damaged in a workspace: noted when it is found, taken away when the next run begins.

A cell that is taken away is made again by that run, and nothing else is: what was made of it before stays.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import DiskFull, ToolDown
from storage.deal import DEALS, mend_deal
from storage.files import Landing
from storage.indexes import read_index
from storage.layout import REJECTS, ROWS, Workspace, rejects_path, rows_path
from storage.seal import BadCell
from storage.tables import facts, read

NOTE = "damaged.json"


def note(workspace: Workspace, paths: Iterable[str]) -> bool:
    """Notes the files that are damaged now, relative to the workspace. False where nothing can be written."""
    found = sorted(paths)
    place = workspace.root / NOTE
    try:
        if not found:
            place.unlink(missing_ok=True)
            return True
        with Landing() as landing:
            landing.path(place).write_text(json.dumps(found, indent=0), encoding="utf-8", errors="surrogateescape")
    except (DiskFull, ToolDown, OSError):
        return False
    return True


def noted(workspace: Workspace) -> tuple[str, ...]:
    """The files that were found damaged and are not yet taken away."""
    try:
        return tuple(json.loads((workspace.root / NOTE).read_text(encoding="utf-8", errors="surrogateescape")))
    except (OSError, ValueError):
        return ()


def take_away(workspace: Workspace) -> tuple[str, ...]:
    """Takes away what is noted, so that it is made again; gives what was. Versions are left as they are.

    Raises Damaged for what can't be made again.
    """
    found = [path for path in noted(workspace) if not path.startswith(f"{workspace.versions.name}/")]
    if not found:
        return ()
    blobs = {Path(path).name for path in found if path.startswith(f"{workspace.blobs.name}/")}
    if blobs:
        for cell in _makers(workspace, blobs):
            discard(cell)
    for path in found:
        if (workspace.root / path).parent.name == DEALS:
            mend_deal(workspace.root / path)
        else:
            discard(workspace.root / path)
    note(workspace, set(noted(workspace)) - set(found))
    return tuple(found)


def discard(path: Path) -> None:
    """Takes away one file of a workspace, and with a cell's the commit: the rows beside rejects, a barrier's index."""
    folder = path.parent
    if path.name.endswith(ROWS):
        stem = path.name.removesuffix(REJECTS).removesuffix(ROWS)
        for index in folder.glob("index-*.json"):
            if _names(index, stem):
                index.unlink(missing_ok=True)
        rows_path(folder, stem).unlink(missing_ok=True)
        rejects_path(folder, stem).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _names(index: Path, stem: str) -> bool:
    try:
        known = read_index(index)
    except BadCell:
        return True
    return stem in (*known.rows.values(), *known.rejects.values())


def _makers(workspace: Workspace, blobs: set[str]) -> list[Path]:
    """The cells that put these blobs: those that name one and were not made from another that does."""
    naming = {cell: _table_of(cell) for cell in workspace.cells.glob("*/*/*.parquet") if _shows(cell, blobs)}
    makers = []
    for cell in naming:
        with suppress(pa.ArrowException, OSError):
            made_from = {"/".join(source.split("/")[:2]) for source in facts(cell).get("inputs", {}).values()}
            if made_from.isdisjoint(naming.values()):
                makers.append(cell)
    return makers


def _table_of(cell: Path) -> str:
    return f"{cell.parent.parent.name}/{cell.parent.name}"


def _shows(cell: Path, blobs: set[str]) -> bool:
    try:
        texts = [field.name for field in pq.read_schema(cell) if _is_text(field.type)]
        rows = read(cell, texts)
    except (pa.ArrowException, OSError):
        return False
    wanted = pa.array(sorted(blobs))
    return any(pc.any(pc.is_in(column, value_set=wanted)).as_py() for column in _flat(rows))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or (pa.types.is_list(kind) and pa.types.is_string(kind.value_type)))


def _flat(rows: pa.Table) -> Iterator[pa.ChunkedArray]:
    for column in rows.columns:
        yield pc.list_flatten(column) if pa.types.is_list(column.type) else column
