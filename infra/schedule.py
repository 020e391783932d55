"""Which cell can be made when: the state of a run, without threads, engines or clocks."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.order import Blueprint, Order
from schemas.errors import WiringError
from schemas.row import Row
from stages.graph import Rows
from storage.indexes import index_name, named, read_index, stem_of
from storage.layout import part_name, part_of
from storage.seal import BadCell
from storage.tables import Listing, listed


@dataclass
class Progress:
    """How far one table is: the stems of its cells by part, of its rejects by part, and what is left to make.

    A table over all parts is made in one go, so it lacks one order and gets all stems at once.
    """

    rows: Rows[Any]
    plan: Blueprint
    depth: int
    to_make: int
    listing: Listing = field(default_factory=Listing)
    stems: dict[int, str] = field(default_factory=dict)
    reject_stems: dict[int, str] = field(default_factory=dict)
    reused: int = 0

    @property
    def is_done(self) -> bool:
        """Whether every cell is committed."""
        return self.to_make == 0


class Schedule:
    """Follows which cells are committed, and says which can be made next.

    A cell that lies there already is never made again: what its name says of its inputs is what it was made from.
    """

    def __init__(self, recipe: Rows[Any], plans: Mapping[str, Blueprint], parts: Sequence[int]) -> None:
        self.parts = tuple(parts)
        self.tables: dict[str, Progress] = {}
        self._takers: dict[str, list[str]] = defaultdict(list)
        for rows in recipe.walk():
            depth = 1 + max((self.tables[made.table].depth for _, made in rows.inputs), default=-1)
            to_make = 1 if rows.over == "all" else len(self.parts)
            self.tables[rows.table] = Progress(rows, plans[rows.table], depth, to_make)
            _checked(rows)
            for table in {made.table for _, made in rows.inputs}:
                self._takers[table].append(rows.table)
        self._lacks = {
            (table, part): self._n_inputs(progress)
            for table, progress in self.tables.items()
            for part in self._units(progress)
        }
        self.found: list[Order] = []
        """Cells that turned out to lie there already, since somebody last looked and cleared this."""

    def begin(self) -> Iterator[Order]:
        """The cells that can be made now, once the given tables are taken as committed. Lists each folder once."""
        for progress in self.tables.values():
            progress.listing = listed(progress.plan.folder)
        for progress in list(self.tables.values()):
            if not progress.rows.inputs:
                for part in self.parts:
                    progress.stems[part] = part_name(part)
                progress.to_make, progress.reused = 0, len(self.parts)
                self.found += [Order(progress.plan.table, part, (), part_name(part), (0, part)) for part in self.parts]
                yield from self._spread(deque((progress.plan.table, part) for part in self.parts))

    def done(self, order: Order) -> Iterator[Order]:
        """The cells that can be made now that this one is committed."""
        progress = self.tables[order.table]
        self._enter(progress, order)
        yield from self._spread(deque([(order.table, order.part)]))

    def maker_of(self, path: Path) -> Order | None:
        """The order that the file of a cell came of; None for a file of no cell of this run, or one that was given."""
        for progress in self.tables.values():
            if progress.plan.folder == path.parent and progress.rows.inputs:
                return self._order(progress, None if progress.rows.over == "all" else part_of(path.name))
        return None

    def _enter(self, progress: Progress, order: Order) -> None:
        """Takes the cell as committed."""
        progress.to_make -= 1
        if order.part is None:
            index = read_index(progress.plan.folder / order.target)
            progress.stems, progress.reject_stems = dict(index.rows), dict(index.rejects)
            return
        progress.stems[order.part] = order.target

    def _spread(self, committed: deque[tuple[str, int | None]]) -> Iterator[Order]:
        """Follows the consequences of commits: what lies there already counts as committed, too."""
        while committed:
            table, part = committed.popleft()
            for taker in self._takers[table]:
                for order in self._next(self.tables[taker], table, part):
                    if self._lies_there(order):
                        self.tables[taker].reused += 1
                        self.found.append(order)
                        self._enter(self.tables[taker], order)
                        committed.append((taker, order.part))
                    else:
                        yield order

    def _next(self, taker: Progress, table: str, part: int | None) -> Iterator[Order]:
        """The orders of one table that wait for nothing any more, now that a cell of an input is committed."""
        times = sum(made.table == table for _, made in taker.rows.inputs)
        whole = len(self.parts) if part is None else 1
        if taker.rows.over == "all":
            units: list[tuple[int | None, int]] = [(None, times * whole)]
        else:
            units = [(one, times) for one in (self.parts if part is None else [part])]
        for unit, fewer in units:
            self._lacks[taker.plan.table, unit] -= fewer
            if self._lacks[taker.plan.table, unit] == 0:
                yield self._order(taker, unit)

    def _order(self, progress: Progress, part: int | None) -> Order:
        made = [self.tables[rows.table].stems for _, rows in progress.rows.inputs]
        wanted = self.parts if part is None else (part,)
        inputs = tuple(tuple(stems[one] for one in wanted) for stems in made)
        if part is not None and not progress.rows.spans_parts:
            return Order(progress.plan.table, part, inputs, part_name(part), (-progress.depth, part))
        made_from = named(stem for stems in inputs for stem in stems)
        if part is None:
            return Order(progress.plan.table, None, inputs, index_name(made_from), (-progress.depth, -1))
        return Order(progress.plan.table, part, inputs, stem_of(part, made_from), (-progress.depth, part))

    def _lies_there(self, order: Order) -> bool:
        progress = self.tables[order.table]
        if order.part is not None:
            return order.target in progress.listing.rows
        return order.target in progress.listing.others and _is_sound(progress.plan.folder / order.target)

    def _units(self, progress: Progress) -> tuple[int | None, ...]:
        return (None,) if progress.rows.over == "all" else self.parts

    def _n_inputs(self, progress: Progress) -> int:
        per_input = len(self.parts) if progress.rows.over == "all" else 1
        return len(progress.rows.inputs) * per_input


def _is_sound(index: Path) -> bool:
    """Whether the index of a barrier is as it was written. One that is not is as good as none."""
    try:
        read_index(index)
    except BadCell:
        return False
    return True


def _checked(rows: Rows[Any]) -> None:
    """Raises WiringError for a table over all parts of which no input says which video lies in which part."""
    if rows.over == "all" and not any(_names_video(made.row_type) for _, made in rows.inputs):
        raise WiringError(
            f"{rows.table!r} is made over all parts, so one of its inputs needs a video_id to write it back by"
        )


def _names_video(row_type: type[Row]) -> bool:
    return "video_id" in row_type.__dataclass_fields__  # type: ignore[attr-defined]
