"""The one place that all workers of a run ask before they ask a model: limits, budget and pauses. Pure."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from infra.models.ledger import Ledger, Sum
from infra.models.limits import Pace, Seats, Window
from infra.profile_models import Budget, ModelPart

# How long an answer may take that no timeout ends: a batch has a day.
UNTIMED_S = 2 * 86_400.0


@dataclass(frozen=True)
class Pass:
    """Leave to send one request after ``wait_s`` seconds, which may take ``most`` tokens.

    ``aside`` is what the budget holds for it, ``ticket`` what it has at the limit of tokens.
    """

    wait_s: float
    most: float
    aside: Sum
    ticket: int


@dataclass(frozen=True)
class Turn:
    """What came of one visit: a pass for the first so many of those wanted, and seconds left of pauses by endpoint.

    ``spent`` says that the budget is used up, and how.
    """

    passes: tuple[Pass, ...] = ()
    pauses: Mapping[str, float] = field(default_factory=dict)
    spent: str = ""


class Counter:
    """What the desk keeps of one model."""

    def __init__(self, model: ModelPart, window_s: float) -> None:
        self.requests = Pace(0 if model.is_batch else model.requests_per_minute, window_s)
        self.tokens = Window(0 if model.is_batch else model.tokens_per_minute, window_s)
        self.silence_s = UNTIMED_S if model.is_here or model.is_batch else 2 * model.timeout_s + 60
        self.seats = Seats(model.seats, forget_s=self.silence_s)
        self.pauses: dict[str, float] = {}


@dataclass
class Afloat:
    """What one worker's requests in flight have set aside, and until when answers to them may come."""

    aside: Sum = field(default_factory=Sum)
    until: float = -math.inf


class Desk:
    """Limits and budget of one run, shared by all its workers: in this process, or in one Ray actor.

    Times go in and out as durations, because the clocks of two machines do not agree.
    """

    def __init__(
        self,
        models: Mapping[str, ModelPart],
        budget: Budget,
        now: Callable[[], float] = time.monotonic,
        window_s: float = 60.0,
    ) -> None:
        self.ledger = Ledger(budget.usd, budget.tokens)
        self._counters = {model.identity: Counter(model, window_s) for model in models.values()}
        self._afloat: defaultdict[str, Afloat] = defaultdict(Afloat)
        self._now = now
        self._lock = threading.Lock()

    def turn(
        self,
        model: str,
        worker: str,
        wanted: Sequence[Sum],
        freed: int = 0,
        settled: Sequence[tuple[Pass, Sum]] = (),
    ) -> Turn:
        """Hands out passes for what is wanted.

        Before that it takes back so many seats of requests that are no longer in flight, and the passes of those of
        which it is known by now what they took.
        """
        with self._lock:
            counter, now = self._counters[model], self._now()
            counter.seats.give(now, worker, freed)
            for given, actual in settled:
                counter.tokens.settle(given.ticket, actual.tokens)
                self.ledger.settle(model, given.most, given.aside, actual)
                self._afloat[worker].aside -= given.aside
            if not wanted:
                counter.seats.leave(worker)
                return Turn()
            return self._passes(counter, model, worker, wanted)

    def pause(self, model: str, endpoint: str, wait_s: float) -> None:
        """Nobody asks this endpoint for so long."""
        with self._lock:
            pauses, until = self._counters[model].pauses, self._now() + wait_s
            pauses[endpoint] = max(until, pauses.get(endpoint, until))

    def _passes(self, counter: Counter, model: str, worker: str, wanted: Sequence[Sum]) -> Turn:
        now = self._now()
        seats = counter.seats.take(now, worker, len(wanted))
        passes: list[Pass] = []
        spent = ""
        for one in wanted[:seats]:
            if not counter.tokens.has_room(now + counter.requests.wait_s(now), one.tokens):
                break
            aside = self.ledger.reserve(model, one)
            if aside is None:
                spent = str(self.ledger) if self._is_idle(now) else ""
                break
            wait_s = counter.requests.book(now)
            passes.append(Pass(wait_s, one.tokens, aside, counter.tokens.book(now + wait_s, one.tokens)))
            mine = self._afloat[worker]
            mine.aside, mine.until = mine.aside + aside, max(mine.until, now + wait_s + counter.silence_s)
        counter.seats.give(now, worker, seats - len(passes))
        pauses = {endpoint: until - now for endpoint, until in counter.pauses.items() if until > now}
        return Turn(tuple(passes), pauses, spent)

    def _is_idle(self, now: float) -> bool:
        """Whether nobody may still give back a part of what was set aside. Those who died do not."""
        return all(one.aside.is_nothing for one in self._afloat.values() if one.until > now)
