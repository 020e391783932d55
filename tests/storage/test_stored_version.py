"""A version on a store, asked in SQL: only what a question needs is read, and a store that fails is told in a line."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.errors import BadInput, ToolDown
from storage.catalog_query import asking
from storage.layout import Workspace
from storage.manifest import Manifest, TableFacts
from storage.store import Store
from storage.stored_version import StoredVersion, stored_version
from tests.storage.object_store import HASTY, Asked, Reply, before, fault, passed_on

pytestmark = pytest.mark.slow
ROWS = 5_000


@pytest.fixture
def version(address: str) -> StoredVersion:
    """One table of a narrow and a broad column."""
    store, file = Store(address, HASTY), io.BytesIO()
    broad = [number.to_bytes(4, "big") * 500 for number in range(ROWS)]
    pq.write_table(pa.table({"n": list(range(ROWS)), "broad": broad}), file, compression="none", use_dictionary=False)
    store.put("versions/1/notes/part-00000.parquet", file.getvalue())
    table = TableFacts("notes", ROWS, ("notes/part-00000.parquet",), "", "", 1, ())
    return StoredVersion(store, Manifest(1, "by hand", "", {}, "", "", (table,), {}, {}, {}))


def test_a_question_about_a_narrow_column_reads_little_of_the_store(
    s3: str, version: StoredVersion, tmp_path: Path
) -> None:
    whole = version.store.facts("versions/1/notes/part-00000.parquet")
    assert whole
    with before(s3, passed_on) as proxy:
        there = StoredVersion(Store(version.store.address, HASTY), version.manifest)
        with asking(Workspace(tmp_path), there) as ask:
            assert ask("SELECT sum(n) AS n FROM notes").to_pylist() == [{"n": sum(range(ROWS))}]
    read = [length(one, whole.size_bytes) for one in proxy.asked if one.method == "GET"]
    assert read
    assert sum(read) < whole.size_bytes / 4


def length(asked: Asked, whole: int) -> int:
    """How many bytes of an object of that size a request is for."""
    first, _, last = asked.headers.get("Range", f"bytes=0-{whole}").removeprefix("bytes=").partition("-")
    return min(int(last), whole - 1) - int(first) + 1


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (503, "SlowDown")])
def test_a_store_that_fails_while_a_question_is_answered_is_told_in_a_line(
    s3: str, version: StoredVersion, tmp_path: Path, status: int, code: str
) -> None:
    def fails(asked: Asked) -> Reply | None:
        return fault(status, code) if broken and asked.path.endswith(".parquet") else None

    broken = False
    with before(s3, fails):
        there = StoredVersion(Store(version.store.address, HASTY), version.manifest)
        with asking(Workspace(tmp_path), there) as ask:
            broken = True
            with pytest.raises(ToolDown, match="the store did not give what the question reads") as told:
                ask("SELECT max(n) FROM notes")
    assert "\n" not in str(told.value)
    assert "Traceback" not in str(told.value)


def test_a_file_of_a_version_that_is_gone_is_named(version: StoredVersion, tmp_path: Path) -> None:
    version.store.remove(["versions/1/notes/part-00000.parquet"])
    with (
        pytest.raises(BadInput, match=r"versions/1/notes/part-00000\.parquet"),
        asking(Workspace(tmp_path), version) as ask,
    ):
        ask("SELECT max(n) FROM notes")


def test_an_address_without_versions_says_how_to_make_one(address: str) -> None:
    for number, which in ((None, "version"), (7, "version 7")):
        with pytest.raises(BadInput, match=f"holds no published {which}; build one"):
            stored_version(Store(address), number)
