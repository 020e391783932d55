from random import Random
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rehearsal.fill import Chance, Walk

WORDS = st.text("abcdefgh", min_size=1, max_size=6)


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    texts = st.tuples(st.integers(0, 30), st.integers(0, 300)).map(
        lambda pair: {"type": "string", "minLength": pair[0], "maxLength": pair[0] + pair[1]}
    )
    whole = st.tuples(st.integers(-1000, 1000), st.integers(0, 50)).map(
        lambda pair: {"type": "integer", "minimum": pair[0], "maximum": pair[0] + pair[1]}
    )
    real = st.tuples(st.floats(-1e3, 1e3), st.floats(0.01, 50)).map(
        lambda pair: {"type": "number", "minimum": pair[0], "exclusiveMaximum": pair[0] + pair[1]}
    )
    choice = st.lists(WORDS, min_size=1, max_size=4, unique=True).map(lambda names: {"enum": names})
    plain = st.sampled_from(["string", "integer", "number", "boolean", "null"]).map(lambda kind: {"type": kind})
    return st.one_of(texts, whole, real, choice, plain, WORDS.map(lambda word: {"const": word}))


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(WORDS, inner, min_size=1, max_size=4).map(
        lambda fields: {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    )
    lists = st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
        lambda one: {"type": "array", "items": one[0], "minItems": one[1], "maxItems": one[1] + one[2]}
    )
    return st.one_of(objects, lists, st.tuples(inner, inner).map(lambda pair: {"anyOf": list(pair)}))


@given(st.recursive(leaves(), nested, max_leaves=12), st.integers(0, 1000))
def test_whatever_a_schema_asks_is_given(schema: dict[str, Any], seed: int) -> None:
    jsonschema.validate(Walk(schema, Random(seed), Chance()).value("", schema), schema)


TREE = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                "inner": {"type": "array", "items": {"$ref": "#/$defs/Node"}, "maxItems": 1},
            },
            "required": ["name", "next", "inner"],
        }
    },
    "$ref": "#/$defs/Node",
}


@pytest.mark.parametrize("seed", range(5))
def test_a_schema_that_holds_itself_comes_to_an_end(seed: int) -> None:
    jsonschema.validate(Walk(TREE, Random(seed), Chance()).value("", TREE), TREE)


def test_unique_items_are_unique() -> None:
    schema = {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "maxItems": 3, "uniqueItems": True}
    assert sorted(Walk(schema, Random(1), Chance()).value("", schema)) == ["a", "b", "c"]


def test_texts_read_like_sentences() -> None:
    schema = {"type": "string", "minLength": 40, "maxLength": 400}
    text = Walk(schema, Random(1), Chance()).value("", schema)
    assert text[0].isupper()
    assert text.endswith(".")
    assert len(text.split()) > 6
