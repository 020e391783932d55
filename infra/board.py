"""How far each table is, for whoever waits for it in another thread."""

import copy
import dataclasses
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.errors import RushesError


@dataclass(frozen=True)
class TableReport:
    """How far one table is: parts in all, done, found done already; rows and rejects so far; seconds of work."""

    table: str
    parts: int
    done: int = 0
    reused: int = 0
    rows: int = 0
    rejects: int = 0
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether every part is done."""
        return self.done == self.parts


Progress = Callable[[TableReport], None]


class Board:
    """Reports by table, written by the run's thread and read by any other."""

    def __init__(self, reports: Mapping[str, TableReport], made_from: Mapping[str, frozenset[str]]) -> None:
        self._reports = dict(reports)
        self._made_from = made_from
        self._failures: dict[str, BaseException] = {}
        self._end: BaseException | None = None
        self._lock = threading.RLock()
        # One bell per table over one lock: a cell wakes nobody but those who wait for its table.
        self._bells = {table: threading.Condition(self._lock) for table in reports}

    def add(self, table: str, **more: float) -> None:
        """Adds to the numbers of one table."""
        with self._lock:
            report = self._reports[table]
            grown = {name: getattr(report, name) + amount for name, amount in more.items()}
            self._reports[table] = dataclasses.replace(report, **grown)
            self._bells[table].notify_all()

    def fail(self, table: str, error: BaseException) -> None:
        """Notes what keeps a table from being complete; the first such error stays."""
        with self._lock:
            self._failures.setdefault(table, error)
            self._ring()

    def clear(self, table: str) -> None:
        """Forgets a failure: the table is tried again."""
        with self._lock:
            self._failures.pop(table, None)

    def end(self, why: BaseException) -> None:
        """Notes that nothing more will come, and why: nobody waits any longer."""
        with self._lock:
            self._end = why
            self._ring()

    def report(self, table: str) -> TableReport:
        """How far the table is now."""
        with self._lock:
            return self._reports[table]

    def wait(self, table: str, progress: Progress | None = None) -> TableReport:
        """The report of a table once it is complete. ``progress`` is called in this thread whenever it has changed.

        Raises what made the table, or one that it is made from, fail; or why the run ended before.
        """
        shown: TableReport | None = None
        while True:
            with self._lock:
                self._bells[table].wait_for(lambda: self._is_news(table, shown))  # noqa: B023  called before it changes
                shown, why = self._reports[table], self._obstacle(table)
            if progress:
                progress(shown)
            if shown.is_complete:
                return shown
            if why is not None:
                raise why

    def _ring(self) -> None:
        for bell in self._bells.values():
            bell.notify_all()

    def _is_news(self, table: str, shown: TableReport | None) -> bool:
        report = self._reports[table]
        return report != shown or report.is_complete or self._obstacle(table) is not None

    def _obstacle(self, table: str) -> BaseException | None:
        for one, error in self._failures.items():
            if one == table or one in self._made_from[table]:
                return _copied(error)
        return self._end


def _copied(error: BaseException) -> BaseException:
    """The error anew, so that several threads can raise it without sharing a traceback."""
    return copy.copy(error) if isinstance(error, RushesError) else error
