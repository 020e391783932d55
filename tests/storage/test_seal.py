"""Parquet does not notice a flipped bit; a sealed file does."""

import random
from pathlib import Path

import pytest

from schemas.arrow import to_table
from schemas.media import Media
from storage.layout import rows_path
from storage.seal import NAME, BadCell, Seals, check
from storage.tables import Making, commit, content
from tests.builders import row


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    rows = [row(Media, number) for number in range(50)]
    commit(tmp_path, "00000", content(Media, to_table(Media, rows), [], "x"), Making({"a": NAME.decode()}, 1.5))
    return rows_path(tmp_path, "00000")


def flipped(path: Path, bit: int) -> bytes:
    stored = bytearray(path.read_bytes())
    stored[bit // 8] ^= 1 << bit % 8
    return bytes(stored)


def test_what_was_written_is_sound(cell: Path) -> None:
    check(cell)


def test_every_flipped_bit_is_noticed(cell: Path, tmp_path: Path) -> None:
    bits = cell.stat().st_size * 8
    for bit in [*random.Random(3).sample(range(bits), 500), *range(bits - 64, bits)]:
        other = tmp_path / "flipped.parquet"
        other.write_bytes(flipped(cell, bit))
        with pytest.raises(BadCell, match=r"flipped\.parquet: its bytes are not those that were written"):
            check(other)


def test_what_is_cut_off_empty_or_gone_is_told_by_name(cell: Path, tmp_path: Path) -> None:
    cut, empty = tmp_path / "cut.parquet", tmp_path / "empty.parquet"
    cut.write_bytes(cell.read_bytes()[:-100])
    empty.touch()
    for path in (cut, empty, tmp_path / "gone.parquet"):
        with pytest.raises(BadCell) as told:
            check(path)
        assert told.value.path == path


def test_a_file_is_checked_once_until_it_changes(cell: Path) -> None:
    asked: list[Path] = []
    seals = Seals(asked.append)
    seals.check(cell)
    seals.check(cell)
    assert asked == [cell]
    cell.write_bytes(cell.read_bytes() + b"more")
    seals.check(cell)
    assert asked == [cell, cell]
