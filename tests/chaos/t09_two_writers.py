"""T9: two writers and a reader over one folder."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from storage.layout import part_of
from storage.seal import check
from storage.tables import read
from storage.verify import verify
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.writers import SHARED, WRITERS


def show(folder: Path, scale: Scale) -> Shown:
    """Commits, dealings and publishes by two processes, while a third reads."""
    commits, deals, publishes = scale.of(200, 40), scale.of(20, 5), scale.of(4, 2)
    tell = [sys.executable, "-m", "tests.chaos.writers"]
    orders = [["write", str(folder), who, str(commits), str(deals), str(publishes)] for who in WRITERS]
    orders.append(["read", str(folder), str(scale.of(1000, 100))])
    running = [subprocess.Popen([*tell, *order], stdout=subprocess.PIPE, text=True) for order in orders]
    said = [process.communicate(timeout=240)[0] for process in running]
    seen: dict[str, Any] = json.loads(said[-1] or '{"half": 1, "versions": 0, "different": 0}')
    kept = [path for path in (folder / "cells").glob("*.parquet") if path.name != f"{SHARED}.parquet"]
    for path in kept:
        check(path)
    parts = [part_of(name) for path in (folder / "sources" / "deals").glob("*.parquet") for name in _ids(path)]
    versions = sorted(int(path.name) for path in (folder / "versions").glob("[0-9]*"))
    sound = not any(verify(folder / "versions" / str(number)) for number in versions)
    numbered = versions == list(range(1, len(WRITERS) * publishes + 1))
    held = (
        not any(process.returncode for process in running)
        and (len(kept), len(parts), len(set(parts))) == (2 * commits, 2 * deals, 2 * deals)
        and numbered and sound and not seen["half"]
    )  # fmt: skip
    return Shown(
        held,
        f"{len(kept)} of {2 * commits} commits, {len(set(parts))} of {2 * deals} dealings, {len(versions)} of "
        f"{len(WRITERS) * publishes} versions kept; {seen['half']} half reads of {orders[-1][-1]}",
    )


def _ids(deal: Path) -> list[str]:
    ids: list[str] = read(deal)["source_id"].to_pylist()
    return ids


BAR = Bar("T9", "Two writers commit, deal and publish at once: nothing is lost, and a reader never sees a half", show)
