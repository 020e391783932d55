"""What was asked, when, and how it was answered: one entry per request to a model."""

import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(kw_only=True, slots=True)  # not frozen: that would double what an entry costs
class Entry:
    """One request. ``at_s`` counts from the server's start; ``planted`` are its defects; ``asked`` is cut."""

    number: int
    at_s: float
    seconds: float
    path: str
    model: str
    key: str
    attempt: int
    sample: int
    form: str
    asked: str
    pictures: int
    in_flight: int
    status: int
    fault: str
    planted: tuple[dict[str, Any], ...]
    tokens_in: int
    tokens_out: int
    is_violation: bool = False
    is_early: bool = False
    is_gone: bool = False


@dataclass
class Log:
    """Every request so far, and how many there were at once. May be read from any thread."""

    entries: list[Entry] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0
    arrived: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _attempts: Counter[str] = field(default_factory=Counter)

    def arrive(self) -> int:
        """Counts a request in; gives its number."""
        self.arrived += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        return self.arrived

    def leave(self) -> None:
        """Counts a request out."""
        self.in_flight -= 1

    def attempt(self, key: str) -> int:
        """How often the same was asked before."""
        self._attempts[key] += 1
        return self._attempts[key] - 1

    def note(self, entry: Entry) -> None:
        """Keeps an entry."""
        with self._lock:
            self.entries.append(entry)

    def since(self, number: int = 0) -> list[dict[str, Any]]:
        """The entries from the one at that place on, as plain values."""
        with self._lock:
            return [asdict(entry) for entry in self.entries[number:]]

    def clear(self) -> None:
        """Forgets everything but what is under way."""
        with self._lock:
            self.entries.clear()
        self.peak, self.arrived = self.in_flight, 0
        self._attempts.clear()

    def stats(self) -> dict[str, Any]:
        """Sums over all entries."""
        with self._lock:
            entries = list(self.entries)
        planted = Counter(one["defect"] for entry in entries for one in entry.planted)
        return {
            "requests": self.arrived,
            "answered": sum(entry.status == 200 and not entry.is_gone for entry in entries),
            "in_flight": self.in_flight,
            "peak_in_flight": self.peak,
            "violations": sum(entry.is_violation for entry in entries),
            "early": sum(entry.is_early for entry in entries),
            "gone": sum(entry.is_gone for entry in entries),
            "repeated": sum(entry.attempt > 0 for entry in entries),
            "tokens_in": sum(entry.tokens_in for entry in entries),
            "tokens_out": sum(entry.tokens_out for entry in entries),
            "statuses": {str(status): count for status, count in sorted(Counter(e.status for e in entries).items())},
            "faults": dict(sorted(Counter(entry.fault for entry in entries if entry.fault).items())),
            "planted": dict(sorted(planted.items())),
        }
