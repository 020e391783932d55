"""Parquet does not notice a flipped bit; a version does."""

import random
import shutil
from pathlib import Path

import pytest

from schemas.errors import Damaged
from storage.built import Built
from storage.layout import Workspace
from storage.manifest import MANIFEST, read
from storage.publish import Version
from storage.verify import verify

Published = tuple[Workspace, Built, Version]
pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]


@pytest.fixture
def copy(published: Published, tmp_path: Path) -> Path:
    """A version that may be damaged."""
    return Path(shutil.copytree(published[2].path, tmp_path / "copy"))


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_a_version_is_what_was_written(published: Published) -> None:
    assert verify(published[2].path) == []


def test_one_flipped_bit_in_any_file_is_found_and_the_file_is_named(copy: Path) -> None:
    chance = random.Random(5)
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and path.stat().st_size]
    assert len(files) > 50
    for path in files:
        bit = chance.randrange(path.stat().st_size * 8)
        flip(path, bit)
        (fault,) = verify(copy)
        assert (fault.path, fault.kind) == (path.relative_to(copy).as_posix(), "damaged")
        flip(path, bit)
    assert verify(copy) == []


def test_every_bit_of_the_manifest_counts(copy: Path) -> None:
    path = copy / MANIFEST
    for bit in random.Random(6).sample(range(path.stat().st_size * 8), 200):
        flip(path, bit)
        assert [(fault.path, fault.kind) for fault in verify(copy)] == [(MANIFEST, "damaged")]
        with pytest.raises(Damaged, match=r"manifest\.json"):
            read(copy)
        flip(path, bit)


def test_a_missing_and_an_extra_file_are_named(copy: Path) -> None:
    (copy / "shots" / "part-00000.parquet").unlink()
    (copy / "shots" / "mine.parquet").write_bytes(b"")
    assert [(fault.path, fault.kind) for fault in verify(copy)] == [
        ("shots/mine.parquet", "extra"),
        ("shots/part-00000.parquet", "missing"),
    ]


def test_a_folder_without_a_manifest_is_no_version(tmp_path: Path) -> None:
    assert [(fault.path, fault.kind) for fault in verify(tmp_path)] == [(MANIFEST, "missing")]
