"""What went wrong with one request, told apart by what follows from it; and how an endpoint is doing."""

import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# busy: come back later.  down: perhaps gone.  quota: the account is empty.  denied: a wrong key, model or address.
# request: this request's own fault.  filtered: its content's.  timeout: no whole answer in time.
Kind = Literal["busy", "down", "quota", "denied", "request", "filtered", "timeout", "envelope"]
KEYS = re.compile(r"\b(sk|key|pk)-[A-Za-z0-9_*-]{6,}")
LONGEST_WAIT_S = 7 * 86_400


class Fault(Exception):
    """One request that brought no answer. ``wait_s`` is what the server asks for; ``raw`` what it said."""

    def __init__(self, kind: Kind, detail: str, wait_s: float | None = None, raw: str = "") -> None:
        super().__init__(kind, detail, wait_s, raw)
        self.kind, self.detail, self.wait_s, self.raw = kind, detail, wait_s, raw


def of_status(status: int, headers: Mapping[str, str], body: Any, now: float) -> Fault:
    """The fault behind a status that is no success. ``now`` is the time of day, in seconds since 1970."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    told = inner if isinstance(inner, dict) else {"message": inner}
    code = str(told.get("code") or told.get("type") or "")
    message = " ".join(str(told.get("message") or told.get("detail") or "").split())
    detail = f"status {status}: {message or code or 'no reason given'}"[:500]
    param = f" '{told['param']}'" if told.get("param") else ""
    if status == 402 or "insufficient_quota" in {code, str(told.get("type"))}:
        return Fault("quota", detail)
    if status == 429:
        return Fault("busy", detail, retry_after(headers, now))
    if status in {408, 409, 425} or status >= 500:
        return Fault("down", detail, retry_after(headers, now))
    if "content_filter" in code or "content_policy" in code:
        return Fault("filtered", detail, raw=message)
    if status in {400, 413, 415, 422}:
        return Fault("request", detail + param, raw=message)
    return Fault("denied", detail)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, as ``retry-after-ms``, ``retry-after`` in seconds or as a date say; None where none does."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        said = headers.get(name)
        if said is None:
            continue
        try:
            wait = float(said) * unit
        except ValueError:
            wait = _until(said, now)
        if math.isfinite(wait):
            return min(max(0.0, wait), LONGEST_WAIT_S)
    return None


def _until(date: str, now: float) -> float:
    """Seconds until then; not a number where that is no date."""
    try:
        found = email.utils.parsedate_tz(date)
        return email.utils.mktime_tz(found) - now if found else math.nan
    except (ValueError, OverflowError):
        return math.nan


def hidden(text: str, key: str) -> str:
    """The text without the key, and without what looks like one: servers like to repeat it."""
    return KEYS.sub("(key)", text.replace(key, "(key)") if len(key) > 4 else text)


@dataclass(frozen=True)
class Habits:
    """How patient we are. ``straight`` failures in a row over ``down_after_s`` seconds: the endpoint counts as down.

    One request is tried again for ``patience_s``; it waits a random time up to ``first_wait_s``, doubled each time, at
    most ``longest_wait_s``. An endpoint that is down is tried again after ``probe_s``. A batch is
    sent once nothing more was wanted for ``gather_s``, and looked at every ``look_s``, sooner at first.
    """

    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    patience_s: float = 900.0
    straight: int = 20
    down_after_s: float = 10.0
    probe_s: float = 30.0
    timeouts: int = 3
    envelopes: int = 3
    gather_s: float = 1.0
    look_s: float = 30.0

    def backoff(self, tries: int, chance: float) -> float:
        """How long to wait after so many failures; ``chance`` is uniform in [0, 1): full jitter."""
        return chance * min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(tries, 20))


@dataclass
class Health:
    """How one endpoint is doing. Times are of one monotonic clock."""

    habits: Habits
    straight: int = 0
    since: float = 0.0
    paused_until: float = -math.inf
    down_until: float = -math.inf
    shy_until: float = -math.inf

    def succeeded(self) -> None:
        """It answers."""
        self.straight, self.down_until, self.shy_until = 0, -math.inf, -math.inf

    def failed(self, now: float) -> None:
        """It did not answer."""
        self.since = self.since if self.straight else now
        self.straight += 1
        self.shy_until = now + self.habits.backoff(self.straight, 1.0)
        if self.straight >= self.habits.straight and now - self.since >= self.habits.down_after_s:
            self.down_until = now + self.habits.probe_s

    def pause(self, until: float) -> None:
        """It asked to be left alone."""
        self.paused_until = max(self.paused_until, until)

    def is_down(self, now: float) -> bool:
        """Whether it is worth asking at all."""
        return now < self.down_until

    def is_shy(self, now: float) -> bool:
        """Whether another endpoint should be asked first: this one has just failed."""
        return now < self.shy_until

    def wait_s(self, now: float) -> float:
        """How long it wants to be left alone still."""
        return max(0.0, self.paused_until - now)
