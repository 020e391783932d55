"""Films of small pictures with known shots, made of noise: what the tests of watching and cutting look at.

A scene is a wide painting of coloured noise at several scales; a camera looks at a part of it. Everything is told in
small pictures (n, 3, 36, 64), so no encoder stands between a test and its truth.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from schemas.media import Signal
from schemas.units import SignalId, VideoId
from stages.picture import Small
from stages.watch_measures import measure

HIGH, WIDE = 36, 64
STEP_US = 40_000
Floats = npt.NDArray[np.float64]


def painting(seed: int, high: int = 108, wide: int = 256) -> Floats:
    """A painting (3, high, wide) in Y, U and V: blobs from a third of the picture down to a few pixels."""
    rng = np.random.default_rng(seed)
    layers = [(24.0, 45.0), (10.0, 25.0), (4.0, 12.0)]
    levels = np.empty((3, high, wide))
    for channel in range(3):
        size = 1.0 if channel == 0 else 0.5
        base = rng.uniform(80, 170) if channel == 0 else rng.uniform(100, 156)
        levels[channel] = base + sum(size * power * _noise(rng, high, wide, grain) for grain, power in layers)
    return np.asarray(np.clip(levels, 20, 230), np.float64)


def _noise(rng: np.random.Generator, high: int, wide: int, grain: float) -> Floats:
    rough = rng.normal(size=(int(high / grain) + 3, int(wide / grain) + 3))
    (levels,) = _sampled(rough[None], np.arange(high) / grain + 0.5, np.arange(wide) / grain + 0.5)
    return np.asarray(levels)


def _sampled(levels: Floats, down: Floats, across: Floats) -> Floats:
    """The levels (c, h, w) read at fractional rows and columns, smoothly."""
    y, x = np.floor(down).astype(int), np.floor(across).astype(int)
    fy, fx = down - y, across - x
    fy, fx = (fy * fy * (3 - 2 * fy))[:, None], fx * fx * (3 - 2 * fx)
    top = levels[:, y][:, :, x] * (1 - fx) + levels[:, y][:, :, x + 1] * fx
    low = levels[:, y + 1][:, :, x] * (1 - fx) + levels[:, y + 1][:, :, x + 1] * fx
    return np.asarray(top * (1 - fy) + low * fy)


def camera(seed: int, n: int, pan: float = 0.0, tilt: float = 0.0, zoom: float = 0.0) -> Small:
    """What a moving camera sees of a painting: a frame ``pan`` widths right, ``tilt`` heights up, ``zoom`` (log) in."""
    levels = painting(seed)
    _, high, wide = levels.shape
    shots = []
    for k in range(n):
        at = k - n / 2
        scale = np.exp(-zoom * at)
        x = wide / 2 + pan * WIDE * at + (np.arange(WIDE) - (WIDE - 1) / 2) * scale
        y = high / 2 - tilt * HIGH * at + (np.arange(HIGH) - (HIGH - 1) / 2) * scale
        shots.append(_linear(levels, np.clip(y, 0, high - 1.01), np.clip(x, 0, wide - 1.01)))
    return np.rint(np.stack(shots)).astype(np.uint8)


def _linear(levels: Floats, down: Floats, across: Floats) -> Floats:
    y, x = np.floor(down).astype(int), np.floor(across).astype(int)
    fy, fx = (down - y)[:, None], across - x
    top = levels[:, y][:, :, x] * (1 - fx) + levels[:, y][:, :, x + 1] * fx
    low = levels[:, y + 1][:, :, x] * (1 - fx) + levels[:, y + 1][:, :, x + 1] * fx
    return np.asarray(top * (1 - fy) + low * fy)


def plain(y: int, n: int) -> Small:
    """An empty grey screen; black is 16, white 235."""
    return np.tile(np.array([y, 128, 128], np.uint8)[None, :, None, None], (n, 1, HIGH, WIDE))


def dissolve(old: Small, new: Small) -> Small:
    """The n mixed frames between the pictures of two shots of n frames."""
    part = _parts(len(old))[:, None, None, None]
    return np.rint(old * (1 - part) + new * part).astype(np.uint8)


def fade(old: Small, new: Small, through: int = 16) -> Small:
    """The n frames in which the old shot sinks into a grey and the new one rises out of it."""
    part = _parts(len(old))[:, None, None, None]
    blank = np.array([through, 128, 128])[None, :, None, None]
    sinking, rising = np.clip(1 - 2 * part, 0, 1), np.clip(2 * part - 1, 0, 1)
    return np.asarray(np.rint(blank + (old - blank) * sinking + (new - blank) * rising), np.uint8)


def wipe(old: Small, new: Small, direction: str) -> Small:
    """The n frames in which the new shot covers the old one, from the left, right, top, bottom or centre."""
    across = np.broadcast_to(np.linspace(0, 1, WIDE), (HIGH, WIDE))
    down = np.broadcast_to(np.linspace(0, 1, HIGH)[:, None], (HIGH, WIDE))
    away = np.maximum(np.abs(across - 0.5), np.abs(down - 0.5)) * 2
    order = {"left": across, "right": 1 - across, "top": down, "bottom": 1 - down, "centre": away}[direction]
    covered = order[None] < _parts(len(old))[:, None, None]
    return np.asarray(np.where(covered[:, None], new, old), np.uint8)


def _parts(n: int) -> Floats:
    return (np.arange(n) + 1) / (n + 1)


def film(pieces: Sequence[Small], video: str = "film", step_us: int = STEP_US, block: int = 100) -> list[Signal]:
    """The rows of ``signals`` of a film of these pieces, ``block`` frames each, at a steady rate."""
    pictures = np.concatenate(pieces)
    rows = []
    for first in range(0, len(pictures), block):
        part = pictures[first : first + block]
        found = dict(vars(measure(part, pictures[first - 1] if first else None)))
        grids = found.pop("grids").tobytes()
        rows.append(
            Signal(
                signal_id=SignalId(f"{video}-{first:09d}"),
                video_id=VideoId(video),
                first_frame=first,
                n_frames=len(part),
                start_us=first * step_us,
                end_us=(first + len(part)) * step_us,
                width_px=640,
                height_px=360,
                pts_us=(first + np.arange(len(part))) * step_us,
                sharpness=np.zeros(len(part), np.float32),
                grids=grids,
                **found,
            )
        )
    return rows
