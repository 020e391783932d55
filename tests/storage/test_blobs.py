from pathlib import Path

import pytest

from schemas.errors import BadInput, ToolDown
from schemas.units import BlobId
from storage.blobs import Blobs


def test_the_same_bytes_are_kept_once_and_come_back(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    first, second = blobs.put(b"picture", ".png"), blobs.put(b"picture", ".png")
    blobs.settle()
    assert first == second
    assert blobs.get(first) == b"picture"
    assert [path.name for path in tmp_path.rglob("*.png")] == [first]


def test_a_blob_that_a_crash_left_short_is_written_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.put(b"picture", ".png")
    blobs.path(name).write_bytes(b"")
    assert Blobs(tmp_path).put(b"picture", ".png") == name
    assert blobs.get(name) == b"picture"


def test_a_blob_that_is_not_there_is_the_worlds_fault(tmp_path: Path) -> None:
    with pytest.raises(ToolDown, match="cannot be read"):
        Blobs(tmp_path).get(BlobId("0" * 64))


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 64 + "/../x", "z" * 64, "0" * 64 + "\0"])
def test_what_is_no_blob_id_never_becomes_a_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no blob id"):
        Blobs(tmp_path).path(BlobId(name))
