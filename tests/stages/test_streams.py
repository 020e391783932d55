"""Choosing the film, and the size it is shown at."""

import pytest

from stages.streams import Candidate, best, clockwise, shown_size


def _stream(index: int, side: int, seconds: float, *, is_picture: bool = False) -> Candidate:
    return Candidate(
        index=index, width_px=side, height_px=side, duration_us=round(seconds * 1e6), is_picture=is_picture
    )


def test_the_film_is_the_largest_over_the_longest_time() -> None:
    chosen = best([_stream(0, 64, 0.1), _stream(1, 320, 60), _stream(2, 160, 60)])
    assert chosen is not None
    assert chosen.index == 1


def test_a_cover_is_never_the_film() -> None:
    assert best([_stream(0, 4000, 60, is_picture=True)]) is None
    assert best([]) is None


def test_a_stream_without_a_duration_counts_as_long_as_the_longest() -> None:
    chosen = best([_stream(0, 100, 60), _stream(1, 200, 0)])
    assert chosen is not None
    assert chosen.index == 1


def test_among_equals_the_first_is_the_film() -> None:
    chosen = best([_stream(3, 100, 60), _stream(1, 100, 60)])
    assert chosen is not None
    assert chosen.index == 1


@pytest.mark.parametrize(("matrix", "turn"), [(0, 0), (90, 270), (-90, 90), (180, 180), (-180, 180), (-89.6, 90)])
def test_a_counterclockwise_matrix_is_told_clockwise(matrix: float, turn: int) -> None:
    assert clockwise(matrix) == turn


def test_pixels_are_made_square_before_the_turn() -> None:
    assert shown_size(160, 96, 2.0, 90) == (96, 320)
    assert shown_size(720, 576, 16 / 15, 0) == (768, 576)
