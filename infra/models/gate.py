"""One worker's way to the desk: those who want to ask wait here, and one visit serves all of them."""

import asyncio
from collections import deque
from itertools import islice
from typing import Any, Protocol

from infra.models.desk import Desk, Pass, Turn
from infra.models.ledger import Sum
from schemas.errors import BudgetSpent

AT_ONCE = 256
# How long to wait before asking a desk again that had nothing to give; a desk in this process calls us anyway.
AGAIN_S = 0.1
Brought = tuple[list[Sum], int, list[tuple[Pass, Sum]]]
"""What is brought to the desk: what is wanted, how many seats are free again, and what is settled."""


class Door(Protocol):
    """The desk, wherever it is; ``here`` where it is in this process."""

    here: Desk | None

    async def turn(self, model: str, worker: str, brought: Brought) -> Turn:
        """See ``Desk.turn``."""

    async def pause(self, model: str, endpoint: str, wait_s: float) -> None:
        """See ``Desk.pause``."""


class HereDoor:
    """A desk in this process."""

    def __init__(self, desk: Desk) -> None:
        self.here: Desk | None = desk
        self._desk = desk

    async def turn(self, model: str, worker: str, brought: Brought) -> Turn:
        """See ``Desk.turn``."""
        return self._desk.turn(model, worker, *brought)

    async def pause(self, model: str, endpoint: str, wait_s: float) -> None:
        """See ``Desk.pause``."""
        self._desk.pause(model, endpoint, wait_s)


class RayDoor:
    """A desk in a Ray actor."""

    def __init__(self, actor: Any) -> None:
        self.here: Desk | None = None
        self._actor = actor

    async def turn(self, model: str, worker: str, brought: Brought) -> Turn:
        """See ``Desk.turn``."""
        told: Turn = await self._actor.turn.remote(model, worker, *brought)
        return told

    async def pause(self, model: str, endpoint: str, wait_s: float) -> None:
        """See ``Desk.pause``."""
        await self._actor.pause.remote(model, endpoint, wait_s)


class Gate:
    """Where the requests of one model in one worker wait for leave to be sent. To be used in one event loop."""

    def __init__(self, door: Door, model: str, worker: str) -> None:
        self._door, self._model, self._worker = door, model, worker
        self._wanted: deque[tuple[Sum, asyncio.Future[Pass]]] = deque()
        self._freed = 0
        self._settled: list[tuple[Pass, Sum]] = []
        self._visits: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None
        self.pauses: dict[str, float] = {}

    async def enter(self, wanted: Sum) -> Pass:
        """Leave to send one request that takes at most so much. Raises BudgetSpent."""
        future: asyncio.Future[Pass] = asyncio.get_running_loop().create_future()
        self._wanted.append((wanted, future))
        self._stir()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and not future.exception():
                self.free()
                self.settle(future.result(), Sum())
            raise

    def free(self) -> None:
        """A request is no longer in flight: its seat is the next one's, before anybody looks at the answer."""
        self._freed += 1
        self._stir()

    def settle(self, given: Pass, took: Sum) -> None:
        """What the request of this pass took in the end."""
        self._settled.append((given, took))
        self._stir()

    async def pause(self, endpoint: str, wait_s: float) -> None:
        """Nobody, in any worker, asks this endpoint for so long."""
        await self._door.pause(self._model, endpoint, wait_s)

    def _stir(self) -> None:
        if self._door.here:
            self._visit_here(self._door.here)
            return
        self._news.set()
        if self._visits is None or self._visits.done():
            self._visits = asyncio.get_running_loop().create_task(self._visit_all())

    def _visit_here(self, desk: Desk) -> None:
        """Visits without waiting, as long as the desk gives leave."""
        is_served = True
        while self._freed or self._settled or (self._wanted and is_served):
            is_served = self._taken(desk.turn(self._model, self._worker, *self._brought()))
        if self._wanted and (self._later is None or self._later.cancelled()):
            self._later = asyncio.get_running_loop().call_later(AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        self._later = None
        if self._wanted:
            self._stir()

    async def _visit_all(self) -> None:
        while self._wanted or self._freed or self._settled:
            self._news.clear()
            try:
                is_served = self._taken(await self._door.turn(self._model, self._worker, self._brought()))
            except Exception as error:  # noqa: BLE001  whoever waits shall hear of it
                self._turn_away(error)
                return
            if self._wanted and not is_served and not self._news.is_set():
                await self._wait_for_news()

    def _brought(self) -> Brought:
        while self._wanted and self._wanted[0][1].done():
            self._wanted.popleft()
        freed, self._freed = self._freed, 0
        settled, self._settled = self._settled, []
        return [one for one, _ in islice(self._wanted, AT_ONCE)], freed, settled

    def _taken(self, turn: Turn) -> bool:
        """Hands out what the desk gave; whether it gave any leave."""
        if turn.pauses or self.pauses:
            now = asyncio.get_running_loop().time()
            self.pauses = {endpoint: now + wait_s for endpoint, wait_s in turn.pauses.items()}
        for given in turn.passes:
            _, future = self._wanted.popleft()
            if future.done():
                self._freed += 1
                self._settled.append((given, Sum()))
            else:
                future.set_result(given)
        if turn.spent:
            self._turn_away(BudgetSpent(f"the budget is spent: {turn.spent}; all replies that were paid for are kept"))
        return bool(turn.passes)

    def _turn_away(self, error: Exception) -> None:
        waiting, self._wanted = self._wanted, deque()
        for _, future in waiting:
            if not future.done():
                future.set_exception(error)

    async def _wait_for_news(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), AGAIN_S)
        except TimeoutError:
            return


class Rounds:
    """Has one request at a time made ready, and the event loop look round in between.

    Making one ready takes most of the CPU time. Where answers come in a burst, all the next ones would be made ready
    in a row, and what arrives meanwhile would wait for all of them before its seat is given on.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def next(self) -> None:
        """Returns at the start of a round of the event loop that belongs to the caller alone."""
        async with self._lock:
            await asyncio.sleep(0)
