"""One try of one request: over the endpoints of a model, within its limits, until there is an answer to keep."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from infra.models.desk import Pass
from infra.models.dialect import Dialect
from infra.models.estimate import bound, tokens_in, used
from infra.models.faults import Fault, Habits, Health
from infra.models.gate import Gate, Rounds
from infra.models.hedge import hedged
from infra.models.judge import Next, decide, first, told_back
from infra.models.ledger import Sum
from infra.models.raw import BadEnvelope, Raw, opened
from infra.models.trip import AskAgain, Trip, Unanswered
from infra.models.wire import Line, Seat
from infra.profile_models import ModelPart
from schemas.chat import Request
from schemas.errors import BadInput, BudgetSpent, ModelDrift, ToolDown
from schemas.units import BlobId

T = TypeVar("T")
# A process that was held up, by a pause of the machine say, books again: what it had booked has passed.
LATE_S = 0.5
PREFLIGHTS = 3
# More ways to ask than there are to learn.
MOST_LESSONS = 8


class Endpoint:
    """One address of a model: its line, how it is doing, how it wants to be spoken to."""

    def __init__(self, line: Line, habits: Habits, note: Callable[[str], None]) -> None:
        self.line, self.health = line, Health(habits)
        self.dialect = Dialect(lambda what: note(f"{line.url}: {what}"))
        self.url = line.url


class Teller:
    """Asks one model. To be used in one event loop."""

    def __init__(  # noqa: PLR0913, PLR0917  each is another thing
        self,
        model: ModelPart,
        endpoints: list[Endpoint],
        gate: Gate,
        get: Callable[[BlobId], bytes],
        said: dict[str, str],
        habits: Habits,
    ) -> None:
        self.model, self.endpoints, self._gate, self.get = model, endpoints, gate, get
        self._said, self.habits = said, habits
        self._now, self._rounds = asyncio.get_running_loop().time, Rounds()

    async def preflight(self) -> None:
        """One look at every endpoint, which costs nothing, before the first request.

        Raises BadInput where the key is refused or the model is not there, ToolDown where nobody answers at all.
        """
        found: list[tuple[bool, str]] = []
        for tries in range(PREFLIGHTS):
            found = [await self._looked_at(endpoint) for endpoint in self.endpoints]
            if any(is_there for is_there, _ in found):
                return
            await asyncio.sleep(self.habits.backoff(tries, random.random()))
        raise ToolDown(f"{self.model.name} cannot be reached: {found[0][1]}; is the server up, and the address right?")

    async def _looked_at(self, endpoint: Endpoint) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(min(30.0, self.model.timeout_s)):
                names = await endpoint.line.models()
        except TimeoutError:
            return False, f"{endpoint.url} does not answer in time"
        except Fault as fault:
            if fault.kind == "denied":
                raise self.denied(endpoint, fault) from None
            return fault.kind not in {"down", "timeout"}, f"{endpoint.url}: {fault.detail}"
        if names and self.model.name not in names:
            known = ", ".join(sorted(names)[:8])
            raise BadInput(
                f"{endpoint.url} has no model {self.model.name!r}, but {known}; "
                "correct name or endpoints under [models] of the profile"
            )
        return True, ""

    async def tell(self, request: Request, step: Next, stopped: Callable[[], bool]) -> Raw:
        """An answer.

        Raises Unanswered, ToolDown, BudgetSpent, BadInput, ModelDrift; CancelledError once ``stopped`` says so.
        """

        def once(endpoint: Endpoint, sent: asyncio.Event) -> Coroutine[Any, Any, Raw]:
            return self._once(endpoint, request, step, stopped, sent)

        after_s = self.model.hedge_after_s
        if not after_s:
            return await self.through(lambda endpoint: once(endpoint, asyncio.Event()))
        return await self.through(lambda endpoint: hedged(once, endpoint, self._other, after_s, self._after))

    async def through(self, once: Callable[[Endpoint], Awaitable[T]]) -> T:
        """What comes of something asked ``once`` of an endpoint, and of others, or again, until it is answered."""
        patient_until = self._now() + self.habits.patience_s
        faults: Counter[str] = Counter()
        while True:
            endpoint = await self._available()
            await self._rounds.next()
            try:
                return await once(endpoint)
            except AskAgain as again:
                faults["lesson"] += again.is_lesson
                if faults["lesson"] > MOST_LESSONS:
                    raise Unanswered(Fault("request", "it refuses every way of asking")) from None
            except Fault as fault:
                faults[fault.kind] += 1
                await self._after(endpoint, fault)
                if faults["timeout"] >= self.habits.timeouts or faults["envelope"] >= self.habits.envelopes:
                    raise Unanswered(fault) from None
                if self._now() > patient_until:
                    raise ToolDown(f"{self.model.name} at {endpoint.url}: {fault.detail}, again and again") from None
                if not fault.wait_s and self._other(endpoint) is endpoint:
                    await asyncio.sleep(self.habits.backoff(faults.total() - 1, random.random()))

    async def close(self) -> None:
        """Closes all connections."""
        for endpoint in self.endpoints:
            await endpoint.line.close()

    async def _available(self) -> Endpoint:
        """The first endpoint that is neither down nor wants to be left alone; waits for one. Raises ToolDown."""
        while True:
            now = self._now()
            waits = []
            for endpoint in self.endpoints:
                endpoint.health.pause(self._gate.pauses.get(endpoint.url, now))
                if not endpoint.health.is_down(now):
                    waits.append((endpoint.health.wait_s(now), endpoint.health.is_shy(now), endpoint))
            if not waits:
                failures = self.endpoints[0].health.straight
                raise ToolDown(f"{self.model.name} does not answer: {failures} failures in a row at {self._places()}")
            wait_s, _, endpoint = min(waits, key=lambda one: one[:2])
            if wait_s <= 0:
                return endpoint
            await asyncio.sleep(wait_s)

    async def _once(
        self, endpoint: Endpoint, request: Request, step: Next, stopped: Callable[[], bool], sent: asyncio.Event
    ) -> Raw:
        estimated = tokens_in(request, self.model, step.said + told_back(step.told, request.form) if step.told else "")
        trip = Trip(bound(self.model, estimated, step.max_tokens), sent=sent)
        try:
            asked_as, trip.manner = endpoint.dialect.format, endpoint.dialect.manner
            body = endpoint.dialect.body(self.model.name, request, step, self.get)
            kind, answer = await self._answer(endpoint, body, asked_as, request, self.seat(trip, endpoint, stopped))
            raw, usage = opened(kind, answer)
            raw = self.counted(raw, usage, estimated, step.max_tokens, endpoint)
            trip.took = Sum(raw.tokens_in + raw.tokens_out, self.model.cost(raw.tokens_in, raw.tokens_out))
        except BadEnvelope as wrong:
            raise Fault("envelope", wrong.what, raw=endpoint.line.hide(wrong.body)) from None
        except (AskAgain, Fault) as fault:
            if not (isinstance(fault, Fault) and fault.kind == "timeout"):
                trip.took = Sum()
            raise
        finally:
            self.settle(trip)
        endpoint.health.succeeded()
        self.check_drift(raw)
        if request.form and raw.finish == "stop" and step == first(request):  # a later try is told more than the format
            endpoint.dialect.answered(asked_as, fits=not isinstance(decide(request, self.model, [raw]), Next))
        return raw

    def settle(self, trip: Trip) -> None:
        """Tells what a request took, if it was sent at all."""
        if trip.given:
            self._gate.settle(trip.given, trip.took)

    @asynccontextmanager
    async def seat(self, trip: "Trip", endpoint: Endpoint, stopped: Callable[[], bool]) -> AsyncIterator[None]:
        """One of the seats of those in flight, held while the line is busy with the request, and no longer.

        Whatever can be done before a request is sent, or after its answer has arrived, is done without a seat: then
        the next one is on its way within a fraction of a millisecond.
        """
        given = trip.given = await self._gate.enter(trip.wanted)
        try:
            await self._wait(given, endpoint)
            if stopped():
                raise asyncio.CancelledError
            if endpoint.dialect.manner != trip.manner:
                raise AskAgain
            trip.took = given.aside  # unless we hear otherwise
            trip.sent.set()
            async with asyncio.timeout(self.model.timeout_s):
                yield
        finally:
            self._gate.free()

    async def _wait(self, given: Pass, endpoint: Endpoint) -> None:
        """Waits for the time that was booked. Raises AskAgain when it has passed, or the endpoint paused meanwhile."""
        if given.wait_s > 0:
            due = self._now() + given.wait_s
            await asyncio.sleep(given.wait_s)
            if self._now() - due > LATE_S:
                raise AskAgain
        now = self._now()
        endpoint.health.pause(self._gate.pauses.get(endpoint.url, now))
        if endpoint.health.wait_s(now) > 0:
            raise AskAgain

    async def _answer(
        self, endpoint: Endpoint, body: bytes, asked_as: int, request: Request, seat: Seat
    ) -> tuple[str, bytes]:
        try:
            return await endpoint.line.ask(body, seat)
        except TimeoutError:
            raise Fault("timeout", f"no whole answer within {self.model.timeout_s:g} s") from None
        except Fault as fault:
            said = f"{fault.detail} {fault.raw}"
            if fault.kind == "request" and endpoint.dialect.learn(asked_as, said, request):
                raise AskAgain(is_lesson=True) from None
            raise

    async def _after(self, endpoint: Endpoint, fault: Fault) -> None:
        """What follows from a fault for the endpoint. Raises what no further try can mend."""
        if fault.kind in {"request", "filtered"}:
            endpoint.health.succeeded()
            raise Unanswered(fault) from None
        if fault.kind == "quota":
            raise BudgetSpent(f"{self.model.name} at {endpoint.url}: {fault.detail}; all that was paid for is kept")
        if fault.kind == "denied":
            raise self.denied(endpoint, fault)
        if fault.kind in {"down", "timeout"}:
            endpoint.health.failed(self._now())
        if fault.wait_s:
            endpoint.health.pause(self._now() + fault.wait_s)
            await self._gate.pause(endpoint.url, fault.wait_s)

    def _other(self, endpoint: Endpoint) -> Endpoint:
        """Another endpoint that can be asked at once; where there is none, the same."""
        now = self._now()
        free = (one for one in self.endpoints if one is not endpoint and not one.health.is_shy(now))
        return next((one for one in free if not one.health.wait_s(now)), endpoint)

    def counted(self, raw: Raw, usage: dict[str, Any], estimated: int, max_tokens: int, endpoint: Endpoint) -> Raw:
        """The answer with what it took, where and when."""
        most = 100 * (estimated + max_tokens)
        into, out = usage.get("prompt_tokens"), usage.get("completion_tokens")
        least = 1 if raw.text else 0
        return replace(
            raw,
            text=endpoint.line.hide(raw.text),
            tokens_in=used(into, estimated, most),
            tokens_out=used(out, max_tokens, most, least),
            counted=used(into, -1, most) >= 0 and used(out, -1, most, least) >= 0,
            endpoint=endpoint.url,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def check_drift(self, raw: Raw) -> None:
        """Raises ModelDrift when the endpoint says that it is another model than before."""
        if raw.said and self._said.setdefault(raw.endpoint, raw.said) != raw.said:
            raise ModelDrift(
                f"{raw.endpoint} answers as {raw.said!r} to {self.model.name!r}, and before as "
                f"{self._said[raw.endpoint]!r}; give the model a new revision in the profile to go on with it"
            )

    def denied(self, endpoint: Endpoint, fault: Fault) -> BadInput:
        """What to say where the key is refused, or the model not there."""
        key = f"the key in {self.model.key_env}" if self.model.key_env else "a request without a key (no key_env)"
        return BadInput(f"{endpoint.url} refuses {key} or has no model {self.model.name!r}: {fault.detail}")

    def _places(self) -> str:
        return ", ".join(endpoint.url for endpoint in self.endpoints)
