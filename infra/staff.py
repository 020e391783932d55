"""How many workers of which kind: grows with what waits, shrinks when idle, never hires what would wait for ever.

No Ray in here: whoever uses it says how a worker is hired and let go, and what time it is.
"""

import dataclasses
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from infra.engine import Waiting
from infra.order import Order
from stages.stage import Needs

H = TypeVar("H", bound=Hashable)
# A pool without a worker waits this long for others to run dry before it is given one of their places:
# changing over costs about a second, and a short wait often makes it unnecessary.
PATIENCE_S = 10.0


@dataclass
class Pool(Generic[H]):
    """Workers of one kind: what each occupies, those that are idle (and since when), busy ones, and what waits."""

    name: str
    needs: Needs
    waiting: Waiting = field(default_factory=Waiting)
    idle: dict[H, float] = field(default_factory=dict)
    busy: dict[H, Order] = field(default_factory=dict)
    starved_since: float | None = None

    @property
    def size(self) -> int:
        """The number of its workers."""
        return len(self.idle) + len(self.busy)


@dataclass
class Staff(Generic[H]):
    """All pools over one budget. ``hire``, ``fire`` and ``give`` do what they say; ``now`` is a monotonic clock."""

    budget: Needs
    hire: Callable[[Pool[H]], H]
    fire: Callable[[H], None]
    give: Callable[[H, Order], None]
    now: Callable[[], float]
    idle_s: float
    pools: dict[str, Pool[H]] = field(default_factory=dict)

    def match(self) -> None:
        """Gives waiting orders to workers, hiring and letting go as the budget allows. Call it after every event."""
        for pool in self._urgent():
            while pool.waiting and pool.idle:
                hand = pool.idle.popitem()[0]
                self._give(pool, hand)
        for pool in self._urgent():
            self._grow(pool)
            starved = bool(pool.waiting) and not pool.size
            since = self.now() if pool.starved_since is None else pool.starved_since
            pool.starved_since = since if starved else None

    def freed(self, pool: Pool[H], hand: H) -> None:
        """A worker has done its order: it goes on, waits, or makes room for a pool that has had none for too long."""
        del pool.busy[hand]
        if any(other is not pool and self._is_starving(other) for other in self.pools.values()):
            self.fire(hand)
        else:
            pool.idle[hand] = self.now()
        self.match()

    def lost(self, pool: Pool[H], hand: H) -> None:
        """A worker has died."""
        pool.busy.pop(hand, None)
        pool.idle.pop(hand, None)
        self.match()

    def shrink(self) -> float | None:
        """Lets go who has been idle for too long. Gives the seconds until the next one may be, if anybody is idle."""
        now = self.now()
        for pool in self.pools.values():
            for hand in [hand for hand, since in pool.idle.items() if now - since >= self.idle_s]:
                self._let_go(pool, hand)
        idle = [since for pool in self.pools.values() for since in pool.idle.values()]
        return max(0.0, min(idle) + self.idle_s - now) if idle else None

    def _urgent(self) -> list[Pool[H]]:
        """Pools in which something waits, the most urgent first; those starved of workers before all others."""
        waiting = [(not self._is_starving(pool), pool.waiting.first(), pool) for pool in self.pools.values()]
        ordered = sorted((late, first, pool.name) for late, first, pool in waiting if first is not None)
        return [self.pools[name] for _, _, name in ordered]

    def _is_starving(self, pool: Pool[H]) -> bool:
        return pool.starved_since is not None and self.now() - pool.starved_since >= PATIENCE_S

    def _grow(self, pool: Pool[H]) -> None:
        """Hires for what waits, as far as there is room, or room can be made by letting idle workers go."""
        while pool.waiting and self._make_room(pool):
            self._give(pool, self.hire(pool))

    def _make_room(self, pool: Pool[H]) -> bool:
        if any(other is not pool and self._is_starving(other) for other in self.pools.values()):
            return self._is_starving(pool) and self._fits(pool.needs)
        for other in self.pools.values():
            while other.idle and not self._fits(pool.needs):
                self._let_go(other, next(iter(other.idle)))
        return self._fits(pool.needs)

    def _fits(self, needs: Needs) -> bool:
        used = [(pool.needs, pool.size) for pool in self.pools.values()]
        return all(
            sum(getattr(one, kind) * size for one, size in used) + getattr(needs, kind)
            <= getattr(self.budget, kind) + 1e-6
            for kind in ("cpus", "gpus", "memory_gb")
        )

    def _give(self, pool: Pool[H], hand: H) -> None:
        order = pool.waiting.pop()
        pool.busy[hand] = order
        self.give(hand, order)

    def _let_go(self, pool: Pool[H], hand: H) -> None:
        del pool.idle[hand]
        self.fire(hand)


def pool_name(table: str, needs: Needs) -> str:
    """The pool that makes a table: one for all tables of equal needs, but one of its own where a GPU holds a model."""
    return f"gpu {table}" if needs.gpus else f"{needs.cpus:g} cpus, {needs.memory_gb:g} GB"


def within(needs: Needs, nodes: Iterable[Needs]) -> Needs | None:
    """What a worker asks for on the largest of these machines: never more cores than it has. None: it fits on none."""
    fitting = [node for node in nodes if node.gpus >= needs.gpus and node.memory_gb >= needs.memory_gb]
    if not fitting:
        return None
    return dataclasses.replace(needs, cpus=min(needs.cpus, max(node.cpus for node in fitting)))
