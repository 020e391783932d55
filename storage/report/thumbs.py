"""Pictures for the report: ours, decoded and encoded again, small, as data URIs, within a budget for the whole page."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

BUDGET = 4 << 20
ROWS, COLUMNS = 9, 16


@dataclass
class Thumbs:
    """Makes data URIs of at most ``left`` bytes together; after that, and for what is no picture, empty texts."""

    left: int = BUDGET
    omitted: int = 0

    def picture(self, encoded: bytes, width: int) -> str:
        """A JPEG of at most this width."""
        try:
            with Image.open(io.BytesIO(encoded), formats=["JPEG", "PNG", "WEBP"]) as image:
                image.draft("RGB", (width * 2, width * 2))
                small = image.convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError):
            return ""
        small.thumbnail((width, width), Image.Resampling.LANCZOS)
        return self._uri(small, "JPEG", "jpeg")

    def grid(self, means: bytes) -> str:
        """The 16 by 9 block means of a frame, in Y, U and V, as a tiny picture."""
        if len(means) != ROWS * COLUMNS * 3:
            return ""
        return self._uri(Image.fromarray(_rgb(means)), "PNG", "png")

    def _uri(self, image: Image.Image, form: str, mime: str) -> str:
        file = io.BytesIO()
        image.save(file, form, quality=72, optimize=True)
        text = f"data:image/{mime};base64,{base64.b64encode(file.getvalue()).decode()}"
        if len(text) > self.left:
            self.omitted += 1
            return ""
        self.left -= len(text)
        return text


def _rgb(means: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Limited-range BT.601 to RGB, which is near enough for a blur."""
    yuv = np.frombuffer(means, np.uint8).reshape(ROWS, COLUMNS, 3).astype(np.float32)
    light, u, v = (yuv[..., 0] - 16) * 1.164, yuv[..., 1] - 128, yuv[..., 2] - 128
    rgb = np.stack([light + 1.596 * v, light - 0.392 * u - 0.813 * v, light + 2.017 * u], axis=-1)
    return rgb.clip(0, 255).astype(np.uint8)
