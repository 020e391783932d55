from fractions import Fraction
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import WiringError
from stages.any_k import Segment, allocate, counts, focused, gaps, hybrid, midpoints, uniform

MOST_US = 10_000_000_000
K = st.integers(0, 300)


@st.composite
def segments(draw: st.DrawFn, least: int = 1) -> list[Segment]:
    """Disjoint segments in order of time, some of them touching."""
    bounds = sorted(draw(st.sets(st.integers(0, MOST_US), min_size=2, max_size=17)))
    pairs = list(pairwise(bounds))
    kept = [pair for pair in pairs if draw(st.booleans())] or pairs[:least]
    weights = st.floats(1e-6, 1e6) | st.sampled_from([1.0, 2.0])
    return [Segment(start, end, draw(weights)) for start, end in kept]


@settings(max_examples=100, deadline=None)
@given(segments(), K)
def test_every_segment_gets_its_share_and_all_together_exactly_k(found: list[Segment], k: int) -> None:
    given_out = counts(found, k)
    assert sum(given_out) == k
    sizes = [Fraction(one.weight) * (one.end_us - one.start_us) for one in found]
    for n, size in zip(given_out, sizes, strict=True):
        assert abs(n - k * size / sum(sizes)) < 1


@settings(max_examples=100, deadline=None)
@given(segments(), K)
def test_focused_pictures_are_k_in_order_and_inside(found: list[Segment], k: int) -> None:
    times = focused(found, MOST_US + 1, k)
    assert len(times) == k
    assert list(times) == sorted(times)
    assert all(any(one.start_us <= at < one.end_us for one in found) for at in times)


@settings(max_examples=100, deadline=None)
@given(segments(), K, st.randoms())
def test_the_order_in_which_segments_are_given_changes_nothing(found: list[Segment], k: int, dice: object) -> None:
    shuffled = list(found)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    assert focused(shuffled, MOST_US + 1, k) == focused(found, MOST_US + 1, k)
    assert hybrid(shuffled, MOST_US + 1, k) == hybrid(found, MOST_US + 1, k)


@settings(max_examples=100, deadline=None)
@given(segments(), K, st.sampled_from([0.0, 0.5, 0.75, 1.0]))
def test_hybrid_pictures_are_k_and_the_wanted_share_or_more_is_inside(
    found: list[Segment], k: int, share: float
) -> None:
    times = hybrid(found, MOST_US + 1, k, inside=share)
    inside = [at for at in times if any(one.start_us <= at < one.end_us for one in found)]
    assert len(times) == k
    assert list(times) == sorted(times)
    assert all(0 <= at <= MOST_US for at in times)
    covered = Fraction(sum(one.end_us - one.start_us for one in found), MOST_US + 1)
    assert len(inside) == max(int(k * share), ceil(k * covered))


@pytest.mark.parametrize("covered", [10, 60, 80, 90, 99])
def test_hybrid_looks_closer_inside_than_around_however_much_is_inside(covered: int) -> None:
    times = hybrid([Segment(0, covered)], 100, 32)
    inside = sum(at < covered for at in times)
    assert inside / covered >= (32 - inside) / (100 - covered)


def test_a_single_hybrid_picture_lies_inside() -> None:
    assert hybrid([Segment(40, 60)], 100, 1) == (50,)


@settings(max_examples=50, deadline=None)
@given(segments())
def test_segments_and_gaps_together_are_the_whole_video(found: list[Segment]) -> None:
    whole = sorted([*found, *gaps(found, MOST_US + 1)])
    assert (whole[0].start_us, whole[-1].end_us) == (0, MOST_US + 1)
    assert all(one.end_us == other.start_us for one, other in pairwise(whole))


def test_a_heavier_segment_of_the_same_length_gets_more_in_proportion() -> None:
    assert counts([Segment(0, 10, 2), Segment(10, 20, 1)], 9) == [6, 3]


def test_of_equal_remainders_the_earlier_segment_gets_the_picture() -> None:
    assert counts([Segment(10, 20), Segment(0, 10)], 3) == [1, 2]


def test_pictures_stand_at_the_middles_of_equal_parts() -> None:
    assert list(midpoints(Segment(100, 200), 4)) == [112, 137, 162, 187]
    assert allocate([Segment(0, 100), Segment(200, 300)], 4) == (25, 75, 225, 275)


def test_without_a_segment_pictures_are_spread_evenly() -> None:
    assert focused([], 100, 4) == hybrid([], 100, 4) == uniform(100, 4) == (12, 37, 62, 87)


def test_where_nothing_lies_around_hybrid_looks_inside_alone() -> None:
    assert hybrid([Segment(0, 100)], 100, 4) == uniform(100, 4)


def test_overlapping_segments_leave_the_same_gaps() -> None:
    assert gaps([Segment(20, 60), Segment(10, 40)], 100) == [Segment(0, 10), Segment(60, 100)]


@pytest.mark.parametrize(("start", "end", "weight"), [(5, 5, 1), (-1, 5, 1), (0, 5, 0), (0, 5, float("inf"))])
def test_a_segment_without_length_or_weight_is_refused(start: int, end: int, weight: float) -> None:
    with pytest.raises(WiringError, match="segment"):
        Segment(start, end, weight)


def test_pictures_of_nothing_are_refused() -> None:
    with pytest.raises(WiringError, match="2 pictures of 0 segments"):
        counts([], 2)
