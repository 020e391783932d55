"""Chance that depends on names alone: the same names give the same numbers, in whatever order they are asked for."""

import hashlib
from collections.abc import Mapping
from random import Random


def unit(*names: object) -> float:
    """A number in [0, 1) that depends on the names alone."""
    return int.from_bytes(_digest(names)) / 2**64


def dice(*names: object) -> Random:
    """A generator of chance that depends on the names alone."""
    return Random(int.from_bytes(_digest(names)))


def drawn(rates: Mapping[str, float], *names: object) -> str | None:
    """One of the keys at its rate, or None; their rates together are at most 1."""
    left = unit(*names)
    for name in sorted(rates):
        left -= rates[name]
        if left < 0:
            return name
    return None


def _digest(names: tuple[object, ...]) -> bytes:
    return hashlib.blake2b("\x1f".join(map(str, names)).encode(), digest_size=8).digest()
