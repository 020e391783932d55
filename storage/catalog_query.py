"""Questions to a workspace in SQL, by somebody who may read its files and do nothing else."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from schemas.duckdb import literal
from schemas.errors import BadInput, ToolDown
from storage.catalog import catalogued, show
from storage.layout import Workspace
from storage.publish_cells import pattern
from storage.stored_version import StoredVersion

SECONDS = 600.0
PYTHON = "Traceback (most recent call last)"
MEMORY, THREADS = "2GB", 2
Given = Mapping[str, Any]


class Asking:
    """A connection that answers questions and can do nothing else."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    def __call__(self, sql: str, given: Given | None = None, *, rows: int | None = None) -> pa.Table:
        """What the one SELECT gives, at most ``rows`` rows of it, over the views of the dataset.

        ``given`` are the values of its parameters, ``$name``: what a user gave is never part of the SQL. Raises
        BadInput, in one line, for SQL that does not run, is no single SELECT, or takes too long; ToolDown for a store
        that fails.
        """
        with _told(self._seconds):
            _only_selects(sql)
            with _deadline(self._connection, self._seconds):
                found = self._connection.sql(sql, params=dict(given) if given else None)
                return (found if rows is None else found.limit(rows)).to_arrow_table()


@contextmanager
def asking(workspace: Workspace, version: StoredVersion | None = None, *, seconds: float = SECONDS) -> Iterator[Asking]:
    """Somebody to ask about the latest version in the workspace, or about a ``version`` on a store, and the cells.

    No file outside of these can be read, and none written. Raises BadInput when there is nothing to ask about.
    """
    files = catalogued(workspace)
    if not files and not version:
        raise BadInput(
            f"{workspace.root} holds no published version yet; build one with `rushes build RECIPE VIDEOS... --to DIR`"
        )
    with TemporaryDirectory() as spill, duckdb.connect() as connection:
        with _told(seconds):
            show(connection, files, f"{workspace.root}/")
            if version:
                version.show(connection)
            _lock_down(
                connection,
                [str(workspace.versions), str(workspace.cells), *(version.folders if version else ())],
                spill,
            )
        yield Asking(connection, seconds)


def query(
    workspace: Workspace, sql: str, given: Given | None = None, *, rows: int | None = None, seconds: float = SECONDS
) -> pa.Table:
    """What one question gives that is asked about the latest version in the workspace."""
    with asking(workspace, seconds=seconds) as ask:
        return ask(sql, given, rows=rows)


def _only_selects(sql: str) -> None:
    """A locked-down DuckDB could still COPY into the workspace, so nothing but one SELECT is let through."""
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(str(statement.type).rpartition(".")[2] for statement in statements) or "nothing"
        raise BadInput(f"one SELECT (or FROM, WITH, DESCRIBE, SHOW, SUMMARIZE) is what may be asked, not {kinds}")


def _lock_down(connection: duckdb.DuckDBPyConnection, readable: Sequence[str], spill: str) -> None:
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET memory_limit = {literal(MEMORY)}")
    connection.execute(f"SET threads = {THREADS}")
    connection.execute(f"SET temp_directory = {literal(spill)}")
    # Each as it is named, and as a view names it, where a glob's signs are quoted.
    folders = [named for folder in readable for named in (folder, pattern(folder))]
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
        if PYTHON in said:  # out of the file system behind an address
            fault = said.strip().splitlines()[-1]
            raise ToolDown(
                f"the store did not give what the question reads ({fault}); "
                "`rushes verify` says whether all of it is there"
            ) from None
        raise BadInput(" ".join(said.split())) from None
