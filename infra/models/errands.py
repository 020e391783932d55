"""What is asked of a server besides chat: vectors, and words that were spoken; within the same limits and budget."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from infra.models.faults import Fault
from infra.models.ledger import Sum
from infra.models.raw import BadEnvelope
from infra.models.teller import AskAgain, Endpoint, Teller, Trip

T = TypeVar("T")


@dataclass(frozen=True)
class Errand(Generic[T]):
    """One request: where to, its body and of what kind, what it takes at most, and how its answer is read.

    ``read`` takes the content type and the body, and gives what they say and what it took. Raises BadEnvelope.
    """

    path: str
    body: bytes
    kind: str
    most: Sum
    read: Callable[[str, bytes], tuple[T, Sum]]


async def run(teller: Teller, errand: Errand[T], stopped: Callable[[], bool]) -> tuple[T, str]:
    """What an endpoint says, and which. Raises Unanswered, ToolDown, BudgetSpent, BadInput."""
    return await teller.through(lambda endpoint: _once(teller, endpoint, errand, stopped))


async def _once(teller: Teller, endpoint: Endpoint, errand: Errand[T], stopped: Callable[[], bool]) -> tuple[T, str]:
    trip = Trip(errand.most, endpoint.dialect.manner)
    try:
        seat = teller.seat(trip, endpoint, stopped)
        kind, body = await endpoint.line.ask(errand.body, seat, errand.path, errand.kind)
        told, trip.took = errand.read(kind, body)
    except TimeoutError:
        raise Fault("timeout", f"no whole answer within {teller.model.timeout_s:g} s") from None
    except BadEnvelope as wrong:
        raise Fault("envelope", wrong.what, raw=endpoint.line.hide(wrong.body)) from None
    except (AskAgain, Fault):
        trip.took = Sum()
        raise
    finally:
        teller.settle(trip)
    endpoint.health.succeeded()
    return told, endpoint.url
