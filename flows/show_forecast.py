"""How a person reads what a build will ask of models: a table, what it comes to, and what that rests on."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.table import Table

from flows.estimate import Forecast
from flows.estimate_sample import ACCURACY
from flows.forecasting import Outlook, Trial, outlook
from flows.show import plain
from flows.wish import Wish
from infra.profile_models import Cast
from infra.run import Run

COLUMNS = ("table", "model", "calls", "counted", "tokens in", "tokens out", "US dollars", "time", "the others by")
WORDS = ("table", "model", "the others by")


def told(wish: Wish, run: Run, trial: Trial) -> Iterator[Table | str]:
    """The forecast of a run that is not begun."""
    seen = outlook(wish, run, trial)
    yield forecast_table(seen.forecasts)
    yield from _total(seen, wish.where.cast)
    yield from assumptions(seen, wish.where.cast, trial)


def forecast_table(forecasts: Sequence[Forecast]) -> Table:
    """A line per table and model that is still to be asked."""
    table = Table(title="What models will be asked", title_justify="left", title_style="bold", box=None, padding=(0, 2))
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in WORDS else "right", overflow="fold")
    for one in forecasts:
        numbers = (one.calls, one.counted, one.tokens_in, one.tokens_out)
        cost = "no price" if one.usd is None else f"{one.usd:,.2f}"
        table.add_row(one.table, plain(one.model), *(f"{n:,}" for n in numbers), cost, lasting(one.seconds), one.rate)
    return table


def _total(seen: Outlook, cast: Cast) -> Iterator[str]:
    """Calls, tokens and dollars together; the longest that any one model takes."""
    asked = seen.forecasts
    into, out = sum(one.tokens_in for one in asked), sum(one.tokens_out for one in asked)
    priced = [one.usd for one in asked if one.usd is not None]
    cost = f"{sum(priced):,.2f} US dollars" if priced else "no prices in the profile"
    cost += ", beside models without a price" if priced and len(priced) < len(asked) else ""
    calls = sum(one.calls for one in asked)
    time = lasting(_longest(asked))
    yield f"\n[b]{calls:,} calls, {into:,} tokens in, {out:,} tokens out, {cost}; {time} or more.[/b]"
    budget = cast.budget
    if budget.usd and sum(priced) > budget.usd:
        yield f"That is more than the budget of {budget.usd:g} US dollars: the run would stop on the way."
    if budget.tokens and into + out > budget.tokens:
        yield f"That is more than the budget of {budget.tokens:,} tokens: the run would stop on the way."


def assumptions(seen: Outlook, cast: Cast, trial: Trial) -> Iterator[str]:
    """What the figures rest on."""
    others = f"; {seen.others} more files are no film or a copy" if seen.others else ""
    yield f"Footage: {seen.minutes:,.1f} minutes in {seen.films:,} films, as their headers claim{others}."
    models = {one.model for one in seen.forecasts}
    pictures = {part.picture_tokens for part in cast.models.values() if part.identity in models}
    yield f"A picture counts as {' or '.join(map(str, sorted(pictures)))} tokens (picture_tokens), 4 characters as one."
    if seen.is_rehearsed:
        known = "by --truth" if trial.truth else "made up"
        yield (
            f"In the rehearsal facts were {known}, judges and panels were right {ACCURACY:.0%} of the time, "
            "and answers were as long as the teacher's: real ones may be longer, and those who think first say more."
        )
    yield f"An answer takes {trial.latency_s:g} s (--latency); decoding the footage comes beside it."
    schemas = sum(one.schema_tokens for one in seen.forecasts)
    yield f"Where a server bills the JSON schemas of answers, add about {schemas:,} tokens in."


def lasting(seconds: float | None) -> str:
    """A duration as a person says it."""
    if seconds is None:
        return "a day"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _longest(asked: Sequence[Forecast]) -> float | None:
    """The time of the model that takes longest; its tables share its limits. None where a batch is among them."""
    by_model: dict[str, float] = defaultdict(float)
    for one in asked:
        if one.seconds is None and one.calls:
            return None
        by_model[one.model] += one.seconds or 0.0
    return max(by_model.values(), default=0.0)
