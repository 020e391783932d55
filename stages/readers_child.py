"""What every reader's child does alike: take the request from stdin, write pictures to stdout, say why it cannot.

Imported only inside the sandbox. A reader is a module that calls ``serve`` with a function from a request to shots.
"""

import io
import json
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from PIL import Image

HEADER = struct.Struct("<qqIII")
"""Before each picture: ``at_us``, ``pts_us``, width, height, and the length of its JPEG, 0 for none."""
SMALL_BYTES = 3 * 36 * 64
REFUSED = 3
MARK = "rushes-refused:"
SLACK_US = 2
"""How far past ``at_us`` a frame may begin and still be the one shown there: the rounding of two times, and no more."""

Rgb = npt.NDArray[np.uint8]


class Unreadable(Exception):
    """The footage cannot be used; the first word is the reason."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which pictures are wanted: of the file, at these rising times; the JPEG's longer side and quality, 0 for none."""

    path: str
    times_us: list[int]
    side_px: int
    quality: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What was on screen at ``at_us``: since when, its size when shown upright, its small version and the JPEG."""

    at_us: int
    pts_us: int
    width_px: int
    height_px: int
    small: bytes
    jpeg: bytes


def serve(read: Callable[[Request], Iterator[Picture]]) -> None:
    """Answer the request on stdin. Ends with status ``REFUSED`` and a line on stderr where the footage is at fault."""
    request = Request(**json.load(sys.stdin))
    try:
        for picture in read(request):
            numbers = (picture.at_us, picture.pts_us, picture.width_px, picture.height_px, len(picture.jpeg))
            sys.stdout.buffer.write(HEADER.pack(*numbers) + picture.small + picture.jpeg)
    except Unreadable as error:
        sys.stderr.write(f"\n{MARK} {error}\n")
        sys.exit(REFUSED)
    sys.stdout.buffer.flush()


def fitted(width_px: int, height_px: int, side_px: int) -> tuple[int, int]:
    """The size with the longer side at most ``side_px`` and the same shape; never larger than it was."""
    scale = min(1.0, side_px / max(width_px, height_px))
    return max(1, round(width_px * scale)), max(1, round(height_px * scale))


def jpeg_of(rgb: Rgb, quality: int) -> bytes:
    """The picture as a JPEG; nothing where ``quality`` is 0."""
    if not quality:
        return b""
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def small_of(rgb: Rgb, matrix: str) -> bytes:
    """The small picture (3, 36, 64) of an RGB one, back in the limited-range Y, U and V that its video is stored in."""
    box = Image.fromarray(np.ascontiguousarray(rgb)).resize((64, 36), Image.Resampling.BOX)
    red, green, blue = np.asarray(box, np.float32).transpose(2, 0, 1)
    in_red, in_blue = MATRICES[matrix]
    luma = in_red * red + (1 - in_red - in_blue) * green + in_blue * blue
    u = (blue - luma) / (2 * (1 - in_blue)) * 224 / 255 + 128
    v = (red - luma) / (2 * (1 - in_red)) * 224 / 255 + 128
    planes = np.stack([luma * 219 / 255 + 16, u, v])
    return bytes(np.clip(np.rint(planes), 0, 255).astype(np.uint8))


MATRICES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
"""The share of red and of blue in luma, for each way of storing colour."""


def ticks(at_us: int, base: int, tick: Fraction) -> int:
    """The last tick, of ``tick`` seconds each, that is not after ``at_us`` when time counts from ``base``."""
    return base + (at_us + SLACK_US) * tick.denominator // (tick.numerator * 1_000_000)


def micros(pts: int, base: int, tick: Fraction) -> int:
    """Microseconds from ``base`` to ``pts``, rounded."""
    return round((pts - base) * tick * 1_000_000)
