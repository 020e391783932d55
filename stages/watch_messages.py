"""What the watching child tells its parent: stretches of measurements, then one closing statement.

A message is one byte of kind, four of length (big-endian), and that many bytes. ``S`` is a stretch: the columns of
``COLUMNS`` one after the other, n values each. ``E`` is the end: a JSON object with the fields of ``End``. The parent
trusts no length: a stretch must hold a whole number of frames, at most ``STRETCH``.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

STRETCH = 4096
"""Frames in a row of ``signals``; the last row of a video has fewer."""

GRID_BYTES = 9 * 16 * 3
COLUMNS: dict[str, tuple[str, int]] = {
    "pts_us": ("<i8", 1),
    "brightness": ("<f4", 1),
    "saturation": ("<f4", 1),
    "sharpness": ("<f4", 1),
    "difference": ("<f4", 1),
    "pan": ("<f4", 1),
    "tilt": ("<f4", 1),
    "zoom": ("<f4", 1),
    "camera_fit": ("<f4", 1),
    "hash": ("<u8", 1),
    "grids": ("|u1", GRID_BYTES),
}
FRAME_BYTES = sum(np.dtype(kind).itemsize * width for kind, width in COLUMNS.values())
HEAD = struct.Struct(">cI")


@dataclass(frozen=True)
class End:
    """How the watching ended. ``why`` is empty when the video was read to its end, else a reason for a reject.

    Of the ``frames`` that were sent, ``kept`` from number ``first`` on are the longest stretch with none missing.
    """

    why: str
    detail: str
    width_px: int
    height_px: int
    frames: int
    first: int
    kept: int
    end_us: int
    lost: int
    errors: int


def stretch_message(columns: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The message of one stretch."""
    parts = [np.ascontiguousarray(columns[name], dtype=kind).tobytes() for name, (kind, _) in COLUMNS.items()]
    return HEAD.pack(b"S", sum(map(len, parts))) + b"".join(parts)


def end_message(end: End) -> bytes:
    """The message that closes the talk."""
    body = json.dumps(asdict(end)).encode()
    return HEAD.pack(b"E", len(body)) + body


def read_stretch(body: bytes) -> dict[str, npt.NDArray[Any]]:
    """The columns of a stretch, ``grids`` as (n, 432). Raises ValueError where the length is not one of a stretch."""
    n, rest = divmod(len(body), FRAME_BYTES)
    if rest or not 0 < n <= STRETCH:
        raise ValueError(
            f"a stretch of {len(body)} bytes; frames have {FRAME_BYTES} and at most {STRETCH} come at once"
        )
    columns, at = {}, 0
    for name, (kind, width) in COLUMNS.items():
        values = np.frombuffer(body, kind, n * width, at).astype(np.dtype(kind).newbyteorder("="))
        columns[name] = values.reshape(n, width) if width > 1 else values
        at += values.nbytes
    return columns


def read_end(body: bytes) -> End:
    """The closing statement. Raises ValueError or TypeError where it is none."""
    said = json.loads(body)
    end = End(**said)
    numbers = [value for name, value in said.items() if name not in ("why", "detail")]
    if not all(isinstance(number, int) and 0 <= number < 2**53 for number in numbers):
        raise ValueError(f"numbers out of range in {said}")
    return end
