"""Limits as a server counts them: what came in over the last minute, at every moment, and who came back too soon."""

import email.utils
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

# What was on its way when the server asked to be left alone is nobody's fault.
ON_ITS_WAY_S = 0.2


@dataclass
class Window:
    """What counts against one limit within the last ``length_s`` seconds; ``limit`` 0 is none."""

    limit: int
    length_s: float
    _seen: deque[tuple[float, int]] = field(default_factory=deque)
    _total: int = 0

    def wait_s(self, now: float, amount: int) -> float:
        """How long until that much more fits, in seconds; 0 when it fits now."""
        self._forget(now)
        over = self._total + amount - self.limit
        if not self.limit or over <= 0:
            return 0.0
        for when, size in self._seen:
            over -= size
            if over <= 0:
                return when + self.length_s - now
        return self.length_s

    def add(self, now: float, amount: int) -> None:
        """Counts that much more."""
        if self.limit:
            self._seen.append((now, amount))
            self._total += amount

    def _forget(self, now: float) -> None:
        while self._seen and self._seen[0][0] <= now - self.length_s:
            self._total -= self._seen.popleft()[1]


class Limits:
    """The requests and tokens per window of one model, and how often they were overstepped."""

    def __init__(self, requests: int, tokens: int, window_s: float) -> None:
        self._requests, self._tokens = Window(requests, window_s), Window(tokens, window_s)
        self.violations = 0

    def admit(self, now: float, tokens: int) -> float:
        """0 where the request is within the limits, and counted; else how long to wait, in seconds: a violation."""
        wait = max(self._requests.wait_s(now, 1), self._tokens.wait_s(now, tokens))
        if wait:
            self.violations += 1
            return wait
        self._requests.add(now, 1)
        self._tokens.add(now, tokens)
        return 0.0

    def spend(self, now: float, tokens: int) -> None:
        """Counts the tokens of an answer."""
        self._tokens.add(now, tokens)


@dataclass
class Waits:
    """When one model asked its clients, with Retry-After, to stay away: from when on, and until when."""

    spans: deque[tuple[float, float]] = field(default_factory=deque)

    def asked(self, now: float, headers: Mapping[str, str], since_1970: float) -> None:
        """Takes in the headers of an answer that is sent now."""
        said = headers.get("retry-after", "")
        date = email.utils.parsedate_tz(said)
        wait = email.utils.mktime_tz(date) - since_1970 if date else float(said or 0)
        if wait > ON_ITS_WAY_S:
            self.spans.append((now + ON_ITS_WAY_S, now + wait))

    def is_early(self, now: float) -> bool:
        """Whether a request that arrives now comes before the time is over."""
        self.spans = deque(span for span in self.spans if span[1] > now)
        return any(begin <= now for begin, _ in self.spans)
