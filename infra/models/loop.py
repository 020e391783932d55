"""Where models are asked: one event loop in a thread of its own, and tellers that live in it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
PATIENCE_S = 5.0


class Closes(Protocol):
    """What holds connections, threads or weights."""

    async def close(self) -> None:
        """Lets go of them."""


C = TypeVar("C", bound=Closes)


class Loop:
    """An event loop in a thread of its own, which ends with the process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        # Whoever waits for something hears of its errors; nothing is told to the terminal besides.
        self.loop.set_exception_handler(lambda *_: None)
        self._thread = threading.Thread(target=self._run, daemon=True, name="models")
        self._thread.start()

    def _run(self) -> None:
        self.loop.run_forever()
        self.loop.close()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Has the work done there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def end(self) -> None:
        """Ends the thread; nothing may be waited for any more."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)


class OnCall(Generic[C]):
    """A teller that is made when it is first needed, and again where that failed."""

    def __init__(self, loop: Loop, make: Callable[[], Coroutine[Any, Any, C]]) -> None:
        self._loop, self._make = loop, make
        self._made: asyncio.Task[C] | None = None

    async def come(self) -> C:
        """The teller. To be called in the loop. Raises what kept it from being made."""
        if self._made is None:
            self._made = asyncio.get_running_loop().create_task(self._make())
        try:
            return await asyncio.shield(self._made)
        except Exception:
            self._made = None
            raise

    def leave(self) -> None:
        """Has the teller closed, if there is one."""
        if self._made is not None:
            self._loop.submit(_close(self._made)).result(PATIENCE_S)


async def _close(made: "asyncio.Task[C]") -> None:
    if made.done() and not made.cancelled() and not made.exception():
        await made.result().close()
