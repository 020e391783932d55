"""The kind of a transition, from the brightness of the pictures in it, pixel by pixel."""

import numpy as np

from stages.recheck.sheet import Floats

MOVED = 0.3
"""A mix that leaves more than this share of the change unexplained is none."""


def kind(lumas: Floats) -> str | None:
    """What leads from the first picture to the last: cut, fade, wipe or dissolve; None where the pictures do not say.

    ``lumas``: float64[n, rows, columns] in grey levels, the first and the last of which show one shot alone.
    """
    one, other, inside = lumas[0], lumas[-1], lumas[1:-1]
    whole = float(np.abs(other - one).mean())
    if whole < 4 or not len(inside):
        return None
    spread = min(float(one.std()), float(other.std()))
    if min(float(picture.std()) for picture in inside) < 0.4 * spread:
        return "fade"
    parts = [_part(one, other, picture) for picture in inside]
    mixed = max(parts, key=lambda part: min(part[0], 1 - part[0]))
    share, patches, blend = mixed
    if min(share, 1 - share) < 0.12:
        return "cut"
    # In a shot that moves, neither patches nor blends of its first and last picture make up those in between.
    if min(patches, blend) > MOVED * whole:
        return None
    if patches < 0.75 * blend:
        return "wipe"
    return "dissolve" if blend < 0.75 * patches else None


def _part(one: Floats, other: Floats, picture: Floats) -> tuple[float, float, float]:
    """How much of the second shot is in a picture, and what patches of both, or a blend of both, leave unexplained.

    Patches are whole columns or whole rows of one shot or the other; a blend is one share of both everywhere.
    """
    gap = other - one
    share = float(((picture - one) * gap).sum() / max(float((gap**2).sum()), 1e-9))
    blend = float(np.abs(picture - (one + share * gap)).mean())
    errors = []
    for axis in (0, 1):
        lines = np.minimum(np.abs(picture - one).mean(axis=axis), np.abs(picture - other).mean(axis=axis))
        errors.append(float(lines.mean()))
    return min(1.0, max(0.0, share)), min(errors), blend
