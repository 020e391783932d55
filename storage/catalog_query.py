"""Questions to a workspace in SQL, by somebody who may read its files and do nothing else."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from schemas.duckdb import literal
from schemas.errors import BadInput
from storage.catalog import catalogued, show
from storage.layout import Workspace
from storage.publish_cells import pattern

SECONDS = 600.0
MEMORY, THREADS = "2GB", 2
Given = Mapping[str, Any]


def query(
    workspace: Workspace, sql: str, given: Given | None = None, *, rows: int | None = None, seconds: float = SECONDS
) -> pa.Table:
    """What the one SELECT gives, at most ``rows`` rows of it, over the views of the catalogue.

    ``given`` are the values of its parameters, ``$name``: what a user gave is never part of the SQL. No file outside
    the workspace can be read, and none written. Raises BadInput, in one line, for SQL that does not run, is no single
    SELECT, or takes longer than ``seconds``.
    """
    files = catalogued(workspace)
    if not files:
        raise BadInput(
            f"{workspace.root} holds no published version yet; build one with `rushes build RECIPE VIDEOS... --to DIR`"
        )
    with TemporaryDirectory() as spill, _told(seconds), duckdb.connect() as connection:
        show(connection, files, workspace.root)
        _only_selects(sql)
        _lock_down(connection, workspace, spill)
        with _deadline(connection, seconds):
            found = connection.sql(sql, params=dict(given) if given else None)
            return (found if rows is None else found.limit(rows)).to_arrow_table()


def _only_selects(sql: str) -> None:
    """A locked-down DuckDB could still COPY into the workspace, so nothing but one SELECT is let through."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(str(statement.type).rpartition(".")[2] for statement in statements) or "nothing"
        raise BadInput(f"one SELECT (or FROM, WITH, DESCRIBE, SHOW, SUMMARIZE) is what may be asked, not {kinds}")


def _lock_down(connection: duckdb.DuckDBPyConnection, workspace: Workspace, spill: str) -> None:
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET memory_limit = {literal(MEMORY)}")
    connection.execute(f"SET threads = {THREADS}")
    connection.execute(f"SET temp_directory = {literal(spill)}")
    # Each as it is named, and as a view names it, where a glob's signs are quoted.
    folders = [named for folder in (workspace.versions, workspace.cells) for named in (str(folder), pattern(folder))]
    connection.execute(f"SET allowed_directories = [{', '.join(map(literal, folders))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@contextmanager
def _deadline(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _told(seconds: float) -> Iterator[None]:
    try:
        yield
    except duckdb.InterruptException:
        raise BadInput(
            f"the query took longer than {seconds:g} s; ask for less, or open catalog.duckdb yourself"
        ) from None
    except UnicodeEncodeError:
        raise BadInput(
            "the question holds half a character, which no text in a dataset can hold; leave it out"
        ) from None
    except duckdb.Error as error:
        said = str(error).partition("\n\nLINE ")[0]
        raise BadInput(" ".join(said.split())) from None
