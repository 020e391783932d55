"""A row type as Great Expectations pairs. Great Expectations itself is not imported here: it takes seconds."""

from typing import Any

from schemas.columns import Column, columns
from schemas.row import Row

Expectation = tuple[str, dict[str, Any]]
"""The name of a Great Expectations class, and its arguments."""


def expectations(row_type: type[Row]) -> list[Expectation]:
    """Everything that one declaration promises, as expectations over a flat frame of the table.

    Lists and vectors are checked by length only, in a column ``<name>_length``: Great Expectations gives wrong
    answers about the lengths of short lists. Rules that link columns are a column ``<rule>`` of true and false.
    """
    found: list[Expectation] = [("ExpectColumnValuesToBeUnique", {"column": row_type.key})]
    for column in columns(row_type):
        found += _of(column)
    found += [("ExpectColumnValuesToBeInSet", {"column": rule, "value_set": [True]}) for rule in row_type.rules]
    return found


def _of(column: Column) -> list[Expectation]:
    found: list[Expectation] = []
    if not column.nullable:
        found.append(("ExpectColumnValuesToNotBeNull", {"column": column.name}))
    if column.choices:
        found.append(("ExpectColumnValuesToBeInSet", {"column": column.name, "value_set": list(column.choices)}))
    if not column.repeated:
        found += _between(column)
    if column.min_length is not None:
        lengths = {"column": f"{column.name}_length", "min_value": column.min_length, "max_value": column.max_length}
        found.append(("ExpectColumnValuesToBeBetween", lengths))
    return found


def _between(column: Column) -> list[Expectation]:
    low = column.at_least if column.at_least is not None else column.above
    high = column.at_most if column.at_most is not None else column.below
    if low is None and high is None:
        return []
    bounds = {"column": column.name, "min_value": low, "max_value": high}
    strict = {"strict_min": column.above is not None, "strict_max": column.below is not None}
    return [("ExpectColumnValuesToBeBetween", bounds | {name: True for name, on in strict.items() if on})]
