"""The longest stretch with nothing missing, with what comes to be in doubt only after it was seen."""

from stages.watch_seen import Seen

STEP = 40_000


def seen(groups: list[int], *, doubted: dict[int, int] | None = None, holes: tuple[int, ...] = ()) -> Seen:
    """Frames of those groups; ``doubted`` says ahead of which frame each group comes to be in doubt."""
    found, late, ahead = Seen(), doubted or {}, 0
    for number, group in enumerate(groups):
        found.doubted |= {one for one, at in late.items() if at <= number}
        found.add(number * STEP, None, group, is_joined=number not in holes, is_key=group != ahead)
        ahead = group
    found.doubted |= set(late)
    found.take_back()
    return found


def stretch(found: Seen) -> tuple[int, int]:
    return found.stretch.first, found.stretch.frames


def test_all_that_is_joined_is_one_stretch() -> None:
    found = seen([1] * 10 + [2] * 10)
    assert stretch(found) == (0, 20)
    assert (found.longest.start_us, found.longest.end_us) == (0, 20 * STEP)


def test_a_hole_ends_a_stretch() -> None:
    assert stretch(seen([1] * 10 + [2] * 15, holes=(10,))) == (10, 15)


def test_a_group_that_comes_to_be_in_doubt_is_taken_back_whole() -> None:
    assert stretch(seen([1] * 10 + [2] * 10 + [3] * 8, doubted={2: 15})) == (0, 10)
    assert stretch(seen([1] * 10 + [2] * 10 + [3] * 12, doubted={2: 15})) == (20, 12)


def test_nothing_joins_across_a_group_in_doubt() -> None:
    found = seen([1] * 10 + [2] * 3 + [3] * 9, doubted={2: 13})
    assert stretch(found) == (0, 10)
    assert found.frames == 22


def test_when_doubt_is_noticed_makes_no_difference() -> None:
    groups = [1] * 10 + [2] * 10 + [3] * 10
    found = [seen(groups, doubted={2: at}) for at in range(10, 20)]
    assert {stretch(one) for one in found} == {(20, 10)}
    assert len({one.frames for one in found}) == 1


def test_the_last_group_is_taken_back_at_the_end() -> None:
    assert stretch(seen([1] * 5 + [2] * 30, doubted={2: 35})) == (0, 5)


def test_where_all_is_in_doubt_a_keyframe_stands_alone() -> None:
    assert stretch(seen([1] * 5 + [2] * 9, doubted={1: 3, 2: 8})) == (0, 1)
    assert stretch(Seen()) == (0, 0)


def test_no_keyframe_stands_alone_that_cannot_be_what_was_filmed() -> None:
    found = Seen()
    for number, group in enumerate([1, 1, 2, 2]):
        if number == 0:
            found.doubt(group)
        found.add(number * STEP, None, group, is_joined=True, is_key=number % 2 == 0)
    found.doubted.add(2)
    found.take_back()
    assert stretch(found) == (2, 1)
