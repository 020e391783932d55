"""What a build will ask of models and what that costs: what is counted, and the rest at the rates that were seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.forecast import AskingTable, Load, PartLoad, Said, Survey
from infra.profile_models import Cast, ModelPart

# Two films whose calls differ by so little, and whose lengths differ by more, are asked about by the film.
SAME = 0.02
Unit = Literal["minute", "video"]


@dataclass(frozen=True)
class Forecast:
    """What one table will still ask of one model. ``usd`` is None without a price; ``seconds`` None for a batch.

    ``counted`` of the ``calls`` are known to the letter; ``rate`` says what the others are taken from.
    """

    table: str
    model: str
    calls: int
    counted: int
    tokens_in: int
    schema_tokens: int
    tokens_out: int
    usd: float | None
    seconds: float | None
    rate: str = ""


@dataclass(frozen=True)
class Evidence:
    """A survey to learn from: minutes of footage by address, tokens of a picture by model, and how to call it."""

    survey: Survey
    minutes: Mapping[str, float]
    name: str
    picture_tokens: int | None = None


@dataclass(frozen=True)
class _Seen:
    """What one part of a table asked of one model, and of how much footage."""

    load: Load
    said: Said
    units: Mapping[Unit, float]


def is_enough(survey: Survey) -> bool:
    """Whether every table that has something to ask was answered in some part, so that no rehearsal is needed."""
    return all(
        any(part.state == "asked" and any(one.answers for one in part.said.values()) for part in table.parts)
        for table in survey.tables
        if any(part.state == "unknown" or _calls(part.left.values()) for part in table.parts)
    )


def forecasts(mine: Evidence, sample: Evidence | None, cast: Cast, latency_s: float) -> list[Forecast]:
    """What is still to be asked, table by table and model by model.

    Rates come from the parts of this very dataset where there are some, else from the rehearsed sample.
    """
    parts = {part.identity: part for part in cast.models.values()}
    others = {table.table: table for table in sample.survey.tables} if sample else {}
    made = []
    for table in mine.survey.tables:
        for number, model in enumerate(table.models):
            if model in parts:
                other = (sample, others[table.table]) if sample and table.table in others else None
                made.append(_forecast(_Asked(mine, table, model), other, number, parts[model], latency_s))
    return made


@dataclass(frozen=True)
class _Asked:
    """One table of some evidence, and one of the models that it asks."""

    evidence: Evidence
    table: AskingTable
    model: str

    def seen(self) -> list[_Seen]:
        """The parts that tell what is asked of how much footage."""
        return [
            _Seen(part.whole[self.model], part.said.get(self.model, Said()), self.units(part))
            for part in self.table.parts
            if self.model in part.whole
        ]

    def units(self, part: PartLoad) -> dict[Unit, float]:
        """How much footage the part holds."""
        lengths = [self.evidence.minutes.get(one.uri, 0.0) for one in self.evidence.survey.sources[part.part]]
        return {"minute": sum(lengths), "video": sum(length > 0 for length in lengths)}

    def left(self) -> Load:
        """What is counted and not paid."""
        return sum((part.left.get(self.model, Load()) for part in self.table.parts), Load())

    def unknown(self, unit: Unit) -> float:
        """How much footage it is of which nothing is counted."""
        return sum(self.units(part)[unit] for part in self.table.parts if part.state == "unknown")


def _forecast(
    asked: _Asked, other: tuple[Evidence, AskingTable] | None, number: int, model: ModelPart, latency_s: float
) -> Forecast:
    taught = _Asked(*other, other[1].models[number]) if other else None
    own = [one for one in asked.seen() if one.units["video"]]
    source = asked if own or not taught else taught
    seen = own or (taught.seen() if taught else [])
    unit = _unit(seen)
    rate = _sum(one.load for one in seen).times(1 / max(1e-9, sum(one.units[unit] for one in seen)))
    left = asked.left()
    load = left + rate.times(asked.unknown(unit))
    answered = [one for one in own if one.said.answers]
    heard = asked if answered or not taught else taught
    said = answered or [one for one in (taught.seen() if taught else []) if one.said.answers]
    factor, per_answer = _heard(said, heard.evidence.picture_tokens or model.picture_tokens)
    tokens_in = factor * (load.text + load.pictures * model.picture_tokens)
    tokens_out = per_answer * load.calls
    return Forecast(
        table=asked.table.table,
        model=model.identity,
        calls=round(load.calls),
        counted=round(left.calls),
        tokens_in=round(tokens_in),
        schema_tokens=round(load.schemas),
        tokens_out=round(tokens_out),
        usd=_usd(model, tokens_in, tokens_out, load.calls * _sound_s(said)),
        seconds=None if model.mode == "batch" else _seconds(model, load.calls, tokens_in + tokens_out, latency_s),
        rate=f"{rate.calls:.3g} a {unit}: {source.evidence.name}" if asked.unknown(unit) else "",
    )


def _sound_s(seen: Iterable[_Seen]) -> float:
    """How many seconds of sound one call holds."""
    said = sum((one.said for one in seen), Said())
    return said.heard_s / said.answers if said.answers else 0.0


def _usd(model: ModelPart, tokens_in: float, tokens_out: float, sound_s: float) -> float | None:
    """What that costs; None where the profile gives no price for it."""
    is_priced = model.usd_per_minute > 0 if sound_s else model.has_price
    return model.cost(tokens_in, tokens_out, sound_s) if is_priced else None


def _unit(seen: Sequence[_Seen]) -> Unit:
    """Whether it is asked about films as wholes, or more about longer ones."""
    per_video = [one.load.calls / one.units["video"] for one in seen if one.units["video"]]
    lengths = [one.units["minute"] / one.units["video"] for one in seen if one.units["video"]]
    if len(seen) < 2 or not min(lengths, default=0):
        return "minute"
    is_same = max(per_video) - min(per_video) <= SAME * max(per_video)
    return "video" if is_same and max(lengths) / min(lengths) > 1 + 2 * SAME else "minute"


def _heard(seen: Iterable[_Seen], picture_tokens: int) -> tuple[float, float]:
    """How many tokens a server counts for one of ours, and how many it answers with."""
    seen = list(seen)
    said, load = sum((one.said for one in seen), Said()), _sum(one.load for one in seen)
    ours = load.text + load.pictures * picture_tokens
    factor = said.tokens_in / ours if ours and said.tokens_in else 1.0
    return factor, said.tokens_out / said.answers if said.answers else 0.0


def _seconds(model: ModelPart, calls: float, tokens: float, latency_s: float) -> float:
    """How long it takes at the model's limits, or at so many in flight."""
    limits = ((calls, model.requests_per_minute), (tokens, model.tokens_per_minute))
    return max(
        calls * latency_s / max(1, model.in_flight), *(60 * much / limit if limit else 0.0 for much, limit in limits)
    )


def _sum(loads: Iterable[Load]) -> Load:
    return sum(loads, Load())


def _calls(loads: Iterable[Load]) -> float:
    return sum(load.calls for load in loads)
