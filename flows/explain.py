"""How a row came about: what made it, the rows that it was made from back to the file, and what hangs on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.sources import address, resolved
from schemas.duckdb import literal, quoted
from schemas.errors import BadInput
from storage.catalog import latest_version
from storage.catalog_query import Asking, asking
from storage.layout import Workspace
from storage.manifest import Manifest, TableFacts, read
from storage.stored_version import StoredVersion

LEADS_TO = {
    "source_id": "sources",
    "kept_source_id": "sources",
    "video_id": "videos",
    "item_id": "items",
    "shot_id": "shots",
    "shot_ids": "shots",
    "twin_of": "shots",
    "frame_id": "frames",
    "clip_id": "clips",
}
"""Which table a column leads to, by the column's name."""

KEYS = {table: column for column, table in LEADS_TO.items() if column.endswith("_id") and column != "kept_source_id"}
MANY, SHORTEST = 12, 6
COUNT = "how_many_in_all"


@dataclass(frozen=True)
class Found:
    """One row of the dataset, with how its table was made."""

    table: str
    key: str
    values: Mapping[str, Any]
    made: TableFacts | None

    @property
    def row_id(self) -> str:
        """The value of the row's key."""
        return str(self.values[self.key])


@dataclass(frozen=True)
class Hanging:
    """Rows of another table that name the explained row: how many, and the first of them."""

    table: str
    count: int
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Explanation:
    """A row, the rows it was made from (each before what it was itself made from), and what hangs on it."""

    row: Found
    origins: tuple[Found, ...]
    hanging: tuple[Hanging, ...]


def explain(workspace: Workspace, row_id: str, version: StoredVersion | None = None) -> Explanation:
    """How the row of this id came about. The beginning of an id will do, and so will a file's uri.

    It is looked up in the latest version in the workspace, or in a ``version`` on a store. Raises BadInput when there
    is no such row, or when several rows of one table begin so.
    """
    with asking(workspace, version) as ask:
        shelf = Shelf(ask, version.manifest if version else _latest(workspace))
        row = shelf.find(address(resolved(row_id)) if _is_path(row_id) else row_id)
        return Explanation(row, tuple(_origins(shelf, row)), tuple(_hanging(shelf, row)))


def _latest(workspace: Workspace) -> Manifest:
    """What made the latest version."""
    folder = latest_version(workspace)
    if folder is None:
        raise BadInput(f"{workspace.root} holds no published version yet; build one with `rushes build`")
    return read(folder)


