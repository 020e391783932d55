"""How a rehearsal's teacher behaves: latency, limits, faults, defects and how often each model is right."""

import dataclasses
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.rehearsal.chance import dice
from schemas.errors import BadInput

Structured = Literal["schema", "json", "text"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A teacher. The same settings give the same answers, faults and defects, in whatever order requests come.

    ``latency_s`` is constant where ``latency_spread`` is 0; else the median of a log-normal, the spread its sigma.
    Limits of 0 are none. ``faults`` and ``defects`` are rates in [0, 1] by name (``FAULTS``, ``DEFECTS``);
    ``fault_attempts`` spares every attempt at the same request after that many, 0 none; ``batch_faults`` are those of
    batches and of their lines (``ENDS``, ``LINES`` in ``batches``). ``models`` gives each model's
    name and how often it is right, in [0, 1]; without any, every name is known and always right. ``structured`` is
    what ``response_format`` may ask for. ``answerers`` names a mapping, ``module:NAME``, from form names to answerers.
    """

    seed: int = 0
    latency_s: float = 0.0
    latency_spread: float = 0.0
    batch_s: float = 0.0
    batch_faults: Mapping[str, float] = field(default_factory=dict)
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    window_s: float = 60.0
    faults: Mapping[str, float] = field(default_factory=dict)
    fault_attempts: int = 0
    retry_after_s: float = 1.0
    defects: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, float] = field(default_factory=dict)
    structured: Structured = "schema"
    key: str = field(default="", repr=False)
    dimensions: int = 64
    log_chars: int = 400
    truth: str = ""
    answerers: str = ""

    def __post_init__(self) -> None:
        from infra.rehearsal.batches import ENDS, LINES
        from infra.rehearsal.defects import DEFECTS
        from infra.rehearsal.faults import FAULTS

        _rates("fault", self.faults, FAULTS)
        _rates("batch fault", self.batch_faults, (*ENDS, *LINES), most=math.inf)
        _rates("defect", self.defects, DEFECTS)
        _rates("model", self.models, self.models, most=math.inf)
        if self.structured not in ("schema", "json", "text"):
            raise BadInput(f"structured is {self.structured!r}; it must be 'schema', 'json' or 'text'")

    def to_json(self) -> str:
        """The settings as JSON."""
        return json.dumps(dataclasses.asdict(self), default=dict)


def from_json(text: str) -> Settings:
    """The settings that stand in a JSON object. Raises BadInput for an unknown name or a value that cannot be."""
    try:
        stored: dict[str, Any] = json.loads(text)
        return Settings(**stored)
    except (ValueError, TypeError) as wrong:
        if isinstance(wrong, BadInput):
            raise
        raise BadInput(f"these are no settings of a teacher: {wrong}; known are {', '.join(_names())}") from None


def _names() -> list[str]:
    return [one.name for one in dataclasses.fields(Settings)]


def _rates(what: str, rates: Mapping[str, float], known: Collection[str], most: float = 1.0) -> None:
    for name, rate in rates.items():
        if name not in known:
            raise BadInput(f"no {what} is called {name!r}; there are: {', '.join(known)}")
        if not 0 <= rate <= 1:
            raise BadInput(f"the rate of the {what} {name!r} is {rate!r}; it must lie in [0, 1]")
    if sum(rates.values()) > most + 1e-9:
        raise BadInput(f"the rates of all {what}s together are {sum(rates.values()):g}; they must not exceed 1")


def latency(settings: Settings, key: str, attempt: int) -> float:
    """How long this attempt at a request takes, in seconds."""
    if not settings.latency_spread:
        return settings.latency_s
    return settings.latency_s * dice(settings.seed, "latency", key, attempt).lognormvariate(0, settings.latency_spread)
