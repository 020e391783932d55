"""What a bar of reliability is: a promise, and the way to show it on this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scale:
    """How much of a bar is shown: all of it, or the part that fits into the test suite."""

    whole: bool
    seed: int = 7

    def of(self, whole: int, part: int) -> int:
        """The first number for a whole showing, the second for a part."""
        return whole if self.whole else part


@dataclass(frozen=True)
class Shown:
    """What was seen: whether the promise held, and the figures, in a line."""

    held: bool
    figures: str


class CannotShow(Exception):
    """This kernel or machine lacks what the bar needs. The message says what."""


@dataclass(frozen=True)
class Bar:
    """One promise. ``show`` gets an empty folder that is its own, and raises CannotShow where it cannot be shown.

    ``timed`` is for one whose promise is near to how long it takes: it comes last, beside its like.
    ``in_suite`` is false for one of which even a part takes long; tests of the suite show as much in other ways.
    """

    name: str
    promise: str
    show: Callable[[Path, Scale], Shown]
    timed: bool = False
    in_suite: bool = True
