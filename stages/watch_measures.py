"""What is measured on every small picture (``stages.picture``) of a video. Pure functions of pixels.

Pixels are BT.601 limited range: black is Y 16, white Y 235, grey U = V = 128.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stages.motion import camera_motion
from stages.picture import Small, grids, hashes

BLACK, WHITE = 16, 235

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Measures:
    """Vectors with one element per picture, named and measured as the columns of ``signals``; ``grids`` is (n, 432)."""

    brightness: Floats
    saturation: Floats
    difference: Floats
    pan: Floats
    tilt: Floats
    zoom: Floats
    camera_fit: Floats
    hash: npt.NDArray[np.uint64]
    grids: npt.NDArray[np.uint8]


def measure(small: Small, before: Small | None) -> Measures:
    """The measures of n pictures (n, 3, 36, 64); ``before`` is the one ahead of them, none at the very start.

    What compares with the picture before is, at the very start, 0 (and ``camera_fit`` 1).
    """
    row = np.concatenate([small[:1] if before is None else before[None], small])
    luma = row[:, 0].astype(np.float32)
    motion = camera_motion(luma)
    blocks = grids(small)
    chroma = blocks[..., 1:].astype(np.float32) - 128
    change = np.maximum(row[1:], row[:-1]) - np.minimum(row[1:], row[:-1])
    return Measures(
        brightness=np.clip((luma[1:].mean((1, 2)) - BLACK) / (WHITE - BLACK), 0, 1).astype(np.float32),
        saturation=np.clip(np.sqrt((chroma * chroma).sum(-1)).mean((1, 2)) / 128, 0, 1).astype(np.float32),
        difference=_means(change) / np.float32(255),
        pan=motion.pan,
        tilt=motion.tilt,
        zoom=motion.zoom,
        camera_fit=motion.fit,
        hash=hashes(small),
        grids=blocks.reshape(len(small), -1),
    )


def _means(pixels: Small) -> Floats:
    """The mean of each picture's bytes; summed as whole numbers, which is fastest and exact."""
    flat = pixels.reshape(len(pixels), -1)
    means: Floats = (flat.sum(1, dtype=np.uint32) / flat.shape[1]).astype(np.float32)
    return means
