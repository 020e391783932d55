"""Published versions to look at: one that was checked for real, and quick ones that were not."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from storage.blobs import Blobs
from storage.built import Built
from storage.layout import Workspace
from storage.publish import Version, publish
from storage.publish_cells import connect, show
from storage.publish_tables import write_tables
from tests.storage.object_store import BUCKET, leading_to, served
from tests.storage.runs import built

Publish = Callable[[Workspace, Built], Version]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Built, Version]:
    """A version as users get it, Great Expectations and all. Do not change it: copy it."""
    workspace = Workspace(tmp_path_factory.mktemp("published"))
    run = built(workspace)
    return workspace, run, publish(workspace, run, tools={"ffmpeg": "7"})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Publishes without the checks, which take seconds."""

    def check(connection: duckdb.DuckDBPyConnection, tables: Any, folder: Path) -> dict[str, Any]:
        folder.mkdir()
        return {"tables": {}, "links": []}

    monkeypatch.setattr("storage.publish.check", check)
    return publish


@pytest.fixture
def tables_only(tmp_path: Path) -> Callable[[Workspace, Built], Path]:
    """The tables of a version alone, written into a folder of their own."""
    folders: list[Path] = []

    def written(workspace: Workspace, run: Built) -> Path:
        folders.append(tmp_path / f"tables-{len(folders)}")
        with connect(tmp_path) as connection:
            show(connection, run)
            write_tables(connection, run, folders[-1], Blobs(workspace.blobs), with_outcomes=False)
        return folders[-1]

    return written


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The endpoint of a server that speaks S3; the environment leads there only as long as a test asks for a store."""
    with served() as endpoint:
        yield endpoint


@pytest.fixture
def address(s3: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An address of this test's own on that server, to which the environment leads."""
    with leading_to(s3):
        yield f"s3://{BUCKET}/{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
