"""The engine on Ray: pools of actors on this machine's cores or on a cluster."""

import dataclasses
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from infra.engine import EngineName, Post
from infra.order import Berth, Crew, Order, Outcome
from infra.profile import Profile
from infra.ray_place import JOINING, RayPlace, checked
from infra.ray_worker import RayWorker
from infra.staff import PATIENCE_S, Pool, Slot, Staff, slot, within
from infra.teachers import desk
from schemas.errors import RushesError, StageBroken, ToolDown
from stages.stage import Needs

Actor = Any
# DuckDB in a worker may take this part of all memory before it spills to disk.
QUERY_SHARE = 8


class RayEngine:
    """Makes cells in Ray actors. Paths go in and numbers come out: rows never pass through Ray."""

    name: EngineName = "ray"

    def __init__(self) -> None:
        self._place: RayPlace | None = None
        self._timer: threading.Timer | None = None
        self._pools: dict[str, Pool[Actor]] = {}
        self._crew: Any = None
        self._desk: Any = None
        self._homeless: set[str] = set()

    def start(self, crew: Crew, profile: Profile, post: Post, done: Callable[[Outcome], None]) -> None:
        """Starts or joins Ray, and checks that every table's needs can be met. Raises BadInput, ToolDown."""
        self._post, self._done, self._profile = post, done, profile
        self._place = RayPlace(profile)
        nodes = self._place.nodes()
        self._slots: dict[str, Slot] = {
            table: slot(
                table,
                checked(plan.needs, plan.made_by, within(plan.needs, nodes)),
                alone=self._place.is_ours,
                holds=plan.holds,
            )
            for table, plan in crew.blueprints.items()
            if plan.inputs
        }
        budget = _budget(nodes, profile)
        self._hang_s = profile.workers.hang_s
        self._query_gb = max(1.0, budget.memory_gb / QUERY_SHARE)
        self._desk = desk(self._place.ray, crew)
        self._crew = self._place.ray.put(dataclasses.replace(crew, desk=self._desk))
        self._actor_type = self._place.ray.remote(max_restarts=0, max_task_retries=0)(RayWorker)
        self._pools |= {one.pool: Pool(one.pool, one.standing) for one in self._slots.values()}
        self._staff = Staff(
            budget=budget,
            hire=self._hire,
            fire=self._fire,
            give=self._give,
            running=lambda order: self._slots[order.table].running,
            now=time.monotonic,
            idle_s=profile.workers.idle_s,
            pools=self._pools,
        )

    def submit(self, order: Order) -> None:
        """Takes an order."""
        pool = self._pools[self._slots[order.table].pool]
        pool.waiting.push(order)
        if pool.name in self._homeless:
            self._count_machines()
        self._staff.match()

    def withdraw(self, table: str) -> list[Order]:
        """Gives back the orders of a table that nobody has begun."""
        return self._pools[self._slots[table].pool].waiting.withdraw(table)

    def stop(self) -> None:
        """Kills the workers, and ends the Ray that was started here."""
        if self._timer:
            self._timer.cancel()
        if self._place is None:
            return
        for pool in self._pools.values():
            for actor in [*pool.idle, *pool.busy]:
                self._fire(actor)
        if self._desk is not None:
            self._place.ray.kill(self._desk)
        # The next Ray of this process gives the same ids again: a reference let go of only then would take its objects.
        self._pools.clear()
        self._crew = self._desk = None
        self._place.leave()
        self._place = None

    def _hire(self, pool: Pool[Actor]) -> Actor:
        memory_gb = pool.standing.memory_gb or self._query_gb
        berth = Berth(pool.name, "cuda" if pool.standing.gpus else "cpu", memory_gb, self._hang_s)
        actor = self._actor_type.options(
            num_cpus=pool.standing.cpus, num_gpus=pool.standing.gpus, memory=int(pool.standing.memory_gb * 1e9)
        ).remote(sys.path, [self._crew], berth, max(1, int(pool.standing.cpus)))
        self._when_done(actor.ready.remote(), partial(_came_up, pool, actor))
        return actor

    def _fire(self, actor: Actor) -> None:
        if self._place:
            self._place.ray.kill(actor)

    def _give(self, actor: Actor, order: Order) -> None:
        pool = self._pools[self._slots[order.table].pool]
        self._when_done(actor.make.remote(order), partial(self._finished, pool, actor, order))

    def _when_done(self, answer: Any, then: Callable[[Any], None]) -> None:
        """Has ``then`` called in the run's thread with the finished future: no polling."""
        answer.future().add_done_callback(lambda future: self._post(partial(then, future)))

    def _finished(self, pool: Pool[Actor], actor: Actor, order: Order, answer: "Future[Outcome]") -> None:
        error = answer.exception()
        if error is None:
            self._done(answer.result())
            self._staff.freed(pool, actor)
        elif actor in pool.busy:
            self._after(order, actor in pool.coming, error)
            self._fire(actor)
            self._count_machines()
            self._staff.lost(pool, actor)
        self._look_later()

    def _after(self, order: Order, was_coming: bool, error: BaseException) -> None:
        """Tells what kept a worker from answering: its death, by the cell or before; or a fault of ours."""
        from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError, WorkerCrashedError

        said = " ".join(str(error).split())[:500]
        if not isinstance(error, RayActorError | OutOfMemoryError | WorkerCrashedError | NodeDiedError):
            told: RushesError | None = StageBroken(f"the worker failed at {order.what}: {said}")
        else:
            told = ToolDown(f"a worker could not start: {said}{self._remedy()}") if was_coming else None
        self._done(Outcome(order, worker=self._slots[order.table].pool, error=told, crashed=told is None))

    def _count_machines(self) -> None:
        """A machine of a cluster may have gone with its worker, or come: no order waits for one that is not there."""
        assert self._place is not None  # noqa: S101  for the type checker
        if self._place.is_ours:
            return
        nodes = self._place.nodes()
        self._staff.budget = _budget(nodes, self._profile)
        self._homeless = {name for name, pool in self._pools.items() if within(pool.standing, nodes) is None}
        for name in self._homeless:
            self._staff.recall(self._pools[name], 0)
        for table, home in self._slots.items():
            if home.pool in self._homeless:
                self._turn_away(table, home.standing)

    def _turn_away(self, table: str, needs: Needs) -> None:
        gone = f"no machine of the cluster has {needs.gpus:g} GPUs and {needs.memory_gb:g} GB of memory any more"
        for order in self.withdraw(table):
            error = ToolDown(f"{gone}; run the same command again once one has")
            self._post(partial(self._done, Outcome(order, worker=self._slots[table].pool, error=error)))

    def _remedy(self) -> str:
        """What may be wrong where workers of a cluster do not start: calls that lack a token are just not heard."""
        return "" if self._place is None or self._place.is_ours else f"; {JOINING}"

    def _look_later(self) -> None:
        """Sets the clock for the next worker that may have been idle, or awaited, long enough."""
        if self._timer and self._timer.is_alive():
            return
        if any(pool.coming for pool in self._pools.values()):
            self._count_machines()
        wait_s = self._staff.look_round()
        if wait_s is not None:
            self._timer = threading.Timer(min(wait_s, PATIENCE_S), self._post, [self._look_later])
            self._timer.daemon = True
            self._timer.start()


def _came_up(pool: Pool[Actor], actor: Actor, answer: "Future[None]") -> None:
    """Notes that the worker is there; of one that is not, its order's outcome tells."""
    if answer.exception() is None:
        pool.coming.pop(actor, None)


def _budget(nodes: list[Needs], profile: Profile) -> Needs:
    """All that the machines have together, or less where the profile says less."""
    cpus, gpus, memory = (sum(getattr(node, kind) for node in nodes) for kind in ("cpus", "gpus", "memory_gb"))
    limits = profile.workers
    return Needs(cpus=min(cpus, limits.cpus or cpus), gpus=gpus, memory_gb=min(memory, limits.memory_gb or memory))
