from itertools import count

from infra.order import Order
from infra.staff import NOTHING, PATIENCE_S, Pool, Staff, slot, within
from stages.stage import Needs


class Office:
    """A staff whose workers are numbers, with a clock that a test moves. Workers keep what they are given."""

    def __init__(self, budget: Needs, **pools: Needs) -> None:
        self.clock, self.fired, self.given = 0.0, [], []  # type: float, list[int], list[tuple[int, str]]
        self.running: dict[str, Needs] = {}
        numbers = count(1)
        self.staff: Staff[int] = Staff(
            budget,
            hire=lambda _: next(numbers),
            fire=self.fired.append,
            give=lambda hand, order: self.given.append((hand, order.target)),
            running=lambda order: self.running.get(order.target, NOTHING),
            now=lambda: self.clock,
            idle_s=30,
            pools={name: Pool(name, needs) for name, needs in pools.items()},
        )

    def submit(self, pool: str, *targets: str, urgency: int = 0) -> None:
        for number, target in enumerate(targets):
            self.staff.pools[pool].waiting.push(Order("t", number, (), target, (-urgency, number)))
        self.staff.match()

    def come(self, *hands: int) -> None:
        for hand in hands:
            del self.staff.pools["one"].coming[hand]

    def finish(self, pool: str, hand: int) -> None:
        self.staff.freed(self.staff.pools[pool], hand)


def test_a_pool_grows_with_what_waits_as_far_as_the_budget_goes() -> None:
    office = Office(Needs(cpus=2, memory_gb=9), one=Needs(cpus=1))
    office.submit("one", "a")
    assert office.given == [(1, "a")]
    office.submit("one", "b", "c")
    assert office.given == [(1, "a"), (2, "b")]
    office.finish("one", 1)
    assert office.given[-1] == (1, "c"), "a worker that is there is used again"


def test_memory_and_gpus_count_as_cores_do() -> None:
    office = Office(Needs(cpus=9, gpus=1, memory_gb=4), big=Needs(cpus=1, memory_gb=3), gpu=Needs(cpus=1, gpus=1))
    office.submit("big", "a", "b")
    office.submit("gpu", "c", "d")
    assert [target for _, target in office.given] == ["a", "c"]


def test_the_most_urgent_order_is_made_first_whatever_its_pool() -> None:
    office = Office(Needs(cpus=1, memory_gb=9), one=Needs(cpus=1), two=Needs(cpus=1, memory_gb=2))
    office.submit("one", "now")
    office.submit("one", "late", urgency=1)
    office.submit("two", "first", urgency=2)
    office.finish("one", 1)
    assert office.given == [(1, "now"), (1, "late")], "changing over at once would cost more than the wait"
    office.finish("one", 1)
    assert office.given[-1] == (2, "first")
    assert office.fired == [1], "an idle worker makes room"


def test_a_pool_without_workers_gets_its_turn_however_much_waits_elsewhere() -> None:
    office = Office(Needs(cpus=2, memory_gb=9), small=Needs(cpus=1), large=Needs(cpus=2))
    office.submit("small", *"abcdef")
    office.submit("large", "X")
    office.clock = PATIENCE_S + 1
    office.finish("small", 1)
    assert office.fired == [1], "one place is not enough, but it is kept free"
    assert len(office.given) == 2
    office.finish("small", 2)
    assert office.given[-1] == (3, "X")
    office.finish("large", 3)
    assert [target for _, target in office.given[3:]] == ["c", "d"], "and then the others go on"


def test_who_has_been_idle_for_long_goes() -> None:
    office = Office(Needs(cpus=2, memory_gb=9), one=Needs(cpus=1))
    office.submit("one", "a", "b")
    office.come(1, 2)
    office.finish("one", 1)
    office.clock = 10
    office.finish("one", 2)
    assert office.staff.look_round() == 20
    office.clock = 30
    assert office.staff.look_round() == 10
    assert office.fired == [1]
    office.clock = 40
    assert office.staff.look_round() is None


