"""What is to be done again after a while: no thread waits for it, however much it is."""

import heapq
import time
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """Things with the times at which they are due, by a monotonic clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._number = 0

    def add(self, wait_s: float, thing: T) -> None:
        """Takes something that is due after so many seconds."""
        self._number += 1
        heapq.heappush(self._heap, (time.monotonic() + wait_s, self._number, thing))

    def due(self) -> Iterator[T]:
        """Gives out what is due by now, the earliest first."""
        now = time.monotonic()
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    def wait_s(self, most: float) -> float:
        """The seconds until something is due, at most so many; 0 where something is already."""
        return min(most, max(0.0, self._heap[0][0] - time.monotonic())) if self._heap else most
