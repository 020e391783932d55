"""T8: a process that dies at any step of a commit or a publish."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos.bar import Bar, Scale, Shown

PROMISE = (
    "A crash at any step of a commit or a publish: readers see old or new, never half; "
    "at most one file is left per file that was being written, and the next run removes it"
)
# A cell is its rows and its rejects; a publish writes one folder and spills into another.
MOST_LEFT = {"commit": 2, "publish": 2}


def show(folder: Path, scale: Scale) -> Shown:
    """Every step of a commit, and some of a publish, evenly spread, the last among them."""
    command = [sys.executable, "-m", "tests.chaos.crash_steps", str(folder), str(scale.of(12, 3))]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if told.returncode:
        return Shown(False, told.stderr[-300:])
    steps: list[dict[str, Any]] = [json.loads(line) for line in told.stdout.splitlines()]
    figures = ", ".join(f"{sum(one['deed'] == deed for one in steps)} steps of a {deed}" for deed in MOST_LEFT)
    half = [one for one in steps if one["crashed"]["half"] or one["after"]["half"]]
    left = [one for one in steps if one["crashed"]["orphans"] > MOST_LEFT[one["deed"]]]
    stays = [one for one in steps if one["after"]["orphans"] or one["again"] or not one["after"]["new"]]
    seen = {deed: {one["crashed"]["new"] for one in steps if one["deed"] == deed} for deed in MOST_LEFT}
    most = max(one["crashed"]["orphans"] for one in steps)
    return Shown(
        not (half or left or stays) and all(False in new for new in seen.values()),
        f"{figures}: {len(half)} half, at most {most} files left, {len(stays)} not finished or cleaned by the next run",
    )


BAR = Bar("T8", PROMISE, show)
