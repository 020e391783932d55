"""What places the work: one contract for this process and for Ray."""

import heapq
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from infra.order import Crew, Order, Outcome
from infra.profile import Profile
from schemas.errors import BadInput

EngineName = Literal["inline", "ray"]
Post = Callable[[Callable[[], None]], None]
"""Takes what shall be called in the run's own thread: all state of a run and of its engine lives there."""


class Engine(Protocol):
    """Makes cells somewhere. Every method is called in the run's own thread."""

    name: EngineName

    def start(self, crew: Crew, profile: Profile, post: Post, done: Callable[[Outcome], None]) -> None:
        """Gets ready. ``done`` is called, in the run's thread, with the outcome of every order.

        Raises BadInput when a table needs more than the place has, so that nothing waits for ever.
        """

    def submit(self, order: Order) -> None:
        """Takes an order; orders of lower priority numbers are made first."""

    def withdraw(self, table: str) -> list[Order]:
        """Gives back the orders of a table that nobody has begun."""

    def stop(self) -> None:
        """Ends everything that was started. What is being made is given up; what is committed stays."""


class Waiting:
    """Orders that wait for a worker, most urgent first."""

    def __init__(self) -> None:
        self._heap: list[tuple[tuple[int, int], int, Order]] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[Order]:
        return (order for _, _, order in self._heap)

    def push(self, order: Order) -> None:
        """Adds an order."""
        self._number += 1
        heapq.heappush(self._heap, (order.priority, self._number, order))

    def pop(self) -> Order:
        """Takes out the most urgent order."""
        return heapq.heappop(self._heap)[2]

    def first(self) -> Order | None:
        """The most urgent order, if there is any."""
        return self._heap[0][2] if self._heap else None

    def urgency(self) -> tuple[int, int] | None:
        """The priority of the most urgent order, if there is any."""
        return self._heap[0][0] if self._heap else None

    def withdraw(self, table: str) -> list[Order]:
        """Takes out all orders of one table."""
        gone = [order for order in self if order.table == table]
        self._heap = [entry for entry in self._heap if entry[2].table != table]
        heapq.heapify(self._heap)
        return gone


def engine(name: str) -> Engine:
    """The engine of that name: ``inline`` in this process, ``ray`` on this machine's cores or on a cluster."""
    if name == "inline":
        from infra.inline import InlineEngine

        return InlineEngine()
    if name == "ray":
        from infra.ray_engine import RayEngine

        return RayEngine()
    raise BadInput(f"no engine {name!r}: give 'inline' or 'ray'")
