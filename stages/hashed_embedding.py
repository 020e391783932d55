"""Vectors of texts without a model: hashed words and pieces of words. What there is when no embedder is configured.

It knows no meaning. "A car stops" and "An automobile halts" are strangers to it; texts are alike when they share words
or parts of words. Captions of one model about like pictures do, so it finds repeats; it is no match for a trained
embedder, and likenesses lie lower and elsewhere on its scale: a threshold that suits one does not suit the other.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from schemas.errors import Unsupported
from schemas.units import BlobId

MODEL = "hashed-ngrams@1"
"""Its identity. The number goes up whenever a text may get another vector."""

WIDTH = 1024
PIECES = (3, 4, 5)
PIECE_WEIGHT = 0.3
WORD = re.compile(r"\w+")
# They stand in every English sentence, and so would make all of them alike.
FILLERS = frozenset(
    {
        "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "into", "is", "it", "its",
        "of", "on", "or", "over", "that", "the", "their", "there", "they", "this", "to", "up", "was", "were", "what",
        "which", "while", "who", "with",
    }
)  # fmt: skip


def embedded(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """A row of length 1 per text: (n, 1024). Words, pairs of words and pieces of words count, each by 1 + ln(times).

    A text without a word is one single feature, so that its row has length 1, too.
    """
    rows = np.zeros((len(texts), WIDTH), np.float32)
    for place, text in enumerate(texts):
        row = rows[place]
        for feature, times in Counter(_features(text)).items():
            stamp = crc32(feature.encode("utf-8", "surrogatepass"))
            weight = (PIECE_WEIGHT if feature.startswith("~") else 1.0) * (1 + math.log(times))
            row[stamp % WIDTH] += weight if stamp & 0x80000000 else -weight
        length = float(np.linalg.norm(row))
        row[0] += not length  # features that cancel each other out
        rows[place] = row / (length or 1)
    return rows


def _features(text: str) -> Iterator[str]:
    """The words that say something, each with the one before it, and all pieces of them, marked as such."""
    words = [word for word in WORD.findall(text.casefold()) if word not in FILLERS]
    if not words:
        yield f"only {text.strip().casefold()}"
    yield from words
    yield from (f"{one} {other}" for one, other in pairwise(words))
    for word in words:
        edged = f" {word} "
        for size in PIECES:
            yield from (f"~{edged[at : at + size]}" for at in range(len(edged) - size + 1))


class HashedNgrams:
    """The embedder that needs no model and no download: see above for how much weaker it is."""

    model = MODEL

    def texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """A row of length 1 per text: (n, 1024)."""
        return embedded(texts)

    def pictures(self, blobs: Sequence[BlobId]) -> npt.NDArray[np.float32]:
        """Raises Unsupported: it reads only text."""
        raise Unsupported(f"{MODEL} cannot see {len(blobs)} pictures; give the role 'embedder' a model that can")
