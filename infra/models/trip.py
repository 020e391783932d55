"""One request on its way to a server, and how that may end without an answer."""

import asyncio
from dataclasses import dataclass, field

from infra.models.desk import Pass
from infra.models.faults import Fault
from infra.models.ledger import Sum


@dataclass
class Trip:
    """One request on its way: what it takes at most, its pass once it has one, and what it took as far as is known.

    ``manner`` is that of the dialect in which it was written; ``sent`` is set when it leaves.
    """

    wanted: Sum
    manner: tuple[object, ...] = ()
    given: Pass | None = None
    took: Sum = field(default_factory=Sum)
    sent: asyncio.Event = field(default_factory=asyncio.Event)


class Unanswered(Exception):
    """This one request gets no answer, whatever is tried; others may."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class AskAgain(Exception):
    """Ask again: at another time, or another way, once a lesson was learnt."""

    def __init__(self, *, is_lesson: bool = False) -> None:
        super().__init__(is_lesson)
        self.is_lesson = is_lesson
