"""Profiles with one thing wrong in them, and what a profile says, so that two can be compared."""

import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from infra.profile import Profile

BASE: dict[str, Any] = {
    "workers": {"cpus": 2.0, "memory_gb": 4.0, "idle_s": 30.0},
    "ray": {"address": "", "object_store_mb": 100},
    "retries": {"wait_s": [1.0, 5.0]},
    "batch_rows": {"WatchVideos": 4},
    "models": {
        "teacher": {
            "kind": "openai",
            "name": "m",
            "revision": "1",
            "endpoints": ["http://127.0.0.1:9/v1"],
            "key_env": "A_KEY",
            "in_flight": 4,
            "requests_per_minute": 60,
            "tokens_per_minute": 1000,
            "usd_per_million_in": 0.5,
            "usd_per_million_out": 2.0,
            "timeout_s": 30.0,
            "picture_tokens": 100,
            "mode": "live",
        }
    },
    "roles": {"writer": ["teacher"]},
    "budget": {"usd": 1.0, "tokens": 1000},
}
# What the user names is no key of ours.
NAMED_BY_THE_USER = {"models", "roles", "batch_rows"}
VALUES = (
    "nan", "inf", "-inf", "-1", "-0.0", "0", "1e308", "1e400", "9" * 400, "9" * 5000, "0x7fffffffffffffffffff", "true",
    '""', '"x"', '" "', '"\\u0000"', '"\\n"', '"http://[::1"', '"http://h:99999999/v1"', '"http://h/\\u202e"',
    '"ftp://h"', '"' + "x" * 100_000 + '"', "[]", "[[]]", "[" * 60 + "]" * 60, "[1, 'a']", "{}", "{a = 1}",
    "1979-05-27", "07:32:00", "'''a\nb'''", "1_000", "\"a' or 1=1\"", "[nan]", "[-1]", "[1e400]", '["a", "a"]',
    "[true]",
)  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    """One mutated text: what was done to which key, and whether it can only be refused."""

    text: str
    key: str
    is_surely_wrong: bool


def profiles(dice: Random) -> Iterator[Wrong]:
    """One after the other without end: keys misspelt, repeated, moved; values of another kind; bytes turned."""
    makers = (_misspelt, _repeated, _moved, _other_value, _other_value, _other_value, _garbled)
    while True:
        yield dice.choice(makers)(dice)


def toml(tree: Mapping[str, Any]) -> str:
    """A profile's values as TOML."""
    return "".join(f"{line}\n" for line in _lines(tree))


def said(profile: Profile) -> dict[str, Any]:
    """All that a profile says, as plain values that TOML can hold."""
    return {one.name: _plain(getattr(profile, one.name)) for one in dataclasses.fields(profile)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return list(value)
    if not dataclasses.is_dataclass(value):
        return value
    found = {one.name: (_plain(getattr(value, one.name)), one.default) for one in dataclasses.fields(value)}
    # What counts from 1 may stand at 0 only by not being said.
    return {key: inner for key, (inner, usual) in found.items() if inner not in (0, []) or usual not in (0, ())}


def _lines(tree: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if not isinstance(value, Mapping):
            yield f"{key} = {value if isinstance(value, Raw) else json.dumps(value)}"
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"[{path}{json.dumps(key)}]"
            yield from _lines(value, f"{path}{json.dumps(key)}.")


class Raw(str):
    """TOML that is written as it is."""

    __slots__ = ()


def _places(tree: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[dict[str, Any], str, tuple[str, ...]]]:
    for key, value in tree.items():
        yield tree, key, path
        if isinstance(value, dict):
            yield from _places(value, (*path, key))


def _chosen(dice: Random, *, ours: bool) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A copy of the base, and in it a table and one of its keys."""
    tree = copy.deepcopy(BASE)
    found = [(holder, key) for holder, key, path in _places(tree) if not (ours and path[-1:] in _USERS)]
    return tree, *dice.choice(found)


_USERS = {(name,) for name in NAMED_BY_THE_USER}


def _misspelt(dice: Random) -> Wrong:
    tree, holder, key = _chosen(dice, ours=True)
    at = dice.randrange(len(key))
    wrong = dice.choice((key[:at] + key[at + 1 :] or "x", f"{key}s", key.upper(), f"{key[:at]}_{key[at:]}"))
    wrong = wrong if wrong not in holder else f"{wrong}x"
    holder[wrong] = holder.pop(key)
    return Wrong(toml(tree), wrong, is_surely_wrong=True)


def _repeated(dice: Random) -> Wrong:
    tree, holder, key = _chosen(dice, ours=False)
    while isinstance(holder[key], dict):
        tree, holder, key = _chosen(dice, ours=False)
    holder[key] = Raw(f"{json.dumps(holder[key])}\n{key} = {json.dumps(holder[key])}")
    return Wrong(toml(tree), key, is_surely_wrong=True)


def _moved(dice: Random) -> Wrong:
    tree = copy.deepcopy(BASE)
    table, other = dice.sample(sorted(set(tree) - NAMED_BY_THE_USER), 2)
    tree[other][table] = tree.pop(table)
    return Wrong(toml(tree), table, is_surely_wrong=True)


def _other_value(dice: Random) -> Wrong:
    tree, holder, key = _chosen(dice, ours=False)
    holder[key] = Raw(dice.choice(VALUES))
    return Wrong(toml(tree), key, is_surely_wrong=False)


def _garbled(dice: Random) -> Wrong:
    text = toml(BASE)
    at = dice.randrange(len(text))
    piece = dice.choice(("\x00", "\ufeff", "\x1b[31m", "[", "]", "=", '"', "\n", "#", "\ud800", ""))
    return Wrong(text[:at] + piece + text[at + dice.randrange(3) :], "", is_surely_wrong=False)
