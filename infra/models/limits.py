"""How fast a model may be asked: pure, with the clock handed in, and never faster than a server would count it."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

WINDOW_S = 60.0
# A server counts what arrives, and arrivals bunch up where a line or a process falters for a moment: this part of the
# limit is left unused for it, which is worth about a second of faltering.
SPARE = 0.02
# This part may be sent at once after a pause, so that a slow start of the clock costs nothing.
BURST = 0.005


@dataclass
class Pace:
    """At most ``per_window`` requests in any ``window_s`` seconds, wherever they begin; 0 is no limit.

    Each takes its time on a line: the next may begin when this one's is over. So any window holds what fits into it,
    and one more, which is why one is subtracted from the rate.
    """

    per_window: float
    window_s: float = WINDOW_S
    free_at: float = -math.inf

    def wait_s(self, now: float) -> float:
        """How long the next one would have to wait before it is sent."""
        return max(0.0, self._start(now) - now) if self.per_window else 0.0

    def book(self, now: float) -> float:
        """Books one; gives how long to wait before sending it, in seconds."""
        wait_s = self.wait_s(now)
        if self.per_window:
            self.free_at = self._start(now) + 1 / self._rate
        return wait_s

    def _start(self, now: float) -> float:
        return max(self.free_at, now - self.per_window * BURST / self._rate)

    @property
    def _rate(self) -> float:
        """Requests per second."""
        usable = self.per_window * (1 - SPARE - BURST) - 1
        return max(usable, self.per_window * 0.01) / self.window_s


@dataclass
class Window:
    """At most ``limit`` tokens in any ``window_s`` seconds, wherever they begin; 0 is no limit.

    Each request counts with the most that it can take until it is known what it took, and for a little longer than a
    window. One that can take more than the limit goes alone.
    """

    limit: float
    window_s: float = WINDOW_S
    total: float = 0.0
    sent: dict[int, tuple[float, float]] = field(default_factory=dict)
    tickets: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def has_room(self, at: float, most: float) -> bool:
        """Whether a request may be sent at this time, which is not before that of any other that was booked."""
        while self.sent and (first := next(iter(self.sent.items())))[1][0] <= at - self.window_s * (1 + SPARE):
            self.settle(first[0], 0)
            del self.sent[first[0]]
        return not self.limit or not self.sent or self.total + most <= self.limit

    def book(self, at: float, most: float) -> int:
        """Counts a request; gives its ticket."""
        ticket = next(self.tickets)
        if self.limit:
            self.sent[ticket] = at, most
            self.total += most
        return ticket

    def settle(self, ticket: int, took: float) -> None:
        """Counts what it took in the end; what was sent more than a window ago counts no more."""
        if ticket in self.sent:
            at, counted = self.sent[ticket]
            self.sent[ticket] = at, took
            self.total += took - counted


@dataclass
class Seats:
    """How many requests may be in flight, shared evenly among the workers that ask. A worker that is silent is gone."""

    most: int
    forget_s: float
    held: dict[str, int] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)

    def take(self, now: float, worker: str, wanted: int) -> int:
        """How many of the wanted seats this worker gets now."""
        self.heard[worker] = now
        for other in [name for name, when in self.heard.items() if now - when > self.forget_s]:
            self.held.pop(other, None), self.heard.pop(other)
        share = math.ceil(self.most / len(self.heard))
        mine = self.held.get(worker, 0)
        granted = max(0, min(wanted, self.most - sum(self.held.values()), share - mine))
        self.held[worker] = mine + granted
        return granted

    def give(self, now: float, worker: str, seats: int) -> None:
        """Gives seats back."""
        self.heard[worker] = now
        self.held[worker] = max(0, self.held.get(worker, 0) - seats)

    def leave(self, worker: str) -> None:
        """A worker asks for nothing any more: its share is the others'."""
        if not self.held.get(worker):
            self.heard.pop(worker, None)
            self.held.pop(worker, None)
