"""Cells that turned out damaged while others were made of them: made again, once, while those others wait."""

from collections import Counter
from collections.abc import Callable

from infra.order import Order
from infra.schedule import Schedule
from storage.damage import discard
from storage.deal import cut
from storage.layout import part_of
from storage.seal import BadCell

TIMES = 2


class Repairs:
    """What is being made again in a run, and what goes on after that."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._waiting: dict[tuple[str, str], list[Callable[[], None]]] = {}
        self._times: Counter[tuple[str, str]] = Counter()

    @property
    def pending(self) -> bool:
        """Whether something is being made again."""
        return bool(self._waiting)

    def begin(self, bad: BadCell, then: Callable[[], None]) -> Order | None:
        """Takes the damaged file away; gives the order to make it again, unless that is under way. ``then`` follows it.

        Raises the damage itself when it comes back, or when the file is none of this run's cells.
        """
        order = self._schedule.maker_of(bad.path)
        if order is None:
            self._cut_again(bad)
            then()
            return None
        cell = (order.table, order.target)
        if cell in self._waiting:
            self._waiting[cell].append(then)
            return None
        self._times[cell] += 1
        if self._times[cell] > TIMES:
            raise bad
        discard(bad.path)
        self._waiting[cell] = [then]
        return order

    def finished(self, order: Order) -> bool:
        """Whether the order made something again. What waited for that goes on now."""
        waiting = self._waiting.pop((order.table, order.target), None)
        for then in waiting or ():
            then()
        return waiting is not None

    def _cut_again(self, bad: BadCell) -> None:
        """A cell of sources is cut out of its dealing again."""
        given = [table.plan.folder for table in self._schedule.tables.values() if not table.rows.inputs]
        self._times["given", bad.path.name] += 1
        if bad.path.parent not in given or self._times["given", bad.path.name] > TIMES:
            raise bad
        discard(bad.path)
        cut(bad.path.parent, [part_of(bad.path.name)])
