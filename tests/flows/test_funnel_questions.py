"""Questions that models wrote are in the funnel: each one that became no item is counted once, with its cause."""

import duckdb

from storage.report.facts import DROPPED


def test_every_question_that_became_no_item_is_counted_once() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE questions AS SELECT unnest(['a', 'b', 'c', 'd']) AS question_id")
        connection.execute("CREATE TABLE items AS SELECT 'a' AS item_id")
        connection.execute(
            """CREATE TABLE rejects AS SELECT unnest(['c', 'c', 'd', 'b']) AS row_id,
               unnest(['bad_answer', 'refused', 'cut_off', 'refused']) AS reason,
               unnest(['sound_claims', 'sound_claims', 'sound_claims', 'claims']) AS from_table"""
        )
        found = dict(connection.execute(DROPPED).fetchall())
    assert found == {"bad answer": 1, "cut off": 1, "criterion violated": 1}
