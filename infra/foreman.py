"""The thread that drives a run: hands out orders, takes in outcomes, decides what is tried again."""

import dataclasses
import queue
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType

from infra.board import Board
from infra.engine import Engine
from infra.later import Later
from infra.log import CellLog
from infra.order import Crew, Order, Outcome, Stopped
from infra.profile import Profile
from infra.record import BEAT_S, Record
from infra.repairs import Repairs
from infra.schedule import Schedule
from infra.tolerance import Tolerance
from schemas.errors import RushesError, StageBroken, ToolDown
from storage.counts import Counts
from storage.seal import BadCell

DEATHS_BEFORE_CARE = 3
# What has no rows to run one by one cannot be told from the victim of a machine that kills: it gets more tries.
DEATHS_BEFORE_THE_END = 8


@dataclass
class Foreman:
    """Everything here but ``post`` and ``retry`` happens in one thread, so nothing here needs a lock."""

    crew: Crew
    schedule: Schedule
    engine: Engine
    profile: Profile
    board: Board
    log: CellLog
    record: Record
    mail: queue.SimpleQueue[Callable[[], None]] = field(default_factory=queue.SimpleQueue)
    counts: dict[str, Counts] = field(default_factory=dict)
    tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    deaths: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: defaultdict[str, list[Order]] = field(default_factory=lambda: defaultdict(list))
    later: Later[Order] = field(default_factory=Later)
    started: bool = False
    stopping: bool = False

    def __post_init__(self) -> None:
        self.repairs = Repairs(self.schedule)
        self.tolerance = Tolerance(self.profile.max_reject_ratio)

    def run(self) -> None:
        """Makes every cell that is missing; then, or when told to stop, ends the engine."""
        with _Ending(self):
            ready = list(self.schedule.begin())
            self.counts = {name: Counts(table.plan.folder) for name, table in self.schedule.tables.items()}
            self._tell_found()
            self._submit(ready)
            while not (self.stopping or self.is_done()):
                self.record.beat()
                with suppress(queue.Empty):
                    self.mail.get(timeout=self.later.wait_s(BEAT_S))()
                self._submit(self.later.due())

    def post(self, action: Callable[[], None]) -> None:
        """Has something done in this thread; may be called from any."""
        self.mail.put(action)

    def stop(self) -> None:
        """Ends the run soon; may be called from any thread."""

        def note() -> None:
            self.stopping = True

        self.post(note)

    def retry(self, table: str) -> None:
        """Puts back the cells of a table that failed, or were held for that; may be called from any thread."""
        self.board.clear(table)
        self.post(partial(self._retry, table))

    def is_done(self) -> bool:
        """Whether every cell is committed."""
        return not self.repairs.pending and all(table.is_done for table in self.schedule.tables.values())

    def _retry(self, table: str) -> None:
        orders = self.failed.pop(table, [])
        self.tolerance.forget(table)
        for order in orders:
            del self.tries[order.table, order.target], self.deaths[order.table, order.target]
        self._submit(orders)

    def _submit(self, orders: Iterable[Order]) -> None:
        """Hands orders to the engine, which is started for the first of them: a run with nothing to do needs none."""
        for order in orders:
            if not self.started:
                self.engine.start(self.crew, self.profile, self.post, self._take)
                self.started = True
            if order.table in self.failed:
                self.failed[order.table].append(order)
            else:
                self.engine.submit(order)

    def _take(self, outcome: Outcome) -> None:
        """Decides what follows from what became of an order."""
        order, error = outcome.order, outcome.error
        self.log.write(self.crew.blueprints[order.table], outcome)
        self.board.add(order.table, seconds=outcome.seconds)
        if outcome.crashed:
            self._after_death(order)
        elif error is None:
            self._committed(outcome)
        elif isinstance(error, BadCell):
            self._repair(error, order, partial(self._submit, [order]))
        elif isinstance(error, ToolDown) and self.tries[order.table, order.target] < len(self.profile.retries.wait_s):
            self._later(order)
        elif not isinstance(error, Stopped):
            self._fail(order.table, [order], error)

    def _committed(self, outcome: Outcome) -> None:
        order, rejects = outcome.order, sum(outcome.rejects.values())
        self.counts[order.table].note(order.target, (outcome.rows, rejects))
        if self.repairs.finished(order):
            return
        following = list(self.schedule.done(order))
        self._count(order, outcome.rows, rejects, reused=0)
        self._tell_found()
        self._submit(following)
        if (too_many := self.tolerance.count(self.crew.blueprints[order.table], outcome)) is not None:
            self._fail(order.table, [], too_many)

    def _tell_found(self) -> None:
        """Puts on the board what lay there already."""
        found, self.schedule.found = self.schedule.found, []
        for order in found:
            self._count_found(order)

    def _count_found(self, order: Order) -> None:
        try:
            self._count(order, *self.counts[order.table].of(order.target), reused=1)
        except BadCell as bad:
            self._repair(bad, order, partial(self._count_found, order))

    def _count(self, order: Order, rows: int, rejects: int, *, reused: int) -> None:
        parts = len(self.schedule.parts) if order.part is None else 1
        self.board.add(order.table, done=parts, reused=parts * reused, rows=rows, rejects=rejects)
        if self.board.report(order.table).is_complete:
            self.counts[order.table].keep()

    def _repair(self, bad: BadCell, order: Order, then: Callable[[], None]) -> None:
        """Makes a damaged cell again; then follows what ``order`` needed it for."""
        try:
            again = self.repairs.begin(bad, then)
        except RushesError as error:
            self._fail(order.table, [order], error)
        else:
            self._submit([again] if again else [])

    def _later(self, order: Order) -> None:
        """Tries again after a while; then the tool may be back."""
        cell = (order.table, order.target)
        wait_s = self.profile.retries.wait_s[self.tries[cell]]
        self.tries[cell] += 1
        self.later.add(wait_s, order)

    def _after_death(self, order: Order) -> None:
        """Another worker gets the cell; after three deaths its rows, if any, are run one by one, to find the killer."""
        cell = (order.table, order.target)
        self.deaths[cell] += 1
        plan = self.crew.blueprints[order.table]
        if self.deaths[cell] < DEATHS_BEFORE_CARE:
            self._submit([order])
        elif plan.stage is not None and order.part is not None:
            self._submit([dataclasses.replace(order, careful=order.careful + 1)])
        elif self.deaths[cell] < DEATHS_BEFORE_THE_END:
            self._submit([order])
        else:
            died = f"killed its worker {self.deaths[cell]} times on {order.what}"
            self._fail(order.table, [order], StageBroken(f"{plan.made_by} {died}; give its workers more memory"))

    def _fail(self, table: str, orders: list[Order], error: RushesError) -> None:
        """Stops a table: these cells and all others that nobody has begun wait until somebody says retry."""
        self.failed[table] += [*orders, *(self.engine.withdraw(table) if self.started else ())]
        self.board.fail(table, error)


class _Ending:
    """Whatever ends the run, the engine is stopped, the log closed, and nobody waits any longer."""

    def __init__(self, foreman: Foreman) -> None:
        self._foreman = foreman

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        foreman = self._foreman
        with ExitStack() as last:  # in this order backwards, and all of it whatever fails on the way
            last.callback(
                foreman.board.end, error or Stopped("the run was stopped; run the same command again to go on")
            )
            for counts in foreman.counts.values():
                last.callback(counts.keep)
            last.callback(foreman.log.close)
            last.callback(foreman.record.end, self._end(error))
            last.callback(_empty, foreman.mail)
            last.callback(foreman.engine.stop)
        return True

    def _end(self, error: BaseException | None) -> str:
        """How the run ended, for whoever asks later."""
        if error is not None:
            return f"failed: {error}"
        return "stopped" if self._foreman.stopping and not self._foreman.is_done() else "finished"


def _empty(mail: queue.SimpleQueue[Callable[[], None]]) -> None:
    """Lets go of what nobody will do any more. It may hold what Ray gave out, which must not outlive that Ray."""
    with suppress(queue.Empty):
        while True:
            mail.get_nowait()
