"""SQL over cells: one DuckDB connection per worker, one thread, no files and no network."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from infra.inputs import lazy_rows, repeats
from infra.order import Blueprint, Input
from schemas.arrow import schema
from schemas.columns import columns
from schemas.duckdb import quoted
from stages.graph import typed

QUIET = {"autoinstall_known_extensions": "false", "python_enable_replacements": "false", "TimeZone": "UTC"}


class Queries:
    """Runs the SQL of blueprints. One thread, because what an aggregate gives may hang on the order of its rows."""

    def __init__(self, scratch: Path, memory_gb: float) -> None:
        settings = {"threads": 1, "memory_limit": f"{memory_gb:g}GB", "temp_directory": str(scratch)}
        self._connection = duckdb.connect(config=settings | QUIET)  # type: ignore[arg-type]
        self._connection.execute("SET enable_external_access = false")

    def run(self, plan: Blueprint, stems: Sequence[Sequence[str]]) -> tuple[pa.Table, int]:
        """The rows of a table, sorted by key with its declared types, and how many rows they were made from."""
        rows_in = sum(
            self._register(source, cells, once=plan.over == "all")
            for source, cells in zip(plan.inputs, stems, strict=True)
        )
        key = quoted(plan.row_type.key)
        try:
            made = self._connection.sql(
                f"SELECT {typed(plan.row_type)} FROM ({plan.sql}\n) ORDER BY {key}"  # noqa: S608
            ).to_arrow_table()
        finally:
            self._forget(plan)
        wanted = schema(plan.row_type)
        return pa.Table.from_arrays([made[field.name].cast(field.type) for field in wanted], schema=wanted), rows_in

    def _register(self, source: Input, stems: Sequence[str], *, once: bool) -> int:
        """Makes the cells known under the input's name; with ``once`` a key that comes again is left out."""
        dataset = lazy_rows(source, stems)
        self._connection.register(f"cells of {source.name}", dataset)
        dropped = repeats(dataset.to_table(columns=[source.row_type.key])[source.row_type.key]) if once else []
        names = ", ".join(quoted(column.name) for column in columns(source.row_type))
        cells = f"SELECT {names} FROM {quoted(f'cells of {source.name}')}"  # noqa: S608
        if dropped:
            self._connection.register(f"repeats in {source.name}", pa.table({"line": [line + 1 for line in dropped]}))
            numbered = f"SELECT *, row_number() OVER () AS line FROM ({cells})"  # noqa: S608
            repeated = quoted(f"repeats in {source.name}")
            cells = f"SELECT {names} FROM ({numbered}) WHERE line NOT IN (SELECT line FROM {repeated})"  # noqa: S608
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(source.name)} AS {cells}")
        return int(dataset.count_rows()) - len(dropped)

    def _forget(self, plan: Blueprint) -> None:
        for source in plan.inputs:
            self._connection.execute(f"DROP VIEW IF EXISTS {quoted(source.name)}")
            self._connection.unregister(f"cells of {source.name}")
            self._connection.unregister(f"repeats in {source.name}")
