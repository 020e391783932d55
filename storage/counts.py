"""How many rows and rejects each cell holds, remembered per table so that a thousand footers need not be opened.

A cache: whatever it lacks is read from the footers, and two runs that overwrite each other's lose nothing but time.
"""

import json
from contextlib import suppress
from pathlib import Path

from schemas.errors import DiskFull, ToolDown
from storage.files import Landing
from storage.indexes import is_index, read_index
from storage.layout import rejects_path, rows_path
from storage.manifest import canonical
from storage.tables import count

NAME = "counts.json"
Pair = tuple[int, int]


class Counts:
    """Rows and rejects of one table's cells, by the cell's stem, or by the name of a barrier's index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = _remembered(folder)
        self._news: dict[str, Pair] = {}

    def of(self, cell: str) -> Pair:
        """How many rows and rejects a committed cell holds."""
        if cell not in self._known:
            self.note(cell, self._counted(cell))
        return self._known[cell]

    def note(self, cell: str, pair: Pair) -> None:
        """Takes the numbers of a cell that was just made."""
        self._known[cell] = self._news[cell] = pair

    def keep(self) -> None:
        """Remembers for the next run what this one learnt, if the disk lets us: the next run can count again."""
        if not self._news:
            return
        known = _remembered(self._folder) | self._news
        with suppress(DiskFull, ToolDown), Landing() as landing:
            landing.path(self._folder / NAME).write_bytes(canonical({"cells": known}))
        self._news = {}

    def _counted(self, cell: str) -> Pair:
        if not is_index(cell):
            return count(rows_path(self._folder, cell)), count(rejects_path(self._folder, cell))
        index = read_index(self._folder / cell)
        rows = sum(count(rows_path(self._folder, stem)) for stem in index.rows.values())
        return rows, sum(count(rejects_path(self._folder, stem)) for stem in index.rejects.values())


def _remembered(folder: Path) -> dict[str, Pair]:
    try:
        return read_counts(folder / NAME)
    except (OSError, ValueError):
        return {}


def read_counts(path: Path) -> dict[str, Pair]:
    """What is remembered there. Raises OSError or ValueError for what is no longer as it was written."""
    stored = path.read_bytes()
    facts = json.loads(stored)
    if not isinstance(facts, dict) or "cells" not in facts or canonical(facts) != stored:
        raise ValueError("its bytes are not those that were written")
    return {cell: (int(rows), int(rejects)) for cell, (rows, rejects) in facts["cells"].items()}
