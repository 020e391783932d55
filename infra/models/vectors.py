"""Vectors by a model in this process: of texts, or of texts and pictures in one space.

A folder of sentence-transformers says itself how its vectors come about; that is read here, and needs no package of its
own. A plain encoder gets the mean over its tokens.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from infra.models.weights import Weights, opened
from schemas.errors import BadInput, Unsupported
from schemas.units import BlobId

POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_lasttoken": "lasttoken"}
# Stands for a text without a letter, which some tokenizers make no token of, and then there is no vector.
NOTHING = "."
PARTS = {"Transformer", "Pooling", "Normalize"}
Vectors = npt.NDArray[np.float32]


class HeldTexts:
    """A text encoder: texts in, vectors of length 1 out."""

    def __init__(self, weights: Weights) -> None:
        self.model, self._batch, self._device = weights.part.identity, weights.part.batch, weights.device
        self._pooling, longest = _recipe(weights)
        self._tokenizer = weights.tokenizer()
        self._tokenizer.padding_side = "right"
        self._encoder = weights.model("AutoModel", unused=("pooler.",))
        room = int(getattr(weights.config, "max_position_embeddings", 0) or 1 << 20)
        self._longest = min(longest or room, room, int(self._tokenizer.model_max_length))

    def texts(self, texts: Sequence[str]) -> Vectors:
        """A row of length 1 per text: (n, d). What is longer than the model reads is cut off."""
        return _batched(texts, self._batch, len, self._encoded)

    def pictures(self, blobs: Sequence[BlobId]) -> Vectors:
        """Raises Unsupported: it reads only text."""
        raise Unsupported(f"{self.model} cannot see {len(blobs)} pictures; give the role a model such as CLIP")

    def _encoded(self, texts: Sequence[str]) -> Any:
        whole = [text if text.strip() else NOTHING for text in texts]
        asked = self._tokenizer(whole, padding=True, truncation=True, max_length=self._longest, return_tensors="pt").to(
            self._device
        )
        states = self._encoder(**asked).last_hidden_state
        mask = asked["attention_mask"].unsqueeze(-1).to(states.dtype)
        if self._pooling == "cls":
            return states[:, 0]
        if self._pooling == "lasttoken":
            return states[range(len(texts)), asked["attention_mask"].sum(dim=1) - 1]
        return (states * mask).sum(dim=1) / mask.sum(dim=1)


class HeldPictures:
    """A model of texts and pictures in one space, of the make of CLIP and SigLIP."""

    def __init__(self, weights: Weights, get: Callable[[BlobId], bytes]) -> None:
        self.model, self._batch, self._device = weights.part.identity, weights.part.batch, weights.device
        self._get = get
        self._tokenizer, self._pictures = weights.tokenizer(), weights.pictures()
        self._encoder = weights.model("AutoModel")
        self._longest = int(weights.config.text_config.max_position_embeddings)
        # SigLIP was taught with every text padded to its full length.
        self._padding = "max_length" if "siglip" in weights.config.model_type else True

    def texts(self, texts: Sequence[str]) -> Vectors:
        """A row of length 1 per text: (n, d). What is longer than the model reads is cut off."""
        return _batched(texts, self._batch, len, self._read)

    def pictures(self, blobs: Sequence[BlobId]) -> Vectors:
        """A row of length 1 per JPEG, in the space of the texts: (n, d)."""
        return _batched(blobs, self._batch, lambda _: 0, self._seen)

    def _read(self, texts: Sequence[str]) -> Any:
        asked = self._tokenizer(
            list(texts), padding=self._padding, truncation=True, max_length=self._longest, return_tensors="pt"
        )
        asked.pop("token_type_ids", None)
        found = self._encoder.get_text_features(**asked.to(self._device))
        return getattr(found, "pooler_output", found)

    def _seen(self, blobs: Sequence[BlobId]) -> Any:
        pictures = [opened(self._get(blob)) for blob in blobs]
        asked = self._pictures(images=pictures, return_tensors="pt").to(self._device)
        asked["pixel_values"] = asked["pixel_values"].to(self._encoder.dtype)
        found = self._encoder.get_image_features(**asked)
        return getattr(found, "pooler_output", found)


def embedder(weights: Weights, get: Callable[[BlobId], bytes]) -> HeldTexts | HeldPictures:
    """The embedder that these weights are. Raises BadInput where they are none."""
    if weights.fits("MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING"):
        return HeldPictures(weights, get)
    return HeldTexts(weights)


def _batched(things: Sequence[Any], batch: int, size: Callable[[Any], int], work: Callable[[Any], Any]) -> Vectors:
    """Rows of length 1 in the order of the things; those of about the same size are worked on together."""
    import torch

    order = sorted(range(len(things)), key=lambda at: size(things[at]))
    rows: list[Any] = [None] * len(things)
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            places = order[start : start + batch]
            found = work([things[at] for at in places]).float()
            found = torch.nn.functional.normalize(found, dim=-1).cpu().numpy()
            for at, row in zip(places, found, strict=True):
                rows[at] = row
    return np.stack(rows) if rows else np.zeros((0, 0), np.float32)


def _recipe(weights: Weights) -> tuple[str, int]:
    """How tokens become one vector, and how many of them are read (0: as the architecture says)."""
    listed = weights.file("modules.json")
    if listed is None:
        return "mean", 0
    modules = json.loads(listed.read_text("utf-8"))
    kinds = [str(one["type"]).rpartition(".")[2] for one in modules]
    if strange := set(kinds) - PARTS:
        raise BadInput(f"{weights.part.identity} has a part {sorted(strange)[0]}, and only {sorted(PARTS)} are known")
    pooling = next((one["path"] for one, kind in zip(modules, kinds, strict=True) if kind == "Pooling"), None)
    limits = _read(weights.file("sentence_bert_config.json"))
    return _pooling(weights, pooling), int(limits.get("max_seq_length") or 0)


def _pooling(weights: Weights, folder: str | None) -> str:
    if folder is None:
        raise BadInput(f"{weights.part.identity} has no Pooling among its parts, so it gives no vector of a text")
    told = _read(weights.file(f"{folder}/config.json"))
    named = {told["pooling_mode"]} if isinstance(told.get("pooling_mode"), str) else set()
    named |= {
        POOLINGS.get(key, key) for key, value in told.items() if key.startswith("pooling_mode_") and value is True
    }
    if len(named) != 1 or not named <= set(POOLINGS.values()):
        raise BadInput(f"{weights.part.identity} pools by {sorted(named)}; known is one of {sorted(POOLINGS.values())}")
    return str(named.pop())


def _read(path: Path | None) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(path.read_text("utf-8")) if path else {}
    return stored
