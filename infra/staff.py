"""How many workers of which kind: grows with what waits, shrinks when idle, never hires what would wait for ever.

No Ray in here: whoever uses it says how a worker is hired and let go, and what time it is.
"""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from infra.engine import Waiting
from infra.order import Order, held
from infra.profile_models import ModelPart
from stages.stage import Needs

H = TypeVar("H", bound=Hashable)
KINDS = ("cpus", "gpus", "memory_gb")
# A pool without a worker waits this long for others to run dry before it is given one of their places:
# changing over costs about a second, and a short wait often makes it unnecessary.
PATIENCE_S = 10.0


@dataclass
class Pool(Generic[H]):
    """Workers of one kind. ``standing`` is what each occupies for as long as it lives, beside what its order takes.

    ``coming`` says since when those are awaited that were hired, were given an order, and have not come up yet.
    """

    name: str
    standing: Needs
    waiting: Waiting = field(default_factory=Waiting)
    idle: dict[H, float] = field(default_factory=dict)
    busy: dict[H, Order] = field(default_factory=dict)
    coming: dict[H, float] = field(default_factory=dict)
    starved_since: float | None = None

    @property
    def size(self) -> int:
        """The number of its workers."""
        return len(self.idle) + len(self.busy)


@dataclass
class Staff(Generic[H]):
    """All pools over one budget.

    ``hire``, ``fire`` and ``give`` do what they say, ``now`` is a monotonic clock, and ``running`` says what an order
    occupies while it is being made.
    """

    budget: Needs
    hire: Callable[[Pool[H]], H]
    fire: Callable[[H], None]
    give: Callable[[H, Order], None]
    running: Callable[[Order], Needs]
    now: Callable[[], float]
    idle_s: float
    pools: dict[str, Pool[H]] = field(default_factory=dict)

    def match(self) -> None:
        """Gives waiting orders to workers, hiring and letting go as the budget allows. Call it after every event."""
        for pool in self._urgent():
            while pool.idle and self._may_run(pool):
                self._give(pool, pool.idle.popitem()[0])
        for pool in self._urgent():
            while self._may_run(pool) and self._make_room(pool):
                hand = self.hire(pool)
                pool.coming[hand] = self.now()
                self._give(pool, hand)
            since = self.now() if pool.starved_since is None else pool.starved_since
            pool.starved_since = since if pool.waiting and not pool.size else None

    def freed(self, pool: Pool[H], hand: H) -> None:
        """A worker has done its order: it goes on, waits, or makes room for a pool that has had none for too long."""
        leaves = self._owes_room(pool)
        pool.coming.pop(hand, None)
        del pool.busy[hand]
        if leaves:
            self.fire(hand)
        else:
            pool.idle[hand] = self.now()
        self.match()

    def lost(self, pool: Pool[H], hand: H) -> None:
        """A worker has died."""
        pool.coming.pop(hand, None)
        pool.busy.pop(hand, None)
        pool.idle.pop(hand, None)
        self.match()

    def look_round(self) -> float | None:
        """Lets go who has been idle for too long; who is idle takes over from who does not come up.

        Gives the seconds until somebody may be either, if anybody is idle or coming.
        """
        now = self.now()
        for pool in self.pools.values():
            for hand in [hand for hand, since in pool.idle.items() if now - since >= self.idle_s]:
                self._let_go(pool, hand)
            if pool.idle:
                self.recall(pool, PATIENCE_S)
        self.match()
        waits = [since + self.idle_s - now for pool in self.pools.values() for since in pool.idle.values()]
        late = [since + PATIENCE_S - now for pool in self.pools.values() for since in pool.coming.values()]
        waits += [wait_s if wait_s > 0 else PATIENCE_S for wait_s in late]
        return max(0.0, min(waits)) if waits else None

    def recall(self, pool: Pool[H], after_s: float) -> None:
        """Takes back what was given to workers that have not come up for so long: there may be no place for them."""
        for hand in [hand for hand, since in pool.coming.items() if self.now() - since >= after_s]:
            del pool.coming[hand]
            pool.waiting.push(pool.busy.pop(hand))
            self.fire(hand)

    def _urgent(self) -> list[Pool[H]]:
        """Pools in which something waits, the most urgent first; those starved of workers before all others."""
        waiting = [(not self._is_starving(pool), pool.waiting.urgency(), pool) for pool in self.pools.values()]
        ordered = sorted((late, urgency, pool.name) for late, urgency, pool in waiting if urgency is not None)
        return [self.pools[name] for _, _, name in ordered]

    def _is_starving(self, pool: Pool[H]) -> bool:
        return pool.starved_since is not None and self.now() - pool.starved_since >= PATIENCE_S

    def _owes_room(self, pool: Pool[H]) -> bool:
        """Whether another pool is starving for a place that only the end of a worker can give it."""
        return any(
            other is not pool and self._is_starving(other) and not self._fits(other.standing)
            for other in self.pools.values()
        )

    def _may_run(self, pool: Pool[H]) -> bool:
        """Whether the most urgent order could run now: there is memory for it, and a core that nobody uses.

        One core is enough: an order that wants two beside another that wants one shares with it for a while, where
        waiting for both would leave one idle.
        """
        order = pool.waiting.first()
        if order is None:
            return False
        needs = self.running(order)
        return self._fits(dataclasses.replace(needs, cpus=min(1.0, needs.cpus)))

    def _make_room(self, pool: Pool[H]) -> bool:
        """Whether one more worker fits, perhaps after idle ones of other pools have gone."""
        if self._owes_room(pool) and not self._is_starving(pool):
            return False
        for other in self.pools.values():
            while other.idle and other is not pool and not self._fits(pool.standing):
                self._let_go(other, next(iter(other.idle)))
        return self._fits(pool.standing)

    def _fits(self, more: Needs) -> bool:
        used = [pool.standing for pool in self.pools.values() for _ in range(pool.size)]
        used += [self.running(order) for pool in self.pools.values() for order in pool.busy.values()]
        return all(
            getattr(more, kind) <= 0
            or sum(getattr(one, kind) for one in used) + getattr(more, kind) <= getattr(self.budget, kind) + 1e-6
            for kind in KINDS
        )

    def _give(self, pool: Pool[H], hand: H) -> None:
        order = pool.waiting.pop()
        pool.busy[hand] = order
        self.give(hand, order)

    def _let_go(self, pool: Pool[H], hand: H) -> None:
        del pool.idle[hand]
        self.fire(hand)


