"""What a run leaves behind for publishing: the cells of every table of a recipe, and how each came about."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.row import Row


@dataclass(frozen=True)
class BuiltTable:
    """One table of a finished run: its cells, and the rejects beside them, both in the order of the parts.

    ``made_by`` is the stage with its settings or the SQL; ``inputs`` are the names of the tables it was made from.
    """

    row_type: type[Row]
    fingerprint: str
    made_by: str
    version: int
    inputs: tuple[str, ...]
    cells: tuple[Path, ...]
    rejects: tuple[Path, ...]


@dataclass(frozen=True)
class Built:
    """A finished run over one workspace: a recipe by name, its settings, and its tables, inputs first."""

    recipe: str
    summary: str
    settings: Mapping[str, object]
    plan: str
    tables: tuple[BuiltTable, ...]

    def table(self, name: str) -> BuiltTable:
        """The table of that name. Raises KeyError when the recipe has none."""
        return next(built for built in self.tables if built.row_type.table == name)
