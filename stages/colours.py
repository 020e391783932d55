"""Colours that no picture has. A decoder that goes astray mixes brightness and colour as no camera and no painter can.

Of all triples of Y, U and V a quarter are colours. The others lie outside red, green and blue from 0 to 255, and a mean
of colours is always a colour: what is seen in a small picture was there in the large one. Cameras and encoders do leave
the range, saturated light on a dark ground most of all: by up to 32 in the footage that was looked at.
"""

import numpy as np
import numpy.typing as npt

from stages.picture import Small

Plane = npt.NDArray[np.float32]

LEAST_PIXELS = 4
_DARK, _NO_COLOUR = 32, 24
_BEYOND = 16
_MATRICES = ((0.299, 0.114), (0.2126, 0.0722))
"""Red's and blue's part of the luma in BT.601 and BT.709, the two that are not always told apart."""


def has_unfilled(picture: Small) -> bool:
    """Whether a part of it was never written: 0 in all three channels is a green darker than black."""
    luma, blue, red = picture
    return int(np.count_nonzero((blue < _NO_COLOUR) & (red < _NO_COLOUR) & (luma < _DARK))) >= LEAST_PIXELS


def has_impossible(picture: Small) -> bool:
    """Whether colours lie outside the range, by more than rounding does, by either way to store them."""
    luma = (picture[0].astype(np.float32) - 16) * np.float32(255 / 219)
    blue, red = ((channel.astype(np.float32) - 128) * np.float32(255 / 224) for channel in picture[1:])
    is_outside = np.logical_and.reduce([_outside(luma, blue, red, *matrix) for matrix in _MATRICES])
    return int(np.count_nonzero(is_outside)) >= LEAST_PIXELS


def _outside(luma: Plane, blue: Plane, red: Plane, of_red: float, of_blue: float) -> npt.NDArray[np.bool_]:
    to_red, to_blue = 2 * (1 - of_red), 2 * (1 - of_blue)
    of_green = 1 - of_red - of_blue
    green = luma - red * (to_red * of_red / of_green) - blue * (to_blue * of_blue / of_green)
    channels = np.stack([luma + red * to_red, green, luma + blue * to_blue])
    is_outside: npt.NDArray[np.bool_] = (channels.min(axis=0) < -_BEYOND) | (channels.max(axis=0) > 255 + 2 * _BEYOND)
    return is_outside