def within(needs: Needs, nodes: Iterable[Needs]) -> Needs | None:
    """What a worker asks for on the largest of these machines: never more cores than it has. None: it fits on none."""
    fitting = [node for node in nodes if node.gpus >= needs.gpus and node.memory_gb >= needs.memory_gb]
    if not fitting:
        return None
    return dataclasses.replace(needs, cpus=min(needs.cpus, max(node.cpus for node in fitting)))


@dataclass(frozen=True)
class Slot:
    """Where the orders of one table go: to which pool, whose workers occupy ``standing``, and what one order takes."""

    pool: str
    standing: Needs
    running: Needs


NOTHING = Needs(cpus=0, gpus=0, memory_gb=0)


def slot(table: str, needs: Needs, *, alone: bool, holds: Sequence[ModelPart] = ()) -> Slot:
    """The slot of a table. A GPU holds one table's model, so its workers are a pool of their own.

    Tables that ask the same models of the profile, which their workers load and keep, share a pool.
    Where we are ``alone`` on a Ray of our own, only we count cores and memory: all other tables share one pool, whose
    workers occupy nothing but while they work, so that no worker ends and none starts for the sake of another stage.
    On a cluster Ray counts for everybody, and a worker keeps what it was given; tables of equal needs share workers.
    """
    kept = held(holds)
    name = f"models {', '.join(sorted(part.identity for part in holds))}" if holds else ""
    if needs.gpus > kept.gpus:
        name = f"gpu {table}"
    if alone:
        standing = Needs(cpus=0, gpus=needs.gpus, memory_gb=kept.memory_gb)
        running = dataclasses.replace(needs, gpus=0, memory_gb=needs.memory_gb - kept.memory_gb)
        return Slot(name or "any", standing, running)
    return Slot(f"{name} {needs.cpus:g} cpus, {needs.memory_gb:g} GB".strip(), needs, NOTHING)
