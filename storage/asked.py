"""Which models had a hand in a dataset: what the metadata of its cells says of their answers, tokens and versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.built import Built
from storage.tables import facts


@dataclass(frozen=True)
class ModelFacts:
    """What one model answered, over all tables: ``versions`` are the servers' ``system_fingerprint``, where they tell.

    More than one means that something changed behind the name while it was asked.
    """

    answers: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0
    versions: tuple[str, ...] = ()


def asked_of(built: Built) -> dict[str, ModelFacts]:
    """The models by identity, each with all that it answered."""
    found: dict[str, ModelFacts] = {}
    for table in built.tables:
        for cell in table.cells:
            for name, told in facts(cell).get("models", {}).items():
                if told:
                    found[name] = _and(found.get(name, ModelFacts()), told)
    return dict(sorted(found.items()))


def _and(known: ModelFacts, told: Mapping[str, Any]) -> ModelFacts:
    return ModelFacts(
        answers=known.answers + told.get("answers", 0),
        tokens_in=known.tokens_in + told.get("tokens_in", 0),
        tokens_out=known.tokens_out + told.get("tokens_out", 0),
        cost_usd=known.cost_usd + told.get("cost_usd", 0),
        versions=tuple(sorted({*known.versions, *told.get("versions", ())})),
    )
