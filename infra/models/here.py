"""One try of one request at a model in this process.

Whoever waits is gathered into batches, and one batch is made ready while another is generated.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from infra.models.faults import Fault
from infra.models.gate import Gate
from infra.models.generate import Draft, Generator, Load, Said
from infra.models.judge import Next
from infra.models.ledger import Sum
from infra.models.raw import Raw
from infra.models.trip import Unanswered
from infra.models.weights import Weights, check_same
from infra.profile_models import ModelPart
from schemas.chat import Request
from schemas.errors import BadInput
from schemas.units import BlobId

T = TypeVar("T")
# A batch that is not full begins when nobody has come for so long: a reply that must be on the disk first takes less.
LINGER_S = 0.1
DRAFTERS = 4
PLACE = "in process"


@dataclass(eq=False)
class Seated:
    """A request that waits for its batch, and who waits for what is said to it."""

    draft: Draft
    answer: asyncio.Future[Said]
    stopped: Callable[[], bool]


class HereTeller:
    """Asks one model in this process. To be used in one event loop; three threads do the work."""

    def __init__(self, generator: Generator, said: str, gate: Gate, get: Callable[[BlobId], bytes]) -> None:
        self.part, self._generator, self._said, self._gate, self._get = generator.part, generator, said, gate, get
        self._batch = generator.part.batch
        self._waiting: list[Seated] = []
        self._drafting = 0
        self._news = asyncio.Event()
        self._ready: asyncio.Queue[tuple[list[Seated], Load]] = asyncio.Queue(1)
        self._is_over = False
        self._drafters = ThreadPoolExecutor(DRAFTERS, thread_name_prefix="drafts")
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="loads")
        self._speaker = ThreadPoolExecutor(1, thread_name_prefix="says")
        self._tasks = [asyncio.create_task(self._gather()), asyncio.create_task(self._generate())]

    async def tell(self, request: Request, step: Next, stopped: Callable[[], bool]) -> Raw:
        """An answer. Raises Unanswered, BudgetSpent, BadInput; CancelledError once ``stopped`` says so."""
        draft = await self._drafted(request, step)
        given = await self._gate.enter(_most(self.part, draft))
        took = Sum()
        try:
            seated = Seated(draft, asyncio.get_running_loop().create_future(), stopped)
            self._waiting.append(seated)
            self._news.set()
            said = await seated.answer
            took = Sum(said.tokens_in + said.tokens_out, self.part.cost(said.tokens_in, said.tokens_out))
        finally:
            self._gate.free()
            self._gate.settle(given, took)
        return Raw(
            text=said.text,
            finish=said.finish,
            tokens_in=said.tokens_in,
            tokens_out=said.tokens_out,
            said=self._said,
            endpoint=PLACE,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    async def close(self) -> None:
        """Ends what is being generated, and lets go of the weights."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()
        for pool in (self._drafters, self._loader, self._speaker):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _drafted(self, request: Request, step: Next) -> Draft:
        self._drafting += 1
        try:
            return await self._in(self._drafters, partial(self._generator.draft, request, step, self._get))
        finally:
            self._drafting -= 1
            self._news.set()

    async def _gather(self) -> None:
        """Makes batches ready, one ahead of the one that is generated."""
        while True:
            await self._ripen()
            batch = self._picked()
            try:
                load = await self._in(self._loader, partial(self._generator.load, _drafts(batch)))
                batch, load = await self._without_endless(batch, load)
            except Exception as error:  # noqa: BLE001  whoever waits for the answers raises it
                _fail(batch, error)
                continue
            if batch:
                await self._ready.put((batch, load))

    async def _ripen(self) -> None:
        """Returns when a batch is full, or nobody else is on the way."""
        while len(self._waiting) < self._batch:
            self._news.clear()
            wait_s = LINGER_S if self._waiting and not self._drafting else None
            try:
                await asyncio.wait_for(self._news.wait(), wait_s)
            except TimeoutError:
                return

    def _picked(self) -> list[Seated]:
        """The next batch: with pictures or without, and of about the same length, so that little is padding."""
        self._waiting = [one for one in self._waiting if not one.answer.done()]
        self._waiting.sort(key=lambda one: (bool(one.draft.pictures), one.draft.max_tokens, one.draft.tokens))
        kind = bool(self._waiting[0].draft.pictures) if self._waiting else False
        batch = [one for one in self._waiting if bool(one.draft.pictures) == kind][: self._batch]
        self._waiting = [one for one in self._waiting if one not in batch]
        return batch

    async def _without_endless(self, batch: list[Seated], load: Load) -> tuple[list[Seated], Load]:
        """The batch without prompts that leave no room for an answer."""
        room = self._generator.context
        sizes = dict(zip(map(id, batch), load.lengths, strict=True))
        fitting = [one for one in batch if sizes[id(one)] < room]
        for one in batch:
            if one not in fitting:
                detail = f"a prompt of {sizes[id(one)]} tokens, and the model takes {room} in all"
                _fail([one], Unanswered(Fault("request", detail)))
        if len(fitting) == len(batch) or not fitting:
            return fitting, load
        return fitting, await self._in(self._loader, partial(self._generator.load, _drafts(fitting)))

    async def _generate(self) -> None:
        while True:
            batch, load = await self._ready.get()
            try:
                await self._say(batch, load)
            except Exception as error:  # noqa: BLE001  whoever waits for the answers raises it
                _fail(batch, error)

    async def _say(self, batch: list[Seated], load: Load) -> None:
        """Has a batch generated; in halves, from now on, where it is too large for the memory."""
        is_over = self._is_stopped(batch)
        try:
            said = await self._in(self._speaker, partial(self._generator.say, load, is_over))
        except MemoryError as full:
            if len(batch) == 1:
                raise BadInput(f"{self.part.identity}: not even one request at a time fits: {full}") from None
            self._batch = len(batch) // 2
            for half in (batch[: self._batch], batch[self._batch :]):
                await self._say(half, await self._in(self._loader, partial(self._generator.load, _drafts(half))))
            return
        for one, told in zip(batch, said, strict=True):
            if one.answer.done():
                continue
            if is_over():  # what was said ends where it was stopped
                one.answer.cancel()
            else:
                one.answer.set_result(told)

    def _is_stopped(self, batch: Sequence[Seated]) -> Callable[[], bool]:
        return lambda: self._is_over or all(one.stopped() for one in batch)

    @staticmethod
    async def _in(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _drafts(batch: Sequence[Seated]) -> list[Draft]:
    return [one.draft for one in batch]


def _most(part: ModelPart, draft: Draft) -> Sum:
    return Sum(draft.tokens + draft.max_tokens, part.cost(draft.tokens, draft.max_tokens))


def _fail(batch: Sequence[Seated], error: Exception) -> None:
    for one in batch:
        if not one.answer.done():
            one.answer.set_exception(error)


async def loaded(part: ModelPart, device: str, gate: Gate, get: Callable[[BlobId], bytes], known: str) -> HereTeller:
    """The teller of a model, once its weights are loaded. ``known`` is what they were when it was last asked.

    Raises BadInput where it cannot be loaded, ModelDrift when these are other weights under the same identity.
    """

    def load() -> tuple[Generator, str]:
        weights = Weights(part, device)
        check_same(weights, known)
        return Generator(weights), weights.said

    generator, said = await asyncio.get_running_loop().run_in_executor(None, load)
    return HereTeller(generator, said, gate, get)
