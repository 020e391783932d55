"""Who killed the worker: a journal that outlives it, for rows that are run one by one."""

import json
import os
from collections import Counter
from pathlib import Path

from schemas.errors import StageBroken
from storage.files import make_folder

# A worker may die of something else, a neighbour that takes all memory; so nobody is blamed for a death or two.
DEATHS = 3
DEATHS_BEFORE_ANY_ROW = 3


class Journal:
    """What was begun and what was ended, over several tries of one cell. The first try starts it afresh."""

    def __init__(self, path: Path, *, first: bool) -> None:
        make_folder(path.parent)
        self._path = path
        if first:
            path.unlink(missing_ok=True)
        self._deaths, idle = _read(path)
        if idle >= DEATHS_BEFORE_ANY_ROW:
            raise StageBroken(f"the worker died {idle} times before the first row; see the log of this run")
        self._note("open", "")

    def is_killer(self, group: str) -> bool:
        """Whether the worker died of this group often enough to stop trying."""
        return self._deaths[group] >= DEATHS

    def begin(self, group: str) -> None:
        """Notes that this group is next."""
        self._note("begin", group)

    def end(self, group: str) -> None:
        """Notes that the worker lived through it."""
        self._note("end", group)

    def close(self) -> None:
        """Removes the journal: the cell is whole."""
        self._path.unlink(missing_ok=True)

    def _note(self, event: str, group: str) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, (json.dumps([event, group]) + "\n").encode())
        finally:
            os.close(descriptor)


def _read(path: Path) -> tuple[Counter[str], int]:
    """Deaths by group, and the number of tries that died before they began any."""
    deaths: Counter[str] = Counter()
    idle = 0
    event, group = "end", ""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in [*lines, '["open", ""]'] if lines else []:
        following, name = json.loads(line)
        if following == "open" and event == "begin":
            deaths[group] += 1
        idle += following == "open" and event == "open"
        event, group = following, name
    return deaths, idle
