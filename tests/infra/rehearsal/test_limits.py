import pytest

from infra.rehearsal.limits import Limits, Waits, Window


def test_a_window_forgets_what_is_older_than_its_length() -> None:
    window = Window(limit=2, length_s=60)
    window.add(0.0, 1)
    window.add(30.0, 1)
    assert window.wait_s(30.0, 1) == 30.0
    assert window.wait_s(59.9, 1) > 0
    assert window.wait_s(60.0, 1) == 0
    window.add(60.0, 1)
    assert window.wait_s(61.0, 1) == 29.0


def test_a_window_without_a_limit_never_waits() -> None:
    window = Window(limit=0, length_s=60)
    for number in range(100):
        window.add(number, 10**9)
    assert window.wait_s(100, 10**9) == 0


def test_what_never_fits_waits_for_a_whole_window() -> None:
    assert Window(limit=10, length_s=60).wait_s(0, 11) == 60


def test_violations_are_counted_and_take_no_room() -> None:
    limits = Limits(requests=2, tokens=0, window_s=60)
    assert [limits.admit(now, 5) for now in (0.0, 1.0)] == [0, 0]
    assert limits.admit(2.0, 5) == 58.0
    assert limits.admit(3.0, 5) == 57.0
    assert limits.violations == 2
    assert limits.admit(60.0, 5) == 0


def test_tokens_of_answers_count_against_the_limit() -> None:
    limits = Limits(requests=0, tokens=100, window_s=60)
    assert limits.admit(0.0, 40) == 0
    limits.spend(0.5, 50)
    assert limits.admit(1.0, 10) == 0
    assert limits.admit(1.0, 1) == 59.0


@pytest.mark.parametrize("said", ["10", "Thu, 01 Jan 1970 00:01:50 GMT"])
def test_a_request_is_early_until_the_wait_is_over_but_for_what_was_on_its_way(said: str) -> None:
    waits = Waits()
    waits.asked(50.0, {"retry-after": said}, since_1970=100.0)
    assert [waits.is_early(now) for now in (50.1, 50.3, 59.9, 60.0)] == [False, True, True, False]


def test_a_later_answer_without_a_wait_ends_none() -> None:
    waits = Waits()
    waits.asked(0.0, {"retry-after": "5"}, since_1970=0.0)
    waits.asked(1.0, {}, since_1970=1.0)
    waits.asked(1.5, {"retry-after": "1"}, since_1970=1.5)
    assert waits.is_early(4.0)