def _is_path(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a path, or with a sign that none has
        return False


class Shelf:
    """The tables of a version and of the workspace's working tables, to look rows up in."""

    def __init__(self, ask: Asking, manifest: Manifest) -> None:
        self._ask = ask
        self.manifest = manifest
        found = self.rows(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_schema IN ('main', 'workspace') ORDER BY table_schema, table_name, ordinal_position"
        )
        self.columns: dict[str, list[str]] = {}
        self._schema: dict[str, str] = {}
        for line in found:
            table = str(line["table_name"])
            if self._schema.setdefault(table, line["table_schema"]) == line["table_schema"]:
                self.columns.setdefault(table, []).append(str(line["column_name"]))

    def rows(self, sql: str, **given: str) -> list[dict[str, Any]]:
        """What the SELECT gives, as plain rows; ``given`` are the values of its parameters."""
        found: list[dict[str, Any]] = self._ask(sql, given).to_pylist()
        return found

    def name(self, table: str) -> str:
        """The table as SQL knows it."""
        return f"{self._schema[table]}.{quoted(table)}"

    def key(self, table: str) -> str:
        """The table's key column: the known one, or its first, which every table declares first."""
        return KEYS.get(table, self.columns[table][0])

    def made(self, table: str) -> TableFacts | None:
        """How the table was made, where the version's manifest says so."""
        return next((facts for facts in self.manifest.tables if facts.name == table), None)

    def order(self) -> list[str]:
        """The tables in the order in which the recipe makes them."""
        known = [facts.name for facts in self.manifest.tables if facts.name in self.columns]
        return known + [table for table in self.columns if table not in known and table != "rushes_files"]

    def find(self, row_id: str) -> Found:
        """The row whose key is, or is the only one to begin with, ``row_id``; in the table that is made first."""
        looks = {"= $wanted": row_id, "LIKE $wanted ESCAPE '\\'": _pattern(row_id) if len(row_id) >= SHORTEST else ""}
        for condition, wanted in looks.items():
            matches = self._matches(condition, wanted) if wanted else []
            # Ids of what a row was taken apart into begin with its own, so only rows of its own table are its rivals.
            table = min((str(match["table"]) for match in matches), key=self.order().index, default="")
            found = sorted({str(match["row_id"]) for match in matches if match["table"] == table})
            if len(found) > 1:
                raise BadInput(f"several rows begin with {row_id!r}: {', '.join(found[:4])}; give more of the id")
            if found and (row := self.get(table, found[0])):
                return row
        raise BadInput(f'no row has the id {row_id!r}; rushes sql "FROM items" shows those of items')

    def _matches(self, condition: str, wanted: str) -> list[dict[str, Any]]:
        looks = []
        for table in self.order():
            key, name = quoted(self.key(table)), literal(table)
            which = f"WHERE CAST({key} AS VARCHAR) {condition} LIMIT 5"
            looks.append(f'(SELECT {name} AS "table", {key} AS row_id FROM {self.name(table)} {which})')  # noqa: S608
        if "sources" in self.columns:
            looks.append(f"(SELECT 'sources', source_id FROM {self.name('sources')} WHERE uri {condition} LIMIT 5)")  # noqa: S608
        return self.rows(" UNION ALL ".join(looks), wanted=wanted)

    def get(self, table: str, row_id: str) -> Found | None:
        """The row of that table with that key, if there is one."""
        found, _ = self.where(table, self.key(table), row_id)
        return Found(table, self.key(table), found[0], self.made(table)) if found else None

    def where(self, table: str, column: str, value: str) -> tuple[list[dict[str, Any]], int]:
        """The first rows of a table with this value in this column, and how many there are."""
        found = self.rows(
            f"SELECT *, count(*) OVER () AS {COUNT} FROM {self.name(table)} "  # noqa: S608
            f"WHERE CAST({quoted(column)} AS VARCHAR) = $value ORDER BY {quoted(self.key(table))} LIMIT {MANY}",
            value=value,
        )
        count = int(found[0][COUNT]) if found else 0
        return [{name: one for name, one in row.items() if name != COUNT} for row in found], count


def _pattern(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _origins(shelf: Shelf, row: Found) -> Iterator[Found]:
    """The rows that this one names, then those that they name, each once."""
    seen, waiting = {(row.table, row.row_id)}, [row]
    while waiting:
        for found in _named(shelf, waiting.pop(0)):
            if (found.table, found.row_id) not in seen:
                seen.add((found.table, found.row_id))
                waiting.append(found)
                yield found


def _named(shelf: Shelf, row: Found) -> Iterator[Found]:
    for column, value in row.values.items():
        table = LEADS_TO.get(column) if column != row.key else _made_of(shelf, row)
        if table is None or table not in shelf.columns or value is None:
            continue
        for one in value if isinstance(value, list) else [value]:
            if found := shelf.get(table, str(one)):
                yield found


def _made_of(shelf: Shelf, row: Found) -> str | None:
    """The table that shares this row's ids: a sample carries the id of its item."""
    return "items" if row.table in ("samples", "picks") and "items" in shelf.columns else None


def _hanging(shelf: Shelf, row: Found) -> Iterator[Hanging]:
    for table in shelf.order():
        column = _link(shelf, row, table)
        rows, count = shelf.where(table, column, row.row_id) if column else ([], 0)
        if rows:
            yield Hanging(table, count, tuple(rows))


def _link(shelf: Shelf, row: Found, table: str) -> str | None:
    """The column by which rows of ``table`` name this row, if they do."""
    if table == row.table:
        return None
    if table == "samples" and row.table == "items":
        return "sample_id"
    if table == "rejects":
        return "video_id" if row.table == "videos" else "row_id"
    return row.key if row.key in shelf.columns[table] and KEYS.get(row.table) == row.key else None
