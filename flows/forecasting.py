"""The whole of a plan's forecast: what is counted, whether a rehearsal is needed, and what both come to."""

from dataclasses import dataclass
from typing import Any

from flows.estimate import Evidence, Forecast, forecasts, is_enough
from flows.estimate_sample import rehearsed
from flows.lengths import minutes
from flows.wish import Wish
from infra.forecast import survey
from infra.run import Run


@dataclass(frozen=True)
class Trial:
    """How to find out what cannot be counted: videos to rehearse, what is true of them, seconds an answer takes."""

    sample: int = 2
    truth: str = ""
    latency_s: float = 2.0


@dataclass(frozen=True)
class Outlook:
    """What a build will ask, and of how much footage: minutes, films, and files that are none or come twice."""

    forecasts: tuple[Forecast, ...]
    minutes: float
    films: int
    others: int
    is_rehearsed: bool


def outlook(wish: Wish, run: Run, trial: Trial) -> Outlook:
    """What is still to be asked in this run. Costs nothing: whoever is asked meanwhile is a simulated teacher."""
    counted, lengths = survey(run), minutes(run.sources)
    is_needed = trial.sample > 0 and any(lengths.values()) and not is_enough(counted)
    sample = rehearsed(wish, lengths, trial.sample, trial.truth) if is_needed else None
    mine = Evidence(counted, lengths, "as in the parts that are there")
    made: Any = forecasts(mine, sample, wish.where.cast, trial.latency_s)
    films = sum(length > 0 for length in lengths.values())
    return Outlook(tuple(made), sum(lengths.values()), films, len(lengths) - films, sample is not None)
