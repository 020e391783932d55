"""How fast a model may be asked: pure, with the clock handed in, and never faster than a server would count it."""

import math
from dataclasses import dataclass, field

WINDOW_S = 60.0
# A server counts what arrives, and arrivals bunch up where a line or a process falters for a moment: this part of the
# limit is left unused for it, which is worth about a second of faltering.
SPARE = 0.02
# This part may be sent at once after a pause, so that a slow start of the clock costs nothing.
BURST = 0.005


@dataclass
class Pace:
    """At most ``per_window`` units in any ``window_s`` seconds, wherever they begin; 0 is no limit.

    Each booking takes its time on a line: the next may begin when this one's is over. So any window holds what fits
    into it, and one booking more, which is why the largest one seen is subtracted from the rate.
    """

    per_window: float
    window_s: float = WINDOW_S
    free_at: float = -math.inf
    largest: float = 1.0

    def book(self, now: float, amount: float) -> float:
        """Books so much; gives how long to wait before sending it, in seconds."""
        if not self.per_window:
            return 0.0
        self.largest = max(self.largest, min(amount, self.per_window / 2))
        start = max(self.free_at, now - self.per_window * BURST / self._rate)
        self.free_at = start + amount / self._rate
        return max(0.0, start - now)

    def refund(self, amount: float) -> None:
        """Gives back what was booked and not used."""
        if self.per_window:
            self.free_at -= amount / self._rate

    @property
    def _rate(self) -> float:
        """Units per second."""
        usable = self.per_window * (1 - SPARE - BURST) - self.largest
        return max(usable, self.per_window * 0.01) / self.window_s


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