def test_a_dead_worker_leaves_its_place_to_another() -> None:
    office = Office(Needs(cpus=1, memory_gb=9), one=Needs(cpus=1))
    office.submit("one", "a", "b")
    office.staff.lost(office.staff.pools["one"], 1)
    assert office.given[-1] == (2, "b")


def test_who_is_idle_takes_over_from_who_does_not_come_up() -> None:
    office = Office(Needs(cpus=2, memory_gb=9), one=Needs(cpus=1))
    office.submit("one", "a", "b")
    office.come(1)
    office.finish("one", 1)
    office.clock = PATIENCE_S - 1
    assert office.staff.look_round() == 1
    assert office.fired == [], "a worker takes its time to come up"
    office.clock = PATIENCE_S
    office.staff.look_round()
    assert (office.fired, office.given[-1]) == ([2], (1, "b"))


def test_who_has_come_up_keeps_its_order_however_long_that_takes() -> None:
    office = Office(Needs(cpus=2, memory_gb=9), one=Needs(cpus=1))
    office.submit("one", "a", "b")
    office.come(1, 2)
    office.finish("one", 1)
    office.clock = 10 * PATIENCE_S
    office.staff.look_round()
    assert 2 not in office.fired


def test_nobody_is_recalled_for_whom_there_is_no_other() -> None:
    office = Office(Needs(cpus=1, memory_gb=9), one=Needs(cpus=1))
    office.submit("one", "a")
    office.clock = 10 * PATIENCE_S
    assert office.staff.look_round() == PATIENCE_S
    assert office.fired == []


def test_workers_that_occupy_nothing_share_cores_by_what_they_are_at() -> None:
    office = Office(Needs(cpus=2, memory_gb=4), any=NOTHING)
    office.running = {"watch": Needs(cpus=2), "cut": Needs(cpus=1), "more": Needs(cpus=1), "fat": Needs(memory_gb=4)}
    office.submit("any", "cut", "watch", "more")
    assert [target for _, target in office.given] == ["cut", "watch"], "no core is idle while something waits"
    office.finish("any", 1)
    assert len(office.given) == 2, "both cores are taken"
    office.finish("any", 2)
    office.submit("any", "fat")
    assert [target for _, target in office.given] == ["cut", "watch", "more"], "there is no memory for it yet"
    office.finish("any", office.given[-1][0])
    assert office.given[-1][1] == "fat"


def test_where_others_count_stages_of_equal_needs_share_workers() -> None:
    assert slot("shots", Needs(cpus=1), alone=False) == slot("frames", Needs(cpus=1), alone=False)
    assert slot("shots", Needs(cpus=1), alone=False).pool != slot("frames", Needs(cpus=2), alone=False).pool
    assert slot("shots", Needs(cpus=1), alone=False).standing == Needs(cpus=1)


def test_where_we_are_alone_all_stages_share_workers_but_a_model_on_a_gpu_has_its_own() -> None:
    assert slot("shots", Needs(cpus=1), alone=True).pool == slot("frames", Needs(cpus=2), alone=True).pool
    captions = slot("captions", Needs(cpus=2, gpus=1), alone=True)
    assert captions.pool != slot("answers", Needs(cpus=2, gpus=1), alone=True).pool
    assert (captions.standing.gpus, captions.standing.cpus, captions.running.cpus) == (1, 0, 2)


def test_more_cores_than_a_machine_has_are_cut_down_but_no_gpu_is_made_up() -> None:
    nodes = [Needs(cpus=2, memory_gb=8), Needs(cpus=4, gpus=1, memory_gb=8)]
    assert within(Needs(cpus=16), nodes) == Needs(cpus=4)
    assert within(Needs(cpus=1, gpus=1), nodes) == Needs(cpus=1, gpus=1)
    assert within(Needs(gpus=2), nodes) is None
    assert within(Needs(memory_gb=9), nodes) is None
