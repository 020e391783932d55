"""A version can be handed on: it tells nothing of where it was made, beyond the sources' own addresses."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from storage.built import Built
from storage.layout import Workspace
from storage.publish import Version

pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]
TOPS = "|".join(re.escape(path.name) for path in Path("/").iterdir() if path.is_dir())
ABSOLUTE = re.compile(rf"(?<![\w.~/:-])/(?:{TOPS})/[^\s\"'<]*")


def test_a_version_holds_no_path_of_the_machine_that_made_it(published: tuple[Workspace, Built, Version]) -> None:
    workspace, run, version = published
    uris = {row["uri"] for cell in run.table("sources").cells for row in pq.read_table(cell).to_pylist()}
    texts = dict(_texts(version.path))
    assert {Path(name).suffix for name in texts} >= {".parquet", ".json", ".html", ".md", ".jsonl"}
    found = {name: set(ABSOLUTE.findall(text)) - uris for name, text in texts.items()}
    assert {name: paths for name, paths in found.items() if paths} == {}
    assert [name for name, text in texts.items() if str(workspace.root) in text] == []
    assert ABSOLUTE.findall(f"x='{workspace.root}/parts', see </p> and a/tmp/b") == [f"{workspace.root}/parts"]


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file as text, by its place in the version; of a table the values and what its footer says."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            text = f"{table.to_pylist()} {table.schema.metadata}"
        elif path.suffix == ".duckdb":
            with duckdb.connect(path, read_only=True) as connection:
                text = str(connection.execute("SELECT sql FROM duckdb_views()").fetchall())
        yield str(path.relative_to(folder)), text
