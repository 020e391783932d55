"""What the camera does, from the small pictures alone: shift and scale from each to the next, by phase correlation."""

from collections.abc import Callable

import numpy as np

from stages.recheck.sheet import Floats, Sheet, Solution

ROWS, COLUMNS = 36, 64
_SCALES = np.exp(np.arange(-6, 7) * 0.04)
_WINDOW = np.outer(np.hanning(ROWS + 2)[1:-1], np.hanning(COLUMNS + 2)[1:-1])
MOVED = 0.12
"""Over the whole strip, in picture widths, heights or the logarithm of scale: more is a motion."""
STAY, GO = 0.5, 0.4
"""Of the edges in a picture, so many stay in place under a camera that stands still, so many at most under one that
moves; between, the pictures do not tell."""
_EDGE = 10.0
MOVES: dict[str, Callable[[str], bool]] = {
    "static": lambda option: "still" in option,
    "pan left": lambda option: "left" in option,
    "pan right": lambda option: "right" in option,
    "tilt up": lambda option: "tilts up" in option,
    "tilt down": lambda option: "tilts down" in option,
    "zoom in": lambda option: "zooms in" in option,
    "zoom out": lambda option: "zooms out" in option,
}


def camera_motion(sheet: Sheet) -> Solution:
    """The one way in which the setting shifts or grows from the first picture to the last; or that its edges stay."""
    last = len(sheet.lumas) - 1
    pairs = ((0, last), (last, 0), (0, last // 2 + 1), (2, last))
    stay = [staying(sheet.lumas[one], sheet.lumas[other]) for one, other in pairs]
    if float(np.median(stay)) >= STAY:
        return sheet.choose([MOVES["static"](option) for option in sheet.options], "the edges stay in place")
    moves = np.array([step(one, other) for one, other in zip(sheet.lumas[:-1], sheet.lumas[1:], strict=True)])
    pan, tilt, zoom = moves.sum(axis=0)
    told = f"pan {pan:+.2f} widths, tilt {tilt:+.2f} heights, zoom {zoom:+.2f}"
    name = _name(moves)
    if name is None or max(stay) > GO:
        return Solution(None, f"the camera's motion is not one clear move: {told}")
    return sheet.choose([MOVES[name](option) for option in sheet.options], f"{name}: {told}")


def staying(one: Floats, other: Floats) -> float:
    """The share of one picture's edges that lie in the same place, and the same way round, in the other."""
    slopes = [np.gradient(picture) for picture in (one, other)]
    sizes = [np.hypot(down, right) for down, right in slopes]
    along = slopes[0][0] * slopes[1][0] + slopes[0][1] * slopes[1][1]
    edges = sizes[0] > _EDGE
    same = edges & (sizes[1] > _EDGE / 2) & (along > 0.9 * sizes[0] * sizes[1])
    return float(same.sum() / max(int(edges.sum()), 1))


def _name(moves: Floats) -> str | None:
    """The one move that the steps add up to; None where several do, or where they go back and forth."""
    total, way = moves.sum(axis=0), np.abs(moves).sum(axis=0)
    main = int(np.abs(total).argmax())
    others = float(np.delete(np.abs(total), main).max())
    if abs(total[main]) < MOVED or others > 0.4 * abs(total[main]) or abs(total[main]) < 0.7 * way[main]:
        return None
    return (("pan left", "pan right"), ("tilt down", "tilt up"), ("zoom out", "zoom in"))[main][int(total[main] > 0)]


def step(one: Floats, other: Floats) -> tuple[float, float, float]:
    """What the camera did between two pictures: pan to the right in widths, tilt up in heights, zoom in as log scale.

    For each scale, phase correlation proposes a shift; the pair of both under which the pictures agree best is taken.
    """
    best, found = -1.0, (0.0, 0.0, 0.0)
    spectrum = np.fft.fft2((one - one.mean()) * _WINDOW)
    for scale in _SCALES:
        shrunk = _scaled(other, 1 / scale)
        crossed = spectrum * np.conj(np.fft.fft2((shrunk - shrunk.mean()) * _WINDOW))
        peak = np.fft.ifft2(crossed / (np.abs(crossed) + 1e-3 * np.abs(crossed).max())).real
        row, column = np.unravel_index(int(peak.argmax()), peak.shape)
        down, right = _signed(int(row), ROWS), _signed(int(column), COLUMNS)
        # Without a reason to think so, nothing zooms.
        agreement = _agreement(one, shrunk, down, right) - 0.02 * (abs(np.log(scale)) > 0.01)
        if agreement > best:
            best, found = agreement, (right / COLUMNS, -down / ROWS, float(np.log(scale)))
    return found


def _agreement(one: Floats, other: Floats, down: int, right: int) -> float:
    """The correlation of two pictures where they overlap, when the second is moved down and to the right."""
    if abs(down) > ROWS // 2 or abs(right) > COLUMNS // 2:
        return -1.0
    part = one[max(0, down) : ROWS + min(0, down), max(0, right) : COLUMNS + min(0, right)]
    moved = other[max(0, -down) : ROWS + min(0, -down), max(0, -right) : COLUMNS + min(0, -right)]
    part, moved = part - part.mean(), moved - moved.mean()
    return float((part * moved).sum() / max(np.sqrt((part**2).sum() * (moved**2).sum()), 1e-6))


def _signed(index: int, length: int) -> int:
    return index - length if index > length // 2 else index


def _scaled(picture: Floats, factor: float) -> Floats:
    """The picture grown by a factor about its middle, sampled bilinearly; beyond the border the border is repeated."""
    rows = np.clip((np.arange(ROWS) - (ROWS - 1) / 2) / factor + (ROWS - 1) / 2, 0, ROWS - 1.001)
    columns = np.clip((np.arange(COLUMNS) - (COLUMNS - 1) / 2) / factor + (COLUMNS - 1) / 2, 0, COLUMNS - 1.001)
    top, left = rows.astype(int), columns.astype(int)
    down, right = (rows - top)[:, None], (columns - left)[None, :]
    upper = picture[top][:, left] * (1 - right) + picture[top][:, left + 1] * right
    lower = picture[top + 1][:, left] * (1 - right) + picture[top + 1][:, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)
