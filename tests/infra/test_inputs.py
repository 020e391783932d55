from pathlib import Path

import pyarrow as pa
import pytest

from infra.inputs import all_rows, batches, home_parts, lazy_rows, part_rows, repeats
from infra.order import Input
from schemas.arrow import to_table
from schemas.row import key_of
from schemas.units import VideoId
from storage.tables import Making, commit, content
from tests.builders import ToyWord


def word(word_id: str, letter: str, length: int = 1) -> ToyWord:
    return ToyWord(word_id=word_id, video_id=VideoId(letter), letter=letter, length=length)


@pytest.fixture
def words(tmp_path: Path) -> Input:
    """Three parts of words; part 2 repeats a key of part 0 with another letter."""
    parts = {"00000": ["w0 b", "w1 a", "w2 c"], "00001": [], "00002": ["x0 x", "b1 b", "w1 a"]}
    for stem, texts in parts.items():
        rows = [word(text[:2], text[3:], int(stem) + 1) for text in texts]
        commit(tmp_path, stem, content(ToyWord, to_table(ToyWord, rows), [], "x"), Making())
    return Input("words", ToyWord, "f", tmp_path)


def test_the_rows_of_a_part_come_by_group_and_key(words: Input) -> None:
    assert part_rows(words, "00000", None)["word_id"].to_pylist() == ["w0", "w1", "w2"]
    assert part_rows(words, "00000", "letter")["letter"].to_pylist() == ["a", "b", "c"]


def test_of_a_key_in_two_parts_the_earliest_counts(words: Input) -> None:
    rows = all_rows(words, ("00000", "00001", "00002"), None).to_pylist()
    found = [(row["word_id"], row["length"]) for row in rows]
    assert found == [("b1", 3), ("w0", 1), ("w1", 1), ("w2", 1), ("x0", 3)]


def test_lazy_rows_come_in_the_order_of_the_parts(words: Input) -> None:
    keys = lazy_rows(words, ("00002", "00000")).to_table()["word_id"].to_pylist()
    assert keys == ["b1", "w1", "x0", "w0", "w1", "w2"]


def test_a_video_is_at_home_in_the_lowest_part_that_holds_it(words: Input) -> None:
    assert home_parts([words], [("00000", "00001", "00002")]) == {"a": 0, "b": 0, "c": 0, "x": 2}


def test_no_batch_splits_a_group() -> None:
    table = to_table(ToyWord, [word(f"{number:02d}", letter) for number, letter in enumerate("aaabbcddddde")])
    found = [[key_of(row) for row in batch] for batch in batches(ToyWord, table, "letter", 3)]
    assert list(map(len, found)) == [3, 3, 5, 1]
    assert [key for batch in found for key in batch] == table["word_id"].to_pylist()
    assert [len(batch) for batch in batches(ToyWord, table, None, 5)] == [5, 5, 2]
    assert list(batches(ToyWord, table.slice(0, 0), None, 5)) == []


def test_repeats_are_the_lines_whose_key_came_before() -> None:
    assert repeats(pa.chunked_array([["a", "b"], ["a", "c", "b", "a"]])) == [2, 4, 5]
