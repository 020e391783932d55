"""A second attempt where the first takes long: the first answer counts, and the other attempt is given up."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from infra.models.faults import Fault
from infra.models.trip import AskAgain, Unanswered
from schemas.errors import BadInput, BudgetSpent

E = TypeVar("E")
T = TypeVar("T")


async def hedged(
    once: Callable[[E, asyncio.Event], Coroutine[Any, Any, T]],
    endpoint: E,
    other: Callable[[E], E],
    after_s: float,
    failed: Callable[[E, Fault], Awaitable[None]],
) -> T:
    """What ``once`` gives for the endpoint, or for another where there is no answer so long after it was sent.

    Each attempt takes its own place within all limits. One that fails while the other is under way ends nothing but
    itself: ``failed`` hears of it. Where both fail, the first one's error is raised.
    """
    sent = asyncio.Event()
    first = asyncio.create_task(once(endpoint, sent))
    attempts = {first: endpoint}
    try:
        if await _is_late(first, sent, after_s):
            second = other(endpoint)
            attempts[asyncio.create_task(once(second, asyncio.Event()))] = second
        return await _first_answer(attempts, failed)
    finally:
        for attempt in attempts:
            attempt.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)


async def _is_late(attempt: "asyncio.Task[T]", sent: asyncio.Event, after_s: float) -> bool:
    """Whether the attempt goes on for so long after it was sent. It may wait for its turn as long as it must."""
    leaving = asyncio.create_task(sent.wait())
    try:
        await asyncio.wait((attempt, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
    _, going_on = await asyncio.wait((attempt,), timeout=after_s)
    return bool(going_on)


async def _first_answer(attempts: "dict[asyncio.Task[T], E]", failed: Callable[[E, Fault], Awaitable[None]]) -> T:
    going_on, first, why = set(attempts), next(iter(attempts)), None
    while going_on:
        done, going_on = await asyncio.wait(going_on, return_when=asyncio.FIRST_COMPLETED)
        for attempt in done:
            error = attempt.exception()
            if error is None:
                if isinstance(why, Fault):
                    await _heard(attempts[first], why, failed)
                return attempt.result()
            if attempt is first:
                why = error
            elif isinstance(error, Fault):
                await _heard(attempts[attempt], error, failed)
            if not isinstance(error, AskAgain | Fault | BudgetSpent):
                raise error
    assert why is not None  # noqa: S101  the first has ended, and without an answer
    raise why


async def _heard(endpoint: E, fault: Fault, failed: Callable[[E, Fault], Awaitable[None]]) -> None:
    with suppress(Unanswered, BudgetSpent, BadInput):
        await failed(endpoint, fault)
