"""``catalog.duckdb``: views over the latest version and over the workspace's cells, for any DuckDB client."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from schemas.duckdb import literal, quoted
from storage.built import Built
from storage.files import Landing
from storage.layout import Workspace
from storage.manifest import read
from storage.publish_cells import parquet

Files = Mapping[tuple[str, str], tuple[str, ...]]
"""The Parquet files of each view, by schema and name, relative to the workspace."""

FILES = "CREATE TABLE rushes_files (nth INTEGER, schema_name VARCHAR, view_name VARCHAR, file VARCHAR)"


def latest_version(workspace: Workspace) -> Path | None:
    """The folder of the latest version of a workspace, if it has any."""
    found = [path for path in workspace.versions.glob("*") if path.name.isdigit()]
    return max(found, key=lambda path: int(path.name), default=None)


def write_catalog(workspace: Workspace, built: Built | None = None) -> None:
    """Makes the catalogue anew and puts it in the old one's place, unless that shows just this already.

    Schema ``main`` shows the latest version, schema ``workspace`` the cells of ``built``; without one, the cells that
    the old catalogue shows. Paths in it are relative to the workspace: a client runs in that folder, or says
    ``SET file_search_path = '<that folder>'``.
    """
    files = dict(_version_files(workspace)) | dict(_cell_files(workspace, built))
    if _shows(workspace, files):
        return
    with _alias(workspace.root) as alias:
        made = alias.parent / "catalog.duckdb"
        with duckdb.connect(made) as connection:
            connection.execute(f"SET file_search_path = {literal(str(alias))}")
            connection.execute("CREATE SCHEMA workspace")
            _remember(connection, files)
            show(connection, files)
        with Landing() as landing:
            shutil.copyfile(made, landing.path(workspace.catalog))


def show(connection: duckdb.DuckDBPyConnection, files: Files, root: str = "") -> None:
    """Makes the views; ``root`` is what every path is to be preceded by."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS workspace")
    for (schema, name), paths in files.items():
        rows = parquet([f"{root}{path}" for path in paths])
        connection.execute(f"CREATE VIEW {schema}.{quoted(name)} AS SELECT * FROM {rows}")  # noqa: S608


def catalogued(workspace: Workspace) -> Files:
    """The files behind each view of the catalogue; none where there is no catalogue yet."""
    if not workspace.catalog.exists():
        return {}
    with duckdb.connect(workspace.catalog, read_only=True) as connection:
        found = connection.execute("SELECT schema_name, view_name, file FROM rushes_files ORDER BY nth").fetchall()
    files: dict[tuple[str, str], tuple[str, ...]] = {}
    for schema, name, file in found:
        files[schema, name] = (*files.get((schema, name), ()), file)
    return files


def _shows(workspace: Workspace, files: Files) -> bool:
    """Whether the catalogue has just these files; not where it can be read no more."""
    try:
        return workspace.catalog.exists() and catalogued(workspace) == files
    except duckdb.Error:
        return False


def _version_files(workspace: Workspace) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    latest = latest_version(workspace)
    if latest is None:
        return
    below = latest.relative_to(workspace.root)
    for table in read(latest).tables:
        if table.files:
            yield ("main", table.name), tuple(str(below / file) for file in table.files)


def _cell_files(workspace: Workspace, built: Built | None) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    if built is None:
        yield from ((view, paths) for view, paths in catalogued(workspace).items() if view[0] == "workspace")
        return
    for table in built.tables:
        if table.cells:
            yield (
                ("workspace", table.row_type.table),
                tuple(str(cell.absolute().relative_to(workspace.root)) for cell in table.cells),
            )


def _remember(connection: duckdb.DuckDBPyConnection, files: Files) -> None:
    connection.execute(FILES)
    rows = [(schema, name, path) for (schema, name), paths in files.items() for path in paths]
    if rows:
        names = ("schema_name", "view_name", "file")
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        connection.execute(
            "INSERT INTO rushes_files SELECT unnest($nth), unnest($schema_name), unnest($view_name), unnest($file)",
            {"nth": list(range(len(rows))), **columns},
        )


@contextmanager
def _alias(root: Path) -> Iterator[Path]:
    """Another name for the folder: DuckDB cannot write below one with a ``?``, nor search one with commas or globs."""
    with TemporaryDirectory() as folder:
        alias = Path(folder) / "workspace"
        alias.symlink_to(root, target_is_directory=True)
        yield alias
