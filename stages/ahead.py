"""Lets what makes things run ahead of what uses them, in a thread of its own."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

_READY = 2


def ahead(things: Iterator[T], at_once: int) -> Generator[T, None, None]:
    """The same things in the same order, made ahead: at most three times ``at_once`` of them wait to be used.

    What making one raises is raised here, and the few made just before it are lost. Handing over several ``at_once``
    keeps the price of the thread small.
    """

    def make() -> list[T]:
        return list(islice(things, at_once))

    with ThreadPoolExecutor(1) as maker:
        waiting = deque(maker.submit(make) for _ in range(_READY))
        while made := waiting.popleft().result():
            waiting.append(maker.submit(make))
            yield from made
