"""The stages' own work without any machinery: plain calls in plain processes, rows in memory, only blobs written."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from infra.env import WorkerEnv
from infra.inputs import batches
from schemas.arrow import schema, to_table
from schemas.duckdb import quoted
from schemas.media import Source
from schemas.rejects import Reject
from stages.graph import Rows, typed
from storage.blobs import Blobs
from storage.deal import plan_parts

Tables = dict[str, pa.Table]


def run_bare(recipe: Rows[Any], sources: Sequence[Source], folder: Path, processes: int) -> Tables:
    """All tables of a recipe. Between barriers each part goes through all its tables in one process."""
    parts = plan_parts(folder, sources).new
    done: dict[int, Tables] = {part: {"sources": to_table(Source, named(part, rows))} for part, rows in parts.items()}
    todo = [rows for rows in recipe.walk() if rows.inputs]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        while todo:
            ready = before_barrier(todo)
            if ready:
                jobs = {
                    part: pool.submit(make_part, recipe, [one.table for one in ready], done[part], folder)
                    for part in done
                }
                for part, job in jobs.items():
                    done[part] |= job.result()
            else:
                ready = todo[:1]
                over_all(ready[0], done, folder)
            todo = [rows for rows in todo if rows not in ready]
    return {name: pa.concat_tables([tables[name] for tables in done.values()]) for name in next(iter(done.values()))}


def named(part: int, rows: Sequence[Source]) -> list[Source]:
    import dataclasses

    return [dataclasses.replace(row, source_id=f"{part:05d}/{n:06d}") for n, row in enumerate(rows)]  # type: ignore[arg-type]


def before_barrier(todo: Sequence[Rows[Any]]) -> list[Rows[Any]]:
    """The tables that can be made part by part before the next barrier."""
    blocked: set[str] = set()
    ready = []
    for rows in todo:
        if rows.over == "all" or any(made.table in blocked for _, made in rows.inputs):
            blocked.add(rows.table)
        else:
            ready.append(rows)
    return ready


def make_part(recipe: Rows[Any], wanted: Sequence[str], tables: Tables, folder: Path) -> Tables:
    """The wanted tables of one part."""
    made: Tables = {}
    for rows in recipe.walk():
        if rows.table in wanted:
            made[rows.table] = make(rows, tables | made, folder)
    return made


def make(rows: Rows[Any], tables: Tables, folder: Path) -> pa.Table:
    """One table out of others."""
    if rows.stage is None:
        return query(rows, tables)
    stage, given = rows.stage, tables[rows.inputs[0][1].table]
    by = [(stage.group_by, "ascending")] if stage.group_by else []
    ordered = given.sort_by([*by, (stage.takes.key, "ascending")])
    tool = stage.open(WorkerEnv(Blobs(folder / "blobs"), folder / "downloads"))
    at_least = len(ordered) + 1 if rows.over == "all" else stage.batch_rows
    made = [
        row
        for batch in batches(stage.takes, ordered, stage.group_by, at_least)
        for row in stage.run(batch, tool)
        if not isinstance(row, Reject)
    ]
    return to_table(rows.row_type, made)


def query(rows: Rows[Any], tables: Tables) -> pa.Table:
    """One table by SQL."""
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, made in rows.inputs:
            connection.register(name, tables[made.table])
        key = quoted(rows.row_type.key)
        found = connection.sql(f"SELECT {typed(rows.row_type)} FROM ({rows.sql}\n) ORDER BY {key}").to_arrow_table()  # noqa: S608
    return pa.Table.from_arrays(
        [found[field.name].cast(field.type) for field in schema(rows.row_type)], schema=schema(rows.row_type)
    )


def over_all(rows: Rows[Any], done: dict[int, Tables], folder: Path) -> None:
    """One table over all parts; its rows all go to the first part, which is enough for what comes after."""
    parts = list(done)
    whole = {made.table: pa.concat_tables([done[part][made.table] for part in parts]) for _, made in rows.inputs}
    table = make(rows, whole, folder)
    homes = {
        video_id: part
        for part in reversed(parts)
        for _, made in rows.inputs
        if "video_id" in done[part][made.table].column_names
        for video_id in done[part][made.table]["video_id"].to_pylist()
    }
    owner = [homes[video_id] for video_id in table["video_id"].to_pylist()]
    for part in parts:
        own = [line for line, one in enumerate(owner) if one == part]
        done[part][rows.table] = table.take(pa.array(own, pa.int64()))
