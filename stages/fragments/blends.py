"""What a picture in the middle of a transition is made of: a mix of both shots, a piece of each, or nothing."""

import numpy as np

from stages.fragments.distances import Floats
from stages.fragments.timeline import Looks

KINDS = ("dissolve", "fade", "wipe")
_VISIBLE = 0.06


def shares(before: Looks, middle: Looks, after: Looks) -> tuple[Floats, Floats]:
    """How much of the second shot is in each block of the middle picture, and how well a mix explains it.

    Gives two arrays of the blocks in which the shots differ visibly: the share, 0 for the first shot's value and 1 for
    the second's; and what no mix explains, relative to the difference of the shots.
    """
    gap = (after - before).reshape(-1, 3)
    moved = (middle - before).reshape(-1, 3)
    size = np.sqrt((gap**2).sum(axis=1))
    told = size > _VISIBLE
    share = (moved * gap).sum(axis=1)[told] / size[told] ** 2
    left = np.sqrt(((moved[told] - share[:, None] * gap[told]) ** 2).sum(axis=1)) / size[told]
    return share, left


def kind(before: Looks, middle: Looks, after: Looks) -> str | None:
    """The kind of transition that its middle picture shows for certain: dissolve, fade or wipe; None when unsure."""
    luma = [look.reshape(-1, 3)[:, 0] for look in (before, middle, after)]
    contrast = [float(part.std()) for part in luma]
    if contrast[1] < 0.3 * min(contrast[0], contrast[2]):
        return "fade"
    share, left = shares(before, middle, after)
    if len(share) < 40:
        return None
    pure = float(((share < 0.25) | (share > 0.75)).mean())
    second = float((share > 0.5).mean())
    if pure > 0.8 and 0.15 < second < 0.85:
        return "wipe"
    is_mixed = 0.25 < float(np.median(share)) < 0.75 and float(share.std()) < 0.3 and float(np.median(left)) < 0.35
    return "dissolve" if is_mixed and pure < 0.35 else None


def level(middle: Looks) -> str:
    """What a fade goes through: black, white or an even grey."""
    brightness = float(middle.reshape(-1, 3)[:, 0].mean())
    return "black" if brightness < 0.3 else "white" if brightness > 0.75 else "an even tone"
