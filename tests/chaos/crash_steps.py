"""The process of T8: a commit and a publish, ended at every step, and a look at what is there after each.

It forks for each step, so it must not have threads: nothing but imports happens in the process itself.

    python -m tests.chaos.crash_steps FOLDER MOST      prints a line of JSON for each of so many steps of a publish
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb

from schemas.arrow import from_table, to_table
from schemas.media import Media
from schemas.rejects import reject
from storage.blobs import Blobs
from storage.catalog import latest_version
from storage.layout import Workspace, rejects_path, rows_path
from storage.publish import publish
from storage.seal import check
from storage.tables import Making, commit, content, listed, read
from storage.verify import verify
from tests.builders import row
from tests.chaos.steps import FAILED, KILLED, apart, end_at
from tests.storage.runs import built, parts

ROWS = [row(Media, number) for number in range(3)]
STEM = "00000"
LOOK = "look.json"


@dataclass(frozen=True)
class Deed:
    """What is done, how it is looked at by a reader, and what a later run does first."""

    name: str
    prepare: Callable[[Path], None]
    act: Callable[[Path], None]
    look: Callable[[Path], dict[str, Any]]


def commit_cell(folder: Path) -> None:
    listed(folder)
    turned_away = [reject(object(), row(Media, 9), "undecodable", "it does not decode")]
    commit(folder, STEM, content(Media, to_table(Media, ROWS), turned_away, "x"), Making())


def look_at_cell(folder: Path) -> dict[str, Any]:
    """``half``: what a reader sees is neither nothing nor all."""
    files = [path.name for path in folder.iterdir() if path.name != LOOK] if folder.exists() else []
    seen = rows_path(folder, STEM).exists()
    if seen:
        check(rows_path(folder, STEM))
        check(rejects_path(folder, STEM))
    whole = seen and from_table(Media, read(rows_path(folder, STEM))) == ROWS
    wanted = {rows_path(folder, STEM).name, rejects_path(folder, STEM).name} if seen else set()
    return {"new": seen, "half": seen and not whole, "orphans": len(set(files) - wanted)}


def first_version(folder: Path) -> None:
    without_checks()
    workspace = Workspace(folder)
    publish(workspace, built(workspace, parts(Blobs(workspace.blobs))[:1]))


def second_version(folder: Path) -> None:
    without_checks()
    workspace = Workspace(folder)
    publish(workspace, built(workspace))


def look_at_versions(folder: Path) -> dict[str, Any]:
    workspace = Workspace(folder)
    latest = latest_version(workspace)
    names = {path.name for path in workspace.versions.iterdir()} - {"1", "2", ".lock.guard", ".lock"}
    names |= {path.name for path in folder.glob(".*.tmp")}
    with duckdb.connect(workspace.catalog, read_only=True) as connection:
        connection.execute(f"SET file_search_path = '{folder}'")
        shown = connection.execute("SELECT count(*) FROM samples").fetchone()
    half = latest is None or bool(verify(latest)) or not shown
    return {"new": latest is not None and latest.name == "2", "half": half, "orphans": len(names)}


def without_checks() -> None:
    """From now on this process publishes without the checks, which take seconds."""
    patch("storage.publish.check", unchecked).start()


def unchecked(connection: Any, tables: Any, folder: Path) -> dict[str, Any]:
    """In place of the checks: what they write is written in other steps as well."""
    folder.mkdir()
    return {"tables": {}, "links": []}


COMMIT = Deed("commit", lambda folder: None, commit_cell, look_at_cell)
PUBLISH = Deed("publish", first_version, second_version, look_at_versions)


def crashes(deed: Deed, folder: Path, most: int) -> Iterator[dict[str, Any]]:
    """What was there after a crash at each step, or at ``most`` of them, and after the run that came after it."""
    start = folder / deed.name
    start.mkdir(parents=True)
    assert apart(lambda: deed.prepare(start)) == 0
    for number in chosen(steps_of(deed, start), most):
        place = folder / f"{deed.name}-{number}"
        shutil.copytree(start, place)
        assert apart(lambda: ended(deed, place, number)) == KILLED  # noqa: B023  called at once
        crashed = looked(deed, place)
        again = apart(lambda: deed.act(place))  # noqa: B023
        yield {"deed": deed.name, "step": number, "crashed": crashed, "again": again, "after": looked(deed, place)}
        shutil.rmtree(place)


def steps_of(deed: Deed, start: Path) -> int:
    """How many steps it takes."""
    place, note = start.with_suffix(".counted"), start.with_suffix(".steps")
    shutil.copytree(start, place)
    assert apart(lambda: ended(deed, place, 0, note)) == 0
    return int(note.read_text())


def chosen(steps: int, most: int) -> list[int]:
    """Which steps to end at: all, or some evenly spread, the last always among them."""
    return sorted({steps - round(nth * steps / min(steps, most)) for nth in range(min(steps, most))})


def ended(deed: Deed, place: Path, number: int, note: Path | None = None) -> None:
    steps = end_at(number, place)
    deed.act(place)
    if note:
        note.write_text(str(steps.done))


def looked(deed: Deed, place: Path) -> dict[str, Any]:
    """What a reader sees, in a process of its own."""
    note = place.with_suffix(".look")

    def look() -> None:
        note.write_text(json.dumps(deed.look(place)))

    if apart(look) == FAILED:
        return {"new": False, "half": True, "orphans": 0}
    found: dict[str, Any] = json.loads(note.read_text())
    return found


if __name__ == "__main__":
    for deed, most in ((COMMIT, 100), (PUBLISH, int(sys.argv[2]))):
        for line in crashes(deed, Path(sys.argv[1]), most):
            sys.stdout.write(json.dumps(line) + "\n")
