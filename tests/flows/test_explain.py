"""A row is found by the beginning of its id, though the ids of what was made of it begin with its own."""

from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa
import pytest

from flows.explain import Shelf
from schemas.errors import BadInput
from storage.manifest import Manifest, TableFacts

TABLES = {
    "videos": ("video_id", ["aaaaaaaa1", "bbbbbbbb2"]),
    "items": ("item_id", ["aaaaaaaa1/rearrange/01", "aaaaaaaa1/find_cut/02"]),
    "evidence": ("evidence_id", ["aaaaaaaa1/rearrange/01/00", "aaaaaaaa1/rearrange/01/01"]),
}


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A video with two items, one of them with evidence, and a video without any."""
    with duckdb.connect() as connection:
        for table, (key, ids) in TABLES.items():
            connection.execute(f"CREATE TABLE {table} AS SELECT unnest($ids) AS {key}", {"ids": ids})

        def ask(sql: str, given: Mapping[str, str] | None = None) -> pa.Table:
            return connection.execute(sql, given or None).to_arrow_table()

        facts = tuple(TableFacts(name, 2, (), "", "made", 1, ()) for name in TABLES)
        yield Shelf(ask, Manifest(1, "toy", "", {}, "", "", facts, {}, {}, {}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "table", "row_id"),
    [
        ("aaaaaa", "videos", "aaaaaaaa1"),
        ("aaaaaaaa1/rea", "items", "aaaaaaaa1/rearrange/01"),
        ("aaaaaaaa1/rearrange/01", "items", "aaaaaaaa1/rearrange/01"),
        ("aaaaaaaa1/rearrange/01/01", "evidence", "aaaaaaaa1/rearrange/01/01"),
    ],
)
def test_the_beginning_of_an_id_leads_to_the_row_itself(shelf: Shelf, given: str, table: str, row_id: str) -> None:
    found = shelf.find(given)
    assert (found.table, found.row_id) == (table, row_id)


def test_the_beginning_of_several_ids_of_one_table_is_told_with_what_it_may_mean(shelf: Shelf) -> None:
    with pytest.raises(BadInput, match="several rows begin with 'aaaaaaaa1/': aaaaaaaa1/find_cut/02, aaaaaaaa1/rea"):
        shelf.find("aaaaaaaa1/")


def test_a_sign_that_stands_for_others_in_sql_stands_for_itself(shelf: Shelf) -> None:
    with pytest.raises(BadInput, match="no row has the id"):
        shelf.find("aaaaaaaa1/rea%")
