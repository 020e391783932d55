"""Colours that no picture has: what a decoder makes up is told from all that can be filmed or painted."""

import numpy as np
import numpy.typing as npt
import pytest

from stages.colours import has_impossible, has_unfilled
from stages.picture import Small

MATRICES = {"BT.601": (0.299, 0.114), "BT.709": (0.2126, 0.0722)}


def small(triples: npt.NDArray[np.float64]) -> Small:
    """The triples (n, 3) of Y, U and V, again and again, as small pictures' worth of pixels."""
    return np.clip(np.round(triples), 0, 255).astype(np.uint8).T.reshape(3, 1, -1)


def stored(colours: npt.NDArray[np.float64], of_red: float, of_blue: float) -> npt.NDArray[np.float64]:
    """Red, green and blue (n, 3) from 0 to 255 as Y, U and V, by the definition of the two standards."""
    red, green, blue = colours.T
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    channels = [luma, (blue - luma) / (2 * (1 - of_blue)), (red - luma) / (2 * (1 - of_red))]
    return np.stack(channels, axis=1) * [219 / 255, 224 / 255, 224 / 255] + [16, 128, 128]


@pytest.mark.parametrize("matrix", MATRICES)
def test_every_colour_is_possible(matrix: str) -> None:
    steps = np.linspace(0, 255, 18)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    assert not has_impossible(small(stored(cube, *MATRICES[matrix])))
    assert not has_unfilled(small(stored(cube, *MATRICES[matrix])))


def test_brighter_than_white_and_darker_than_black_are_possible() -> None:
    assert not has_impossible(small(np.array([[255, 128, 128], [4, 128, 128]] * 20, float)))


@pytest.mark.parametrize("triple", [(128, 250, 250), (30, 70, 220), (235, 128, 220), (16, 16, 16)])
def test_colour_without_the_light_for_it_is_impossible(triple: tuple[int, int, int]) -> None:
    whole = np.array([[120, 128, 128]] * 100, float)
    assert not has_impossible(small(whole))
    whole[:8] = triple
    assert has_impossible(small(whole))


@pytest.mark.parametrize("triple", [(0, 0, 0), (16, 16, 16)], ids=["limited", "full"])
def test_what_was_never_written_is_unfilled(triple: tuple[int, int, int]) -> None:
    whole = np.array([[120, 128, 128]] * 100, float)
    whole[:8] = triple
    assert has_unfilled(small(whole))


def test_a_single_pixel_proves_nothing() -> None:
    whole = np.array([[120, 128, 128]] * 100, float)
    whole[0] = 0
    assert not has_unfilled(small(whole))
    assert not has_impossible(small(whole))
