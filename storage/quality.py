"""Publish or refuse: every table against what its declaration promises, every reference against its target."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from schemas.errors import NotPublishable
from schemas.links import Link, links
from schemas.row import Row
from storage.publish_cells import Stored
from storage.quality_frames import frames, repeats
from storage.quality_links import broken
from storage.quality_suites import Suites

CHECKS = "checks"


@dataclass(frozen=True)
class Failure:
    """One check that does not hold: in which table, for how many rows, and which are the first of them."""

    table: str
    check: str
    n_rows: int
    first: tuple[str, ...]

    def __str__(self) -> str:
        """The failure in one line."""
        return f"{self.table}: {self.check} fails for {self.n_rows} row(s), first {', '.join(self.first)}"


def check(connection: duckdb.DuckDBPyConnection, tables: Sequence[Stored], folder: Path) -> dict[str, Any]:
    """What was checked, table by table. ``folder`` gets it as Data Docs and as ``checks.json``.

    Raises NotPublishable, naming table, check, number of rows and the first keys and values, when anything fails.
    """
    folder.mkdir()
    suites = Suites(folder)
    failures: list[Failure] = []
    report: dict[str, Any] = {"tables": {}, "links": []}
    for table in tables:
        report["tables"][table.row_type.table], found = _check_table(connection, suites, table)
        failures += found
    stored = {table.row_type.table: table.sql for table in tables}
    for link in links([table.row_type for table in tables]):
        report["links"].append(
            {"column": link.column, "of": link.table, "refers_to": f"{link.to_table}.{link.to_column}"}
        )
        failures += _check_link(connection, link, stored)
    if failures:
        _refuse(failures)
    suites.write_docs()
    (folder / "checks.json").write_text(json.dumps(report, indent=1, default=str) + "\n")
    return report


def _check_table(
    connection: duckdb.DuckDBPyConnection, suites: Suites, table: Stored
) -> tuple[dict[str, Any], list[Failure]]:
    name = table.row_type.table
    suites.begin(table.row_type)
    checks: set[str] = set()
    failures = [
        Failure(name, f"{table.row_type.key} is unique", n, (f"{table.row_type.key} = {key!r}",))
        for key, n in repeats(connection, table.row_type, table.sql)
    ]
    n_rows = 0
    for frame in frames(connection, table.row_type, table.sql):
        n_rows += len(frame)
        for result in suites.validate(table.row_type, frame):
            checks.add(_label(result))
            if not result["success"]:
                failures.append(_failure(table.row_type, result))
    return {"rows": n_rows, "expectations": sorted(checks)}, failures


def _label(result: Mapping[str, Any]) -> str:
    config = result["expectation_config"]
    given = {
        name: value
        for name, value in config["kwargs"].items()
        if name not in ("batch_id", "column") and value is not None
    }
    facts = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return f"{config['type']}({config['kwargs'].get('column', '')}{', ' if facts else ''}{facts})"


def _failure(row_type: type[Row], result: Mapping[str, Any]) -> Failure:
    found = result["result"]
    if "unexpected_count" not in found:
        return Failure(row_type.table, _label(result), 0, (str(result["exception_info"])[:300],))
    column = result["expectation_config"]["kwargs"]["column"]
    rows = [
        f"{row_type.key} = {_plain(row.get(row_type.key))} with {column} = {_plain(row.get(column))}"
        for row in found.get("partial_unexpected_index_list", [])[:3]
    ]
    return Failure(row_type.table, _label(result), found["unexpected_count"], tuple(rows))


def _plain(value: Any) -> str:
    """The value as Python writes it, without the type that NumPy would put around it."""
    return repr(value.item() if hasattr(value, "item") else value)


def _check_link(connection: duckdb.DuckDBPyConnection, link: Link, stored: Mapping[str, str]) -> list[Failure]:
    n_rows, first = broken(connection, link, stored)
    if not n_rows:
        return []
    return [Failure(link.table, f"{link.column} exists as {link.to_column} in {link.to_table}", n_rows, first)]


def _refuse(failures: Sequence[Failure]) -> None:
    shown = "\n  ".join(str(failure) for failure in failures[:10])
    more = f"\n  and {len(failures) - 10} more" if len(failures) > 10 else ""
    raise NotPublishable(
        f"{len(failures)} check(s) fail, so no version is published:\n  {shown}{more}\n"
        "Fix the stage or query that makes these rows and build again; older versions are untouched."
    )
