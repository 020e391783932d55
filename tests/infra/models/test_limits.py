"""No window of a minute, wherever it begins, holds more than the limit; and little of what is allowed is lost."""

import itertools
import random
from collections import deque
from collections.abc import Sequence

import pytest

from infra.models.limits import Pace, Seats, Window

pytestmark = pytest.mark.slow


def sends(pace: Pace, count: int) -> list[tuple[float, float]]:
    """When each request goes out, for one who asks for the next as soon as the last is out."""
    now, sent = 0.0, []
    for _ in range(count):
        now += pace.book(now)
        sent.append((now, 1.0))
    return sent


def answered(window: Window, took: Sequence[float], most: float, lasts_s: float) -> list[tuple[float, float]]:
    """When each of the requests goes out, as soon as it may, and what it took: 64 at once, answered after so long."""
    now, sent, flying = 0.0, list[tuple[float, float]](), deque[tuple[float, int, float]]()
    for tokens in took:
        while len(flying) == 64 or not window.has_room(now, most):
            now = min(now + 0.1, flying[0][0]) if flying else now + 0.1
            while flying and flying[0][0] <= now:
                window.settle(*flying.popleft()[1:])
        flying.append((now + lasts_s, window.book(now, most), tokens))
        sent.append((now, tokens))
    return sent


def most_in_a_window(sent: list[tuple[float, float]], window_s: float) -> float:
    held: deque[tuple[float, float]] = deque()
    total = most = 0.0
    for when, amount in sent:
        held.append((when, amount))
        total += amount
        while held[0][0] <= when - window_s:
            total -= held.popleft()[1]
        most = max(most, total)
    return most


def test_requests_keep_to_the_limit_in_every_window_and_use_it() -> None:
    sent = sends(Pace(3000), 20_000)
    assert most_in_a_window(sent, 60) <= 3000
    assert len(sent) / sent[-1][0] * 60 >= 0.97 * 3000


def test_tokens_of_any_size_keep_to_the_limit_in_every_window_and_use_it() -> None:
    chance = random.Random(1)
    sent = answered(Window(100_000), [chance.uniform(10, 2000) for _ in range(5000)], 2000, lasts_s=1)
    assert most_in_a_window(sent, 60) <= 100_000
    assert sum(amount for _, amount in sent) / sent[-1][0] * 60 >= 0.9 * 100_000


@pytest.mark.parametrize("lasts_s", [1, 10, 100])
def test_answers_that_suddenly_take_all_they_may_keep_to_the_limit(lasts_s: float) -> None:
    sent = answered(Window(100_000), [300.0] * 600 + [2000.0] * 600, 2000, lasts_s)
    assert most_in_a_window(sent, 60) <= 100_000


def test_a_request_larger_than_the_limit_goes_alone() -> None:
    window = Window(100)
    window.book(0.0, 10)
    assert not window.has_room(60.0, 1000)
    assert window.has_room(61.2, 1000)


def test_a_pause_is_not_made_up_for_by_a_burst() -> None:
    pace = Pace(600)
    early = sends(pace, 300)
    later = [(1000 + pace.book(1000.0), 1.0) for _ in range(1500)]
    assert most_in_a_window([*early, *later], 60) <= 600


def test_no_limit_is_no_wait() -> None:
    assert [Pace(0).book(0.0) for _ in range(3)] == [0.0] * 3
    window = Window(0)
    assert all(window.has_room(0.0, 10**9) and window.book(0.0, 10**9) for _ in range(3))
    assert window.sent == {}


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
def test_seats_are_shared_evenly_and_never_more_than_there_are(workers: int) -> None:
    seats = Seats(64, forget_s=10)
    names = [f"w{number}" for number in range(workers)]
    for name in names:
        seats.take(0.0, name, 0)
    granted = {name: seats.take(0.0, name, 64) for name in names}
    assert sum(granted.values()) == 64
    assert max(granted.values()) - min(granted.values()) <= 64 // workers + 1


def test_one_who_comes_later_gets_what_others_give_back() -> None:
    seats = Seats(8, forget_s=10)
    assert seats.take(0.0, "early", 8) == 8
    assert seats.take(0.0, "late", 8) == 0
    seats.give(0.0, "early", 6)
    assert seats.take(0.0, "early", 8) == 2
    assert seats.take(0.0, "late", 8) == 4


def test_seats_of_a_worker_that_died_are_free_again() -> None:
    seats = Seats(8, forget_s=10)
    seats.take(0.0, "dead", 8)
    assert seats.take(5.0, "other", 8) == 0
    assert seats.take(10.1, "other", 8) == 8


def test_a_worker_that_wants_nothing_more_has_no_share() -> None:
    seats = Seats(8, forget_s=10)
    for name in itertools.islice("abcd", 4):
        seats.take(0.0, name, 1)
        seats.give(0.0, name, 1)
    for name in "abc":
        seats.leave(name)
    assert seats.take(0.0, "d", 8) == 8
