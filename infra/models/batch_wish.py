"""One request of a batch: its name, its line, who waits for it, and what is wrong where no answer comes."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.models.batch_line import Answered, BatchLine, BatchState
from infra.models.faults import Fault
from infra.models.judge import Next
from schemas.errors import BudgetSpent

# The API's own limits are 50,000 requests and 200 MB a file.
MOST_REQUESTS, MOST_BYTES = 50_000, 190_000_000


@dataclass
class Wish:
    """A request that waits to be sent, or for its answer. ``line`` is empty once it is sent."""

    name: str
    stopped: Callable[[], bool]
    line: bytes = b""
    future: asyncio.Future[Answered] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def named(key: str, step: Next) -> str:
    """The name of one try in a batch: the same after a crash, whatever was learnt about the server meanwhile."""
    text = json.dumps([key, step.max_tokens, step.said, step.told, step.repairs])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def cut(wishes: list[Wish], most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES) -> list[list[Wish]]:
    """The wishes in lots that one file may hold. The same name comes once a file."""
    lots: list[list[Wish]] = []
    size = 0
    for wish in wishes:
        size += len(wish.line)
        if not lots or len(lots[-1]) >= most_requests or size > most_bytes:
            lots.append([])
            size = len(wish.line)
        lots[-1].append(wish)
    return lots


def turn_away(wishes: list[Wish], error: Exception) -> None:
    """Tells all who still wait what went wrong."""
    for wish in wishes:
        if not wish.future.done():
            wish.future.set_exception(error)


def fault_of(line: BatchLine, told: Answered) -> Fault:
    """The fault behind a line that holds no answer."""
    if told.status:
        return line.fault(told.status, told.body)
    code = str((told.body.get("error") or {}).get("code", "")) if isinstance(told.body, dict) else ""
    return Fault("timeout" if "expired" in code else "envelope", f"the batch did not ask it: {code or 'no reason'}")


def unfulfilled(state: BatchState) -> Exception:
    """Why a batch has no line for one of its requests."""
    if state.status == "cancelled":
        return BudgetSpent(f"{state.batch_id} was cancelled at the server; what it had answered is kept")
    if state.status == "failed":
        return Fault("down", f"{state.batch_id} failed: {state.why or 'no reason given'}")
    if state.status == "expired":
        return Fault("timeout", f"{state.batch_id} expired")
    return Fault("envelope", f"{state.batch_id} brought no line for it")
