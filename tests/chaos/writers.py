"""The processes of T9: writers that commit, deal and publish at the same time, and a reader that looks meanwhile.

python -m tests.chaos.writers write FOLDER WHO COMMITS DEALS PUBLISHES
python -m tests.chaos.writers read FOLDER TIMES
"""

import json
import sys
from pathlib import Path
from typing import Any

from schemas.arrow import to_table
from schemas.errors import Busy
from schemas.media import Media, Source
from schemas.units import SourceId
from storage.blobs import Blobs
from storage.built import Built
from storage.deal import deal
from storage.layout import Workspace, rows_path
from storage.publish import publish
from storage.seal import check
from storage.tables import Making, commit, content, facts, read
from storage.verify import verify
from tests.builders import row
from tests.chaos.crash_steps import without_checks
from tests.storage.runs import built, parts

SHARED = "99999"
WRITERS = ("a", "b")


def write(folder: Path, who: str, commits: int, deals: int, publishes: int) -> None:
    """Commits cells of its own and, each time, one that the other writes too; deals and publishes in between."""
    cells = folder / "cells"
    wanted = ready(folder / who, folder / "versions", who, publishes)
    for number in range(commits):
        rows = to_table(Media, [row(Media, 1000 * number + one) for one in range(3)])
        making = Making({"who": who, "number": number})
        commit(cells, f"{WRITERS.index(who)}{number:04d}", content(Media, rows, [], "x"), making)
        commit(cells, SHARED, content(Media, rows, [], "x"), making)
        if number * deals // commits < (number + 1) * deals // commits:
            uri = f"/footage/{who}-{number}"
            deal(folder / "sources", [Source(source_id=SourceId(""), uri=uri, size_bytes=1, changed_us=1)])
        if wanted and number * publishes // commits < (number + 1) * publishes // commits:
            published(Workspace(folder / who), wanted.pop())


def ready(root: Path, versions: Path, who: str, publishes: int) -> list[Built]:
    """Runs of different content in a workspace of its own, whose versions are everybody's."""
    without_checks()
    workspace = Workspace(root)
    root.mkdir()
    versions.mkdir(exist_ok=True)
    workspace.versions.symlink_to(versions)
    first = built(workspace, parts(Blobs(workspace.blobs)))
    sizes = [5 + WRITERS.index(who) + len(WRITERS) * nth for nth in range(publishes)]  # equal content is published once
    return [Built(who, "", {"tables": size}, "", first.tables[:size]) for size in sizes]


def published(workspace: Workspace, run: Built) -> None:
    while True:
        try:
            publish(workspace, run)
            return
        except Busy:
            continue


def look(folder: Path, times: int) -> dict[str, Any]:
    """What a reader sees of the cell that both write, and of every version."""
    path, half = rows_path(folder / "cells", SHARED), 0
    seen: set[tuple[str, int]] = set()
    versions: set[str] = set()
    while len(seen) == 0 or times > 0:
        if not path.exists():
            continue
        times -= 1
        try:
            rows, made = read(path), facts(path)
            seen.add((made["who"], made["number"]))
            half += len(rows) != 3
        except (OSError, ValueError):
            half += 1
        for version in (folder / "versions").glob("[0-9]*"):
            if version.name not in versions:
                versions.add(version.name)
                half += bool(verify(version))
    check(path)
    return {"half": half, "different": len(seen), "versions": len(versions)}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
    else:
        sys.stdout.write(json.dumps(look(Path(sys.argv[2]), int(sys.argv[3]))) + "\n")
