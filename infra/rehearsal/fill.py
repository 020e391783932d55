"""Any JSON schema, filled in: the walk that every answer is made with, and the rules for what a schema may ask.

What stands in the fields is a ``Teller``'s business; the walk sees that types, bounds, lengths and choices are kept.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from infra.rehearsal.english import fitted, prose

DEEPEST = 12
MORE_ITEMS = 2
MORE_NUMBERS = 100

Schema = Mapping[str, Any]


class Teller(Protocol):
    """Knows what to write: asked before chance is."""

    def begin(self, name: str, schema: Schema) -> None:
        """An object called ``name`` starts; its fields come next."""

    def end(self) -> None:
        """The last object that began is done."""

    def whole(self, name: str, schema: Schema) -> Any:
        """The value of the list called ``name``; None where it knows none. Checked by nobody."""

    def leaf(self, name: str, schema: Schema) -> Any:
        """The value of a field, None where it knows none. What breaks the schema's bounds is not taken."""


class Chance:
    """Knows nothing: every value is left to chance."""

    def begin(self, name: str, schema: Schema) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""

    def whole(self, name: str, schema: Schema) -> Any:
        """None."""

    def leaf(self, name: str, schema: Schema) -> Any:
        """None."""


@dataclass(frozen=True)
class Walk:
    """A walk over one schema: ``root`` holds the definitions that ``$ref`` names."""

    root: Schema
    dice: Random
    teller: Teller

    def value(self, name: str, schema: Schema, depth: int = 0) -> Any:
        """A value that the schema allows, for a field of that name."""
        schema = self.resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        kind = _kind(schema)
        if kind == "object":
            return self._object(name, schema, depth)
        if kind == "array":
            told = self.teller.whole(name, schema)
            return self._list(name, schema, depth) if told is None else told
        told = self.teller.leaf(name, schema)
        return told if told is not None and allows(schema, told) else self._leaf(kind, schema)

    def resolved(self, schema: Schema, depth: int = 0) -> Schema:
        """The schema itself: behind references, and one of its alternatives (one without null, unless too deep)."""
        while True:
            if "$ref" in schema:
                schema = {**pointed(self.root, str(schema["$ref"])), **{k: v for k, v in schema.items() if k != "$ref"}}
            elif len(schema.get("allOf", ())) == 1:
                schema = {**schema["allOf"][0], **{k: v for k, v in schema.items() if k != "allOf"}}
            elif choices := schema.get("anyOf") or schema.get("oneOf"):
                nulls = [one for one in choices if one.get("type") == "null"]
                others = [one for one in choices if one.get("type") != "null"]
                schema = nulls[0] if nulls and (depth > DEEPEST or not others) else self.dice.choice(others)
            else:
                return schema

    def _object(self, name: str, schema: Schema, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = set(schema.get("required", properties if depth <= DEEPEST else ()))
        wanted = [name for name in properties if name in required or depth <= DEEPEST]
        self.teller.begin(name, schema)
        filled = {inner: self.value(inner, properties[inner], depth + 1) for inner in wanted}
        self.teller.end()
        return filled

    def _list(self, name: str, schema: Schema, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.value(name, one, depth + 1) for one in schema["prefixItems"]]
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, 1) + MORE_ITEMS))
        wanted = (
            least if depth > DEEPEST else self.dice.randint(min(max(least, 1), most), min(most, least + 1 + MORE_ITEMS))
        )
        found: list[Any] = []
        for _ in range(8 * max(1, wanted)):
            if len(found) >= wanted:
                break
            one = self.value(name, schema.get("items", {"type": "string"}), depth + 1)
            if not schema.get("uniqueItems") or one not in found:
                found.append(one)
        return found

    def _leaf(self, kind: str, schema: Schema) -> Any:
        if "enum" in schema:
            return self.dice.choice(schema["enum"])
        if kind == "boolean":
            return self.dice.random() < 0.5
        if kind == "null":
            return None
        if kind in ("integer", "number"):
            return self._number(kind, schema)
        return prose(self.dice, int(schema.get("minLength", 0)), schema.get("maxLength"))

    def _number(self, kind: str, schema: Schema) -> float:
        least, most = bounds(schema)
        if kind == "number":
            low = least if least > -math.inf else min(0.0, most - 1)
            number = round(self.dice.uniform(low, most if most < math.inf else low + 1), 3)
            return number if allows(schema, number) else (low + (most if most < math.inf else low + 1)) / 2
        step = schema.get("multipleOf", 1)
        low = math.ceil((least if least > -math.inf else min(0.0, most - MORE_NUMBERS)) / step)
        high = math.floor((most if most < math.inf else low * step + MORE_NUMBERS * step) / step)
        return int(self.dice.randint(low, max(low, high)) * step)


def pointed(root: Schema, pointer: str) -> Schema:
    """What a local reference such as ``#/$defs/Item`` points to."""
    found: Any = root
    for step in pointer.removeprefix("#").strip("/").split("/"):
        found = found[step] if step else found
    return found  # type: ignore[no-any-return]


def bounds(schema: Schema) -> tuple[float, float]:
    """The least and the greatest number that the schema allows; for an exclusive bound, the next one inside."""
    is_whole = _kind(schema) == "integer"
    least, most = float(schema.get("minimum", -math.inf)), float(schema.get("maximum", math.inf))
    if "exclusiveMinimum" in schema:
        least = max(least, schema["exclusiveMinimum"] + (1 if is_whole else 1e-6))
    if "exclusiveMaximum" in schema:
        most = min(most, schema["exclusiveMaximum"] - (1 if is_whole else 1e-6))
    return least, most


def allows(schema: Schema, value: object) -> bool:
    """Whether a field may hold the value."""
    if "enum" in schema:
        return value in schema["enum"]
    if isinstance(value, str):
        least, most = schema.get("minLength", 0), schema.get("maxLength", len(value))
        return _kind(schema) == "string" and bool(least <= len(value) <= most)
    if isinstance(value, bool):
        return _kind(schema) == "boolean"
    if isinstance(value, int | float):
        least, most = bounds(schema)
        kinds = ("number",) if isinstance(value, float) else ("integer", "number")
        return _kind(schema) in kinds and least <= value <= most
    return value is None and _kind(schema) == "null"


def shortened(schema: Schema, text: str) -> str:
    """The text, cut where the schema allows no more."""
    most = schema.get("maxLength")
    return text if most is None or len(text) <= most else fitted(text, int(most), int(schema.get("minLength", 0)))


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return str(next((one for one in kind if one != "null"), "null"))
    if kind is None:
        return "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)
