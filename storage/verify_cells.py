"""Whether what lies in a workspace beside its versions is still what was written: cells, their indexes, and blobs."""

from collections.abc import Iterator
from pathlib import Path

from storage.counts import NAME as COUNTS
from storage.counts import read_counts
from storage.indexes import is_index, read_index
from storage.layout import REJECTS, ROWS, Workspace, rejects_path, rows_path
from storage.manifest import file_facts
from storage.seal import BadCell, check
from storage.tables import facts
from storage.verify import Fault


def verify_cells(workspace: Workspace) -> list[Fault]:
    """Every cell, reject, index and blob that is damaged or missing, by path; an empty list for a sound workspace.

    Paths are relative to the workspace. What models said has a checksum per line, and is checked when it is read.
    """
    faults = [*_cells(workspace), *_blobs(workspace)]
    return sorted(set(faults), key=lambda fault: fault.path)


def _cells(workspace: Workspace) -> Iterator[Fault]:
    for path in sorted(workspace.cells.rglob("*")):
        if path.name.startswith(".") or path.is_dir():
            continue
        try:
            for bad in _bad(path):
                yield Fault(bad.relative_to(workspace.root).as_posix(), "missing", f"{path.name} says that it is there")
        except BadCell as bad_cell:
            yield Fault(path.relative_to(workspace.root).as_posix(), "damaged", bad_cell.args[1])
        except (OSError, ValueError) as error:
            yield Fault(path.relative_to(workspace.root).as_posix(), "damaged", str(error))


def _bad(path: Path) -> list[Path]:
    """What this file says is beside it and is not. Raises BadCell, OSError or ValueError when it is damaged itself."""
    if is_index(path.name):
        index = read_index(path)
        named = [rows_path(path.parent, stem) for stem in index.rows.values()]
        named += [rejects_path(path.parent, stem) for stem in index.rejects.values()]
        return [one for one in named if not one.exists()]
    if path.name == COUNTS:
        read_counts(path)
        return []
    check(path)
    if path.name.endswith(REJECTS) or not path.name.endswith(ROWS):
        return []
    made = facts(path)
    beside = rejects_path(path.parent, path.name.removesuffix(ROWS))
    lacks = made.get("rejects") and not is_index(str(made.get("made_from", ""))) and not beside.exists()
    return [beside] if lacks else []


def _blobs(workspace: Workspace) -> Iterator[Fault]:
    for path in sorted(workspace.blobs.glob("*/*")):
        if not path.name.startswith("."):
            found = file_facts(path).sha256
            if found != path.name[:64]:
                where = path.relative_to(workspace.root).as_posix()
                yield Fault(where, "damaged", f"its sha256 is {found[:16]}…, not what it is named after")
