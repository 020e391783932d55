"""``Chat`` that pays for nothing twice: what is in the call log is taken from there, the rest is asked."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from infra.models.claims import Claim, Claims
from infra.models.faults import Fault
from infra.models.judge import Next, decide, key_of_try
from infra.models.loop import Loop, OnCall
from infra.models.raw import Raw
from infra.models.replies import Replies
from infra.models.trip import Unanswered
from infra.order import Stopped
from infra.profile_models import ModelPart
from schemas.chat import Answer, NoReply, Request
from schemas.errors import Reason

LOOK_S = 0.05
# How often to look for what another process is asking.
OTHERS_S = 0.5


class Tells(Protocol):
    """What knows how to get an answer: from a server, or from weights in this process. To be used in one event loop."""

    async def tell(self, request: Request, step: Next, stopped: Callable[[], bool]) -> Raw:
        """An answer, to be kept.

        Raises Unanswered, ToolDown, BudgetSpent, BadInput, ModelDrift; CancelledError once ``stopped`` says so.
        """

    async def close(self) -> None:
        """Lets go of connections, threads and weights."""


@dataclass
class Tally:
    """What the answers that were handed out had cost, whenever they were paid for, by model."""

    of: dict[str, Counter[str]] = field(default_factory=dict)
    versions: dict[str, set[str]] = field(default_factory=dict)

    def add(self, model: ModelPart, tries: Sequence[Raw]) -> None:
        """Counts one answer."""
        into, out = sum(raw.tokens_in for raw in tries), sum(raw.tokens_out for raw in tries)
        counts = self.of.setdefault(model.identity, Counter())
        self.versions.setdefault(model.identity, set()).update(raw.version for raw in tries if raw.version)
        heard_s = sum(raw.seconds for raw in tries)
        nano_usd = round(model.cost(into, out, heard_s) * 1e9)
        counts.update(answers=1, tokens_in=into, tokens_out=out, heard_s=heard_s, nano_usd=nano_usd)

    def taken(self) -> dict[str, dict[str, Any]]:
        """The sums since the last time, and the versions that the servers said they were, where they did."""
        told: dict[str, dict[str, Any]] = {}
        for model, counts in sorted(self.of.items()):
            told[model] = {name: counts[name] for name in ("answers", "tokens_in", "tokens_out")}
            if counts["heard_s"]:
                told[model]["heard_s"] = counts["heard_s"]
            told[model]["cost_usd"] = counts["nano_usd"] / 1e9
            told[model]["versions"] = sorted(self.versions[model])
        self.of, self.versions = {}, {}
        return told


@dataclass
class Item:
    """One request of a batch, what the model has said to it so far, and the answer once there is one."""

    request: Request
    key: str
    tries: list[Raw] = field(default_factory=list)
    answer: Answer | None = None


class KeptChat:
    """One model behind a role. Safe to be called from several threads."""

    def __init__(
        self,
        part: ModelPart,
        loop: Loop,
        replies: Replies,
        teller: Callable[[], Coroutine[Any, Any, Tells]],
        tally: Tally,
    ) -> None:
        self.part, self._loop, self._replies, self._tally = part, loop, replies, tally
        self._teller = OnCall(loop, teller)
        self.claims = Claims(replies.folder / "claims")
        self.stopped = threading.Event()

    @property
    def model(self) -> str:
        """The identity, ``name@revision``."""
        return self.part.identity

    def __call__(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """An answer to each request, in order. What was answered before is not asked again; the rest begins at once.

        What another process is asking is waited for.
        """
        items = [Item(request, request.key(self.model)) for request in requests]
        self.look_up(items)
        open_items: dict[str, Item] = {}
        for item in items:
            if item.answer is None:
                open_items.setdefault(item.key, item)
        batch = Batch(self, list(open_items.values()))
        if open_items:
            batch.claim()
            self._loop.submit(batch.run())
        return self._in_order([open_items.get(item.key, item) for item in items], batch)

    def close(self) -> None:
        """Closes connections and files. Nothing may be asked afterwards."""
        self.stopped.set()
        self._teller.leave()
        self._replies.close()

    def _in_order(self, items: Sequence[Item], batch: "Batch") -> Iterator[Answer]:
        try:
            for item in items:
                answer = item.answer or self._waited_for(item, batch)
                self._tally.add(self.part, item.tries)
                yield answer
        finally:
            batch.stop()

    def _waited_for(self, item: Item, batch: "Batch") -> Answer:
        """The answer, once it is there. A look now and then costs less than a wake-up for each."""
        while item.answer is None and not batch.over.wait(LOOK_S):
            if self.stopped.is_set():
                raise Stopped(f"stopped while asking {self.model}")
            if batch.error:  # what is in flight is paid for, and kept
                batch.over.wait(2 * self.part.timeout_s)
                break
        if item.answer is None:
            raise batch.error or Stopped(f"the batch for {self.model} was given up")
        return item.answer

    def look_up(self, items: Iterable[Item]) -> None:
        """Gives each item all tries that the call log holds by now, and its answer where they decide it."""
        self._replies.refresh()
        for item in items:
            self._looked_up(item)

    def _looked_up(self, item: Item) -> None:
        while raw := self._replies.find(key_of_try(item.key, len(item.tries))):
            item.tries.append(raw)
            decided = decide(item.request, self.part, item.tries)
            if not isinstance(decided, Next):
                item.answer = decided
                break

    async def answer(self, item: Item, stopped: Callable[[], bool]) -> Answer:
        """The answer to one request; every try is in the call log before anything follows from it."""
        teller = await self._teller.come()
        while isinstance(step := decide(item.request, self.part, item.tries), Next):
            try:
                raw = await teller.tell(item.request, step, stopped)
            except Unanswered as end:
                return no_reply(self.model, end.fault)
            await self._replies.keep(key_of_try(item.key, len(item.tries)), raw)
            item.tries.append(raw)
        return step


class Batch:
    """Requests that are in flight together: as many at once as the model takes. ``over`` is set at its end."""

    def __init__(self, chat: KeptChat, items: list[Item]) -> None:
        self._chat, self._open = chat, items
        self._claims: list[Claim] = []
        self._items: Iterator[Item] = iter(())
        self._is_stopped = False
        self.error: Exception | None = None
        self.over = threading.Event()

    async def run(self) -> None:
        """Asks everything; the first error that is not one request's own ends it, once what is in flight is kept."""
        try:
            await self._ask()
            while self._open and not self._is_over():
                self._release()  # two that wait for each other's would wait for ever
                await asyncio.sleep(OTHERS_S)
                await asyncio.to_thread(self.claim)
                await self._ask()
        except Exception as error:  # noqa: BLE001  whoever waits for the answers raises it
            self.error = self.error or error
        finally:
            self._release()
            self.over.set()

    def claim(self) -> None:
        """Takes on whatever nobody else is asking; what is open then is asked elsewhere, and waited for."""
        self._chat.look_up(self._open)
        claim = self._chat.claims.take([item.key for item in self._open if item.answer is None])
        self._claims.append(claim)
        self._chat.look_up(self._open)  # somebody may have ended just before
        left = [item for item in self._open if item.answer is None]
        self._items = iter([item for item in left if item.key not in claim.others])
        self._open = [item for item in left if item.key in claim.others]

    def _release(self) -> None:
        """Lets others ask for what got no answer here."""
        for claim in self._claims:
            claim.release()
        self._claims.clear()

    async def _ask(self) -> None:
        self._items = iter(mine := list(self._items))
        await asyncio.gather(*(self._work() for _ in range(min(len(mine), self._chat.part.at_once))))

    async def _work(self) -> None:
        for item in self._items:
            if self._is_over():
                return
            try:
                item.answer = await self._chat.answer(item, self._is_over)
            except asyncio.CancelledError:
                return
            except Exception as error:  # noqa: BLE001  whoever waits for the answers raises it
                self.error = self.error or error
                return

    def _is_over(self) -> bool:
        return self.error is not None or self._is_stopped

    def stop(self) -> None:
        """Asks nothing more; what is in flight is kept as it arrives."""
        self._is_stopped = True


def no_reply(model: str, fault: Fault) -> NoReply:
    """What whoever asked gets to hear of a request that nothing could answer."""
    reasons: dict[str, Reason] = {"timeout": "model_timeout", "filtered": "filtered"}
    return NoReply(model, reasons.get(fault.kind, "bad_reply"), fault.detail, fault.raw)
