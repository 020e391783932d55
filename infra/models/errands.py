"""What is asked of a server besides chat: vectors, and words that were spoken; within the same limits and budget."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from infra.models.claims import Claims
from infra.models.faults import Fault
from infra.models.kept_chat import LOOK_S, OTHERS_S, Tally
from infra.models.ledger import Sum
from infra.models.loop import Loop, OnCall
from infra.models.raw import BadEnvelope, Raw
from infra.models.replies import Replies
from infra.models.teller import Endpoint, Teller
from infra.models.trip import AskAgain, Trip
from infra.order import Stopped
from infra.profile_models import ModelPart
from schemas.errors import ToolDown

T = TypeVar("T")
W = TypeVar("W")


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


class Errands:
    """One model behind a role that is asked for other things than chat. Safe to be called from several threads."""

    def __init__(
        self,
        part: ModelPart,
        loop: Loop,
        replies: Replies,
        teller: Callable[[], Coroutine[Any, Any, Teller]],
        tally: Tally,
    ) -> None:
        self.part, self.replies, self.tally = part, replies, tally
        self._loop, self._teller = loop, OnCall(loop, teller)
        self._claims = Claims(replies.folder / "claims")
        self.stopped = threading.Event()

    @property
    def model(self) -> str:
        """The identity, ``name@revision``."""
        return self.part.identity

    def kept(self, key: str) -> Raw:
        """What the call log holds under this key. Raises ToolDown when that cannot be read back."""
        raw = self.replies.find(key)
        if raw is None:
            raise ToolDown(f"what {self.model} said cannot be read back from {self.replies.folder}")
        return raw

    def ask_for(
        self,
        wanted: Mapping[str, W],
        lots: Callable[[dict[str, W]], Iterable[T]],
        ask: Callable[[Teller, T], Awaitable[None]],
    ) -> None:
        """Has all that the call log lacks asked for, by key: here, or by whoever is asking for it already.

        ``ask`` asks for a lot and keeps what is said; several are in flight at once. The first error ends it, once
        what is in flight is kept. Raises Stopped once ``stopped`` is set.
        """
        self.replies.refresh()
        left = {key: one for key, one in wanted.items() if self.replies.find(key) is None}
        while left:
            claim = self._claims.take(list(left))
            try:
                self.replies.refresh()  # somebody may have ended just before
                left = {key: one for key, one in left.items() if self.replies.find(key) is None}
                mine = {key: one for key, one in left.items() if key not in claim.others}
                if mine:
                    self._wait_for(self._loop.submit(self._ask_all(lots(mine), ask)))
            finally:
                claim.release()
            left = {key: one for key, one in left.items() if key in claim.others}
            if left and self.stopped.wait(OTHERS_S):
                raise Stopped(f"stopped while asking {self.model}")
        self.replies.refresh()

    async def keep(self, teller: Teller, url: str, told: Mapping[str, Raw]) -> None:
        """Puts what an endpoint said into the call log, by key. Raises ModelDrift, DiskFull."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        stamped = {key: replace(raw, endpoint=url, at=at) for key, raw in told.items()}
        for raw in stamped.values():
            teller.check_drift(raw)
        await asyncio.gather(*(self.replies.keep(key, raw) for key, raw in stamped.items()))

    def close(self) -> None:
        """Closes connections and files. Nothing may be asked afterwards."""
        self.stopped.set()
        self._teller.leave()
        self.replies.close()

    def _wait_for(self, work: "Future[None]") -> None:
        while True:
            try:
                return work.result(LOOK_S)
            except TimeoutError:
                if work.done():
                    raise
                if self.stopped.is_set():
                    work.cancel()
                    raise Stopped(f"stopped while asking {self.model}") from None

    async def _ask_all(self, lots: Iterable[T], ask: Callable[[Teller, T], Awaitable[None]]) -> None:
        teller = await self._teller.come()
        waiting, failed = iter(lots), list[Exception]()

        async def work() -> None:
            for lot in waiting:
                if failed:
                    return
                try:
                    await ask(teller, lot)
                except Exception as error:  # noqa: BLE001  raised below, once what is in flight is kept
                    failed.append(error)

        await asyncio.gather(*(work() for _ in range(self.part.in_flight)))
        if failed:
            raise failed[0]


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
