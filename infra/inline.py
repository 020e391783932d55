"""The engine without Ray: one cell after the other, in a thread of this process."""

import threading
from collections.abc import Callable
from functools import partial

from infra.cell import CellMaker
from infra.engine import EngineName, Post, Waiting
from infra.machine import has_gpu, memory_gb
from infra.order import Berth, Crew, Order, Outcome
from infra.profile import Profile

PATIENCE_S = 30


class InlineEngine:
    """Makes cells in this process, the most urgent first. Starts at once and needs nothing."""

    name: EngineName = "inline"

    def __init__(self) -> None:
        self._waiting = Waiting()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, crew: Crew, profile: Profile, post: Post, done: Callable[[Outcome], None]) -> None:
        """Starts the thread that makes cells."""
        gpus = any(plan.needs.gpus for plan in crew.blueprints.values())
        memory = profile.workers.memory_gb or memory_gb()
        berth = Berth("inline", "cuda" if gpus and has_gpu() else "cpu", max(1.0, memory / 8))
        self._stopped.clear()

        def tell(outcome: Outcome) -> None:
            post(partial(done, outcome))

        maker = CellMaker(crew, berth, self._stopped)  # here, so that whatever is wrong with it is raised
        self._thread = threading.Thread(target=self._work, args=(maker, tell), daemon=True, name="cells")
        self._thread.start()

    def submit(self, order: Order) -> None:
        """Takes an order."""
        with self._changed:
            self._waiting.push(order)
            self._changed.notify()

    def withdraw(self, table: str) -> list[Order]:
        """Gives back the orders of a table that nobody has begun."""
        with self._changed:
            return self._waiting.withdraw(table)

    def stop(self) -> None:
        """Ends the thread after the batch of rows that it is at, if that ends soon."""
        self._stopped.set()
        with self._changed:
            self._changed.notify()
        if self._thread:
            self._thread.join(PATIENCE_S)

    def _work(self, maker: CellMaker, tell: Callable[[Outcome], None]) -> None:
        try:
            while order := self._next():
                tell(maker.make(order))
        finally:
            maker.close()

    def _next(self) -> Order | None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) or self._stopped.is_set())
            return None if self._stopped.is_set() else self._waiting.pop()
