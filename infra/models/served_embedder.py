"""Vectors from an OpenAI-compatible server: what is in the call log is taken from there, the rest is asked."""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from infra.models.errands import Errand, Errands, run
from infra.models.estimate import BYTES_PER_TOKEN, used
from infra.models.ledger import Sum
from infra.models.raw import BadEnvelope, Raw
from infra.models.teller import Teller
from infra.models.trip import Unanswered
from infra.models.wire import VECTORS
from schemas.errors import ModelDrift, ToolDown, Unsupported
from schemas.units import BlobId

Vector = npt.NDArray[np.float32]
# The API takes 2,048 texts and 300,000 tokens at a time; smaller lots are answered sooner, and lost more cheaply.
TEXTS, CHARACTERS = 64, 100_000
# A vector as it is kept: so many bytes a number.
KEPT = np.dtype("<f4")


class ServedEmbedder(Errands):
    """One model behind a role that gives vectors. Safe to be called from several threads."""

    _width = 0

    def texts(self, texts: Sequence[str]) -> Vector:
        """A row of length 1 per text: (n, d). Raises ToolDown, BudgetSpent, BadInput, ModelDrift."""
        keys = [self._key(text) for text in texts]
        self.ask_for(dict(zip(keys, texts, strict=True)), lots, self._ask)
        kept = [self.kept(key) for key in keys]
        for raw in kept:
            self.tally.add(self.part, [raw])
        vectors = [self._checked(np.frombuffer(base64.b64decode(raw.text), KEPT)) for raw in kept]
        return np.stack(vectors).astype(np.float32) if vectors else np.zeros((0, self._width), np.float32)

    def pictures(self, blobs: Sequence[BlobId]) -> Vector:
        """Raises Unsupported: the API takes only text."""
        raise Unsupported(f"{self.model} is asked over an API for texts; it cannot see {len(blobs)} pictures")

    def _key(self, text: str) -> str:
        return hashlib.sha256(json.dumps([self.model, "vector", text]).encode()).hexdigest()

    def _checked(self, vector: Vector) -> Vector:
        """The vector, which is as long as all others of this model."""
        self._width = self._width or len(vector)
        if len(vector) != self._width:
            raise ModelDrift(
                f"{self.model} gives vectors of {len(vector)} numbers, and gave {self._width} before; "
                "give the model a new revision in the profile to go on with it"
            )
        return vector

    async def _ask(self, teller: Teller, texts: dict[str, str]) -> None:
        asked = {"model": self.part.name, "input": list(texts.values()), "encoding_format": "base64"}
        bound = sum(len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN + 1 for text in texts.values())
        most = Sum(bound, self.part.cost(bound, 0))

        def read(kind: str, body: bytes) -> tuple[list[Raw], Sum]:
            vectors, tokens, said = opened(kind, body, len(texts), bound)
            share = tokens // len(vectors)
            raws = [
                Raw(base64.b64encode(vector.astype(KEPT).tobytes()).decode(), tokens_in=share, said=said)
                for vector in vectors
            ]
            raws[0] = Raw(raws[0].text, tokens_in=tokens - share * (len(raws) - 1), said=said)
            return raws, Sum(tokens, self.part.cost(tokens, 0))

        errand = Errand(VECTORS, json.dumps(asked).encode(), "application/json", most, read)
        try:
            raws, url = await run(teller, errand, self.stopped.is_set)
        except Unanswered as end:
            raise ToolDown(f"{self.model} gives no vectors: {end.fault.detail}") from None
        await self.keep(teller, url, dict(zip(texts, raws, strict=True)))


def lots(texts: dict[str, str]) -> list[dict[str, str]]:
    """The texts in lots that one request may hold."""
    made: list[dict[str, str]] = []
    size = 0
    for key, text in texts.items():
        size += len(text)
        if not made or len(made[-1]) >= TEXTS or size > CHARACTERS:
            made.append({})
            size = len(text)
        made[-1][key] = text
    return made


def opened(kind: str, body: bytes, count: int, bound: int) -> tuple[list[Vector], int, str]:
    """The vectors of an answer in the order of the texts, each of length 1; tokens, and the model that it says it is.

    Numbers may come as such or as base64 of little-endian floats. Raises BadEnvelope.
    """
    shown = body[:300].decode("utf-8", "replace")
    try:
        told = json.loads(body)
        rows = sorted(told["data"], key=lambda row: int(row["index"]))
        vectors = [_vector(row["embedding"]) for row in rows]
        said, usage = str(told.get("model") or ""), told.get("usage")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise BadEnvelope(f"no list of vectors, but {kind or 'something unnamed'}", shown) from None
    if len(vectors) != count or [row["index"] for row in rows] != list(range(count)):
        raise BadEnvelope(f"{len(vectors)} vectors for {count} texts", shown)
    if len({len(vector) for vector in vectors}) != 1 or not all(_is_sound(vector) for vector in vectors):
        raise BadEnvelope("vectors of several lengths, of nothing, or not of numbers", shown)
    spent = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return [vector / np.linalg.norm(vector) for vector in vectors], used(spent, bound, 100 * bound), said


def _vector(told: Any) -> Vector:
    if isinstance(told, str):
        return np.frombuffer(base64.b64decode(told, validate=True), KEPT).astype(np.float64)
    return np.array([float(number) for number in told])


def _is_sound(vector: Vector) -> bool:
    return len(vector) > 0 and math.isfinite(length := float(np.linalg.norm(vector))) and length > 0
