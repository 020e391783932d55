"""Making ahead: the same things, a bounded number of them, and every error where it can be seen."""

import threading
from collections.abc import Iterator
from itertools import count, islice

import pytest

from stages.ahead import ahead


@pytest.mark.parametrize("n", [0, 1, 3, 4, 17])
def test_everything_comes_in_order(n: int) -> None:
    assert list(ahead(iter(range(n)), 4)) == list(range(n))


def test_no_more_than_agreed_is_made_ahead() -> None:
    made: list[int] = []
    reached = threading.Event()

    def things() -> Iterator[int]:
        for number in count():
            made.append(number)
            if number == 7:
                reached.set()
            yield number

    running = ahead(things(), 4)
    assert next(running) == 0
    assert reached.wait(10)
    running.close()  # waits for the thread, so that nothing is made after this line
    assert len(made) <= 12


def test_they_are_made_in_another_thread() -> None:
    makers = set(ahead((threading.get_ident() for _ in range(9)), 2))
    assert len(makers) == 1
    assert threading.get_ident() not in makers


def test_an_error_in_the_making_is_raised_to_the_user() -> None:
    def things() -> Iterator[int]:
        yield from range(5)
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        list(ahead(things(), 2))


def test_stopping_early_ends_the_thread() -> None:
    before = threading.active_count()
    running = ahead(iter(count()), 4)
    assert list(islice(running, 3)) == [0, 1, 2]
    running.close()
    assert threading.active_count() == before
