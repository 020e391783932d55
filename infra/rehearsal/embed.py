"""Embeddings made of words: texts that share words lie near each other."""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
WORD = re.compile(r"\w+")


def embedded(text: str, seed: int, dimensions: int) -> Vector:
    """The text's vector, of length 1: the sum of its words' directions. An address of a picture counts as one word."""
    words = [text] if text.startswith("data:") else WORD.findall(text.casefold()) or [text]
    total = np.sum([_direction(word, seed, dimensions) for word in words], axis=0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)


def written(vector: Vector, form: str) -> list[float] | str:
    """The vector as the API sends it: ``base64`` of little-endian float32, or a list of numbers."""
    if form == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return [float(value) for value in vector]


def texts_of(given: object) -> Sequence[str] | None:
    """The texts that a request wants embedded; None where it gives none."""
    if isinstance(given, str) and given:
        return [given]
    is_list = isinstance(given, list) and given and all(isinstance(one, str) and one for one in given)
    return given if is_list else None  # type: ignore[return-value]  # checked in the line above


@lru_cache(maxsize=50_000)
def _direction(word: str, seed: int, dimensions: int) -> Vector:
    digest = hashlib.blake2b(f"{seed}\x1f{word}".encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest)).standard_normal(dimensions).astype(np.float32)
