"""Answers by the Batch API: slower by hours, at half the price. Requests gather into batches, and wait for them."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TypeVar

from infra.models.batch_line import Answered, BatchLine, BatchState, answered
from infra.models.batch_sheets import Sheet, Sheets
from infra.models.batch_wish import MOST_BYTES, Wish, cut, fault_of, named, turn_away, unfulfilled
from infra.models.desk import Pass
from infra.models.estimate import bound, tokens_in
from infra.models.faults import Fault
from infra.models.gate import Gate
from infra.models.judge import Next, told_back
from infra.models.ledger import Sum
from infra.models.raw import BadEnvelope, Raw, opened
from infra.models.teller import Endpoint, Teller
from infra.models.trip import Unanswered
from schemas.chat import Request
from schemas.errors import BudgetSpent, ToolDown

T = TypeVar("T")
MOST_TRIES = 3
FIRST_LOOK_S, SLOWER = 1.0, 1.5
# So many files of answers of earlier runs are held in memory, taken apart.
SHEETS_OPEN = 4


class BatchTeller:
    """Asks one model at its one endpoint, in batches. To be used in one event loop.

    ``plain`` knows what an answer is worth; nothing is asked by it. A batch is on the disk before it is begun, found
    again by its name after a crash, and read once.
    """

    def __init__(self, plain: Teller, line: BatchLine, gate: Gate, sheets: Sheets) -> None:
        self._plain, self._line, self._gate, self._sheets = plain, line, gate, sheets
        self.model, self._habits = plain.model, plain.habits
        self._endpoint: Endpoint = plain.endpoints[0]
        self._wanted: list[Wish] = []
        self._sheets_of: dict[str, list[Sheet]] = {}
        self._answers = lru_cache(SHEETS_OPEN)(lambda name: answered(sheets.answers(name)))
        self._waiting: dict[str, dict[str, Wish]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._held, self._room = 0, asyncio.Event()

    async def open(self) -> "BatchTeller":
        """Takes in the batches of earlier runs. Those that the server never had are forgotten."""
        for sheet in self._sheets.all():
            if not sheet.batch_id:
                state = await self._patiently(lambda name=sheet.name: self._line.named(name))  # type: ignore[misc]
                if state is None:
                    self._sheets.forget(sheet)
                    continue
                sheet.batch_id = state.batch_id
                self._sheets.write(sheet)
            self._note(sheet)
        return self

    async def tell(self, request: Request, step: Next, stopped: Callable[[], bool]) -> Raw:
        """An answer, once the batch that holds the request is over.

        Raises Unanswered, ToolDown, BudgetSpent, BadInput, ModelDrift; CancelledError once ``stopped`` says so.
        """
        name, faults = named(request.key(self.model.identity), step), Counter[str]()
        while True:
            asked_as = self._endpoint.dialect.format
            try:
                return await self._once(name, request, step, stopped)
            except Fault as fault:
                self._sheets_of.pop(name, None)
                if fault.kind == "request" and self._endpoint.dialect.learn(
                    asked_as, f"{fault.detail} {fault.raw}", request
                ):
                    continue
                faults[fault.kind] += 1
                self._judge(fault, faults.total())

    async def close(self) -> None:
        """Closes connections. Batches go on at the server, and are found again."""
        for task in self._tasks.values():
            task.cancel()
        await self._line.close()
        await self._plain.close()

    def _judge(self, fault: Fault, tries: int) -> None:
        """Raises what follows from a fault that no other batch can mend, or that several have met."""
        if fault.kind in {"request", "filtered"}:
            raise Unanswered(fault) from None
        self._raise_what_stops(fault)
        if tries >= MOST_TRIES and fault.kind in {"timeout", "envelope"}:
            raise Unanswered(fault) from None
        if tries >= MOST_TRIES:
            raise ToolDown(f"{self.model.name} at {self._line.url}: {fault.detail}, in {tries} batches") from None

    async def _once(self, name: str, request: Request, step: Next, stopped: Callable[[], bool]) -> Raw:
        estimated = tokens_in(request, self.model, step.said + told_back(step.told, request.form) if step.told else "")
        given: Pass | None = None
        took = Sum()
        try:
            told = self._read(name)
            if told is None and (sheet := self._under_way(name)):  # begun by an earlier run, and on that one's budget
                told = await self._joined(sheet, Wish(name, stopped))
            if told is None:
                given = await self._gate.enter(bound(self.model, estimated, step.max_tokens))
                told = await self._sent(Wish(name, stopped), request, step)
            if told.status != 200:
                raise fault_of(self._line, told)
            raw, usage = opened("application/json", json.dumps(told.body).encode())
            raw = self._plain.counted(raw, usage, estimated, step.max_tokens, self._endpoint)
            took = Sum(raw.tokens_in + raw.tokens_out, self.model.cost(raw.tokens_in, raw.tokens_out))
        except BadEnvelope as wrong:
            raise Fault("envelope", wrong.what, raw=self._line.hide(wrong.body)) from None
        finally:
            if given:
                self._gate.free()
                self._gate.settle(given, took)
        self._plain.check_drift(raw)
        return raw

    def _note(self, sheet: Sheet) -> None:
        """Several sheets may name a request: what one batch left open went into the next."""
        for name in sheet.requests:
            self._sheets_of.setdefault(name, []).append(sheet)

    def _read(self, name: str) -> Answered | None:
        """The answer that some batch brought before a crash; none where all brought faults, or are not read."""
        read = [sheet for sheet in self._sheets_of.get(name, ()) if sheet.is_read]
        found = (self._answers(sheet.name).get(name) for sheet in read)
        return next((one for one in found if one and one.status == 200), None)

    def _under_way(self, name: str) -> Sheet | None:
        """The batch that holds the request and is not read."""
        return next((sheet for sheet in self._sheets_of.get(name, ()) if not sheet.is_read), None)

    async def _joined(self, sheet: Sheet, wish: Wish) -> Answered:
        """What comes of a batch that is under way."""
        self._follow(sheet, [wish])
        return await wish.future

    async def _sent(self, wish: Wish, request: Request, step: Next) -> Answered:
        """What comes of the next batch."""
        while self._held > MOST_BYTES:  # until some are sent
            self._room.clear()
            await self._room.wait()
        body = self._endpoint.dialect.body(self.model.name, request, step, self._plain.get)
        wish.line = b'{"custom_id": "%s", "method": "POST", "url": "/v1/chat/completions", "body": %s}\n' % (
            wish.name.encode(),
            body,
        )
        self._held += len(wish.line)
        self._wanted.append(wish)
        if "" not in self._tasks or self._tasks[""].done():
            self._tasks[""] = asyncio.get_running_loop().create_task(self._gather())
        return await wish.future

    async def _gather(self) -> None:
        """Sends what is wanted once nothing more has come for a while."""
        while self._wanted:
            seen = 0
            while seen != len(self._wanted):
                seen = len(self._wanted)
                await asyncio.sleep(self._habits.gather_s)
            wanted, self._wanted = self._wanted, []
            for wishes in cut(wanted):
                await self._send(wishes)

    async def _send(self, wishes: list[Wish]) -> None:
        """Begins a batch. It is on the disk before the server hears of it."""
        lines = b"".join(wish.line for wish in wishes)
        sheet = Sheet(tuple(wish.name for wish in wishes))
        try:
            await asyncio.to_thread(self._sheets.write, sheet)
            sheet.batch_id = (await self._begun(sheet, lines)).batch_id
            await asyncio.to_thread(self._sheets.write, sheet)
        except Exception as error:  # noqa: BLE001  whoever waits shall hear of it
            turn_away(wishes, error)
            return
        finally:
            self._held -= sum(len(wish.line) for wish in wishes)
            self._room.set()
            for wish in wishes:
                wish.line = b""
        self._note(sheet)
        self._follow(sheet, wishes)

    async def _begun(self, sheet: Sheet, lines: bytes) -> BatchState:
        """The batch at the server. Where a line broke, it is looked for before it is begun again."""
        for tries in range(1000):
            try:
                state = await self._line.named(sheet.name) if tries else None
                return state or await self._line.begin(sheet.name, await self._line.upload(sheet.name, lines))
            except Fault as fault:
                await self._wait_after(fault, tries)
        raise ToolDown(f"{self._line.url} takes no batch")

    def _follow(self, sheet: Sheet, wishes: list[Wish]) -> None:
        """Has the wishes wait for the batch, which is looked at by one task."""
        self._waiting.setdefault(sheet.name, {}).update({wish.name: wish for wish in wishes})
        if sheet.name not in self._tasks or self._tasks[sheet.name].done():
            self._tasks[sheet.name] = asyncio.get_running_loop().create_task(self._watch(sheet))

    async def _watch(self, sheet: Sheet) -> None:
        try:
            state = await self._over(sheet)
            found = await self._fetched(sheet, state)
        except Exception as error:  # noqa: BLE001  whoever waits shall hear of it
            turn_away(list(self._waiting.pop(sheet.name).values()), error)
            return
        for name, wish in self._waiting.pop(sheet.name).items():
            if wish.future.done():
                continue
            if name in found:
                wish.future.set_result(found[name])
            else:
                wish.future.set_exception(unfulfilled(state))

    async def _over(self, sheet: Sheet) -> BatchState:
        """The batch at its end. Who is told to stop meanwhile stops; the batch goes on."""
        look_s = min(FIRST_LOOK_S, self._habits.look_s)
        while True:
            state = await self._patiently(lambda: self._line.look(sheet.batch_id))
            if state.is_over:
                return state
            until = asyncio.get_running_loop().time() + look_s
            while (left := until - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(min(left, 0.5))
                for wish in self._waiting[sheet.name].values():
                    if wish.stopped():
                        wish.future.cancel()
            look_s = min(look_s * SLOWER, self._habits.look_s)

    async def _fetched(self, sheet: Sheet, state: BatchState) -> dict[str, Answered]:
        """What the batch's files say, once they are on the disk."""
        files = [
            await self._patiently(lambda file=file: self._line.download(file))  # type: ignore[misc]
            for file in (state.output, state.errors)
            if file
        ]
        await asyncio.to_thread(self._sheets.keep, sheet, files)
        return {name: one for file in files for name, one in answered(file).items()}

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What the server says in the end."""
        for tries in range(1000):
            try:
                return await ask()
            except Fault as fault:
                await self._wait_after(fault, tries)
        raise ToolDown(f"{self._line.url} does not say how its batches are doing")

    async def _wait_after(self, fault: Fault, tries: int) -> None:
        """Waits as long as a fault asks for. Raises ToolDown when it has lasted for long, and what stops a run."""
        self._raise_what_stops(fault)
        if fault.kind in {"request", "filtered"} or tries >= self._habits.straight:
            raise ToolDown(f"{self.model.name} at {self._line.url}: {fault.detail}") from None
        await asyncio.sleep(fault.wait_s or self._habits.backoff(tries, random.random()))

    def _raise_what_stops(self, fault: Fault) -> None:
        if fault.kind == "quota":
            raise BudgetSpent(f"{self.model.name}: {fault.detail}; all that was paid for is kept") from None
        if fault.kind == "denied":
            raise self._plain.denied(self._endpoint, fault) from None
