"""What a row is: a frozen value, declared once."""

import dataclasses

import numpy as np
import pytest

from schemas.errors import WiringError
from schemas.row import Row, key_of
from schemas.units import Floats


class Cut(Row, table="test_cuts", key="cut_id"):
    """One cut, for these tests."""

    cut_id: str
    weights: Floats


def a_cut(cut_id: str = "a", weights: tuple[float, ...] = (0.5, 1.0)) -> Cut:
    return Cut(cut_id=cut_id, weights=np.array(weights, np.float32))


def test_a_row_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        a_cut().cut_id = "b"  # type: ignore[misc]


def test_rows_are_equal_when_every_column_is_vectors_included() -> None:
    assert a_cut() == a_cut()
    assert a_cut() != a_cut(weights=(0.5, 1.5))
    assert a_cut() != a_cut(weights=(0.5,))
    assert hash(a_cut()) == hash(a_cut())


def test_an_undefined_number_equals_itself_in_a_vector() -> None:
    assert a_cut(weights=(float("nan"),)) == a_cut(weights=(float("nan"),))


def test_the_key_of_a_row_is_the_value_of_its_key_column() -> None:
    assert key_of(a_cut("x")) == "x"


def test_a_table_without_a_docstring_is_refused() -> None:
    with pytest.raises(WiringError, match="docstring"):
        type("Bare", (Row,), {"__annotations__": {"a": str}}, table="bare", key="a")


def test_a_key_that_is_no_column_is_refused() -> None:
    with pytest.raises(WiringError, match="'b' is not one of its columns"):
        type("Odd", (Row,), {"__annotations__": {"a": str}, "__doc__": "Odd."}, table="odd", key="b")
