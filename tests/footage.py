"""Clips with known truth, made on the spot: every frame carries its own number as luma bars.

A picture has sixteen vertical bars: white, then the fourteen bits of the number, lowest first, then black. Their edges
lie on the columns of the grid in ``stages.picture``, so a number can be read from a picture and from a grid alike.
"""

import atexit
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

N_FRAMES, RATE, STEP_US = 75, 25, 40_000
WIDTH, HEIGHT = 160, 96
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "3", "-sc_threshold", "0")
_FOLDER = Path(tempfile.mkdtemp(prefix="rushes-footage-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A clip and its truth: which number is shown from when on, from the first frame on, and the size on screen."""

    path: Path
    numbers: tuple[int, ...]
    times_us: tuple[int, ...]
    size: tuple[int, int] = (WIDTH, HEIGHT)
    turns: int = 0
    """How many quarters counterclockwise the shown pictures are turned against the coded ones."""

    def at(self, at_us: int) -> tuple[int, int]:
        """The number on screen at a time, and since when."""
        place = int(np.searchsorted(self.times_us, at_us, side="right")) - 1
        return self.numbers[place], self.times_us[place]


def bars(number: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.uint8]:
    """The picture of a number, in luma: shape (height, width)."""
    bits = [1, *(number >> bit & 1 for bit in range(14)), 0]
    row = np.array(bits, np.uint8)[np.arange(width) * 16 // width] * 195 + 30
    return np.tile(row, (height, 1))


def number_in(picture: npt.NDArray[Any] | bytes) -> int | None:
    """The number that a picture shows, given as luma, RGB or JPEG; None where its bars are not to be read."""
    if isinstance(picture, bytes):
        picture = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
    luma = picture.mean(axis=2) if picture.ndim == 3 else picture
    centres = (2 * np.arange(16) + 1) * luma.shape[1] // 32
    return _decoded(luma[luma.shape[0] // 4 : luma.shape[0] * 3 // 4, centres].mean(axis=0))


def number_in_grid(grid: bytes) -> int | None:
    """The number that a 9 by 16 by 3 grid shows."""
    return _decoded(np.frombuffer(grid, np.uint8).reshape(9, 16, 3)[2:7, :, 0].mean(axis=0))


def _decoded(levels: npt.NDArray[np.floating]) -> int | None:
    if levels[0] < 150 or levels[15] > 100 or np.any(np.abs(levels - 127) < 40):
        return None
    return int(sum(1 << bit for bit, level in enumerate(levels[1:15]) if level > 127))


def ffmpeg(*arguments: str, stdin: bytes = b"") -> None:
    """Run ffmpeg with these arguments, quietly; a test must not go on without its clip."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], input=stdin, check=True, capture_output=True)


def encode(
    path: Path, *options: str, numbers: Sequence[int] = range(N_FRAMES), size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Path:
    """A film of these numbers, ``RATE`` of them a second, encoded as ``options`` say."""
    raw = b"".join(bars(number, *size).tobytes() for number in numbers)
    shape = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{size[0]}x{size[1]}", "-r", str(RATE), "-i", "pipe:0")
    ffmpeg(*shape, *options, str(path), stdin=raw)
    return path


def steady(
    path: Path, numbers: Sequence[int] = range(N_FRAMES), size: tuple[int, int] = (WIDTH, HEIGHT), turns: int = 0
) -> Known:
    """The truth of a film that shows these numbers at the steady rate."""
    times = tuple(STEP_US * place for place in range(len(numbers)))
    return Known(path=path, numbers=tuple(numbers), times_us=times, size=size, turns=turns)


@cache
def clip(kind: str) -> Known:
    """The clip of this kind, made once per test run: see ``KINDS``."""
    path = _FOLDER / f"{len(list(_FOLDER.iterdir()))}-{kind}"
    return KINDS[kind](path)


def _coded(suffix: str, *options: str) -> Callable[[Path], Known]:
    return lambda path: steady(encode(path.with_suffix(suffix), *options))


def _copied(suffix: str, *options: str) -> Callable[[Path], Known]:
    """The plain clip's own packets in another container."""

    def make(path: Path) -> Known:
        ffmpeg("-i", str(clip("plain").path), "-c", "copy", *options, str(path.with_suffix(suffix)))
        return steady(path.with_suffix(suffix))

    return make


def _variable_rate(path: Path) -> Known:
    kept = [number for number in range(N_FRAMES) if number % 7 not in (3, 4) and not 30 <= number < 40]
    select = ("-vf", r"select=not(between(mod(n\,7)\,3\,4)+between(n\,30\,39))", "-fps_mode", "passthrough")
    encode(path.with_suffix(".mp4"), *select, *X264)
    times = tuple(STEP_US * number for number in kept)
    return Known(path=path.with_suffix(".mp4"), numbers=tuple(kept), times_us=times)


def _turned(degrees: int) -> Callable[[Path], Known]:
    """The plain clip with a display matrix; what it asks for is told by how ffmpeg itself shows it."""

    def make(path: Path) -> Known:
        path = path.with_suffix(".mp4")
        ffmpeg("-i", str(clip("plain").path), "-c", "copy", "-metadata:s:v", f"rotate={degrees}", str(path))
        first = path.with_suffix(".png")
        ffmpeg("-i", str(path), "-frames:v", "1", str(first))
        shown = np.asarray(Image.open(first).convert("L"))
        turns = next(k for k in range(4) if number_in(np.ascontiguousarray(np.rot90(shown, -k))) == 0)
        return steady(path, size=shown.shape[::-1], turns=turns)

    return make


def _negative(path: Path) -> Known:
    """Eighteen frames lie before time 0, where Matroska has no way to say so: they come without a time."""
    options = ("-output_ts_offset", "-0.72", "-avoid_negative_ts", "disabled")
    known = _copied(".mkv", *options)(path)
    return steady(known.path, range(18, N_FRAMES))


def _cut_by_copy(path: Path) -> Known:
    """What downloaders write: from the keyframe before, with an edit list that hides what comes before the cut."""
    ffmpeg("-ss", "1.32", "-i", str(clip("plain").path), "-c", "copy", str(path.with_suffix(".mp4")))
    return steady(path.with_suffix(".mp4"), range(33, N_FRAMES))


def _cut_by_copy_late(path: Path) -> Known:
    """The same where all that can be shown comes after a hundred frames that must not be."""
    long = encode(path.with_name("long.mp4"), *X264, "-g", "999", numbers=range(175))
    ffmpeg("-ss", "4", "-i", str(long), "-c", "copy", str(path.with_suffix(".mp4")))
    return steady(path.with_suffix(".mp4"), range(100, 175))


def _broadcast_from_the_middle(path: Path) -> Known:
    """A transport stream that begins between two keyframes: nothing can be shown before the second one."""
    content = clip("transport stream").path.read_bytes()
    path = path.with_suffix(".ts")
    path.write_bytes(content[len(content) * 2 // 5 // 188 * 188 :])
    return steady(path, range(50, N_FRAMES))


def _with_cover(path: Path) -> Known:
    """The film is the second video stream; the first is a small picture that is not marked as a cover."""
    cover = ("-f", "lavfi", "-i", "color=red:s=64x64:r=1:d=1")
    maps = ("-map", "1:v", "-map", "0:v", "-c:v:0", "png", "-c:v:1", "copy")
    ffmpeg("-i", str(clip("plain").path), *cover, *maps, str(path.with_suffix(".mkv")))
    return steady(path.with_suffix(".mkv"))


def _sound_lasts_longer(path: Path) -> Known:
    sound = ("-f", "lavfi", "-i", "sine=d=12", "-c:v", "copy", "-c:a", "aac")
    ffmpeg("-i", str(clip("plain").path), *sound, str(path.with_suffix(".mp4")))
    return steady(path.with_suffix(".mp4"))


def _odd(path: Path) -> Known:
    size = (161, 97)
    encode(path.with_suffix(".mp4"), *X264, "-pix_fmt", "yuv444p", size=size)
    return steady(path.with_suffix(".mp4"), size=size)


def _wide_pixels(path: Path) -> Known:
    encode(path.with_suffix(".mp4"), "-vf", "setsar=2", *X264)
    return steady(path.with_suffix(".mp4"), size=(2 * WIDTH, HEIGHT))


_MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "12", "-pix_fmt", "yuv420p")
_OPEN = "open-gop=1:keyint=20:min-keyint=20:bframes=3:scenecut=0:b-adapt=0"
_H265 = ("-c:v", "libx265", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1")
_HDR = ("-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")

KINDS: dict[str, Callable[[Path], Known]] = {
    "plain": _coded(".mp4", *X264),
    "one keyframe": _coded(".mp4", *X264, "-g", "999"),
    "open GOP": _coded(".mp4", *X264, "-x264-params", _OPEN),
    "open GOP in Matroska": _coded(".mkv", *X264, "-x264-params", _OPEN),
    "open GOP in a transport stream": _coded(".ts", *X264, "-x264-params", _OPEN),
    "intra refresh": _coded(".mp4", *X264, "-x264-params", "intra-refresh=1:keyint=20:bframes=0"),
    "open GOP in H.265": _coded(".mp4", *_H265, "-x265-params", f"{_OPEN}:log-level=none"),
    "variable rate": _variable_rate,
    "turned by 90": _turned(90),
    "turned by 180": _turned(180),
    "turned by 270": _turned(270),
    "starts late": _copied(".mp4", "-output_ts_offset", "1.5"),
    "starts late in Matroska": _copied(".mkv", "-output_ts_offset", "0.48"),
    "negative times": _negative,
    "transport stream": _copied(".ts"),
    "broadcast from the middle": _broadcast_from_the_middle,
    "MPEG-2 transport stream": _coded(".ts", *_MPEG2),
    "cut by copy": _cut_by_copy,
    "cut by copy, late": _cut_by_copy_late,
    "fragmented": _copied(".mp4", "-movflags", "frag_keyframe+empty_moov"),
    "flash": _copied(".flv"),
    "AVI with B-frames": _copied(".avi"),
    "AVI": _coded(".avi", "-c:v", "mpeg4", "-q:v", "3", "-bf", "0"),
    "VP9": _coded(".webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"),
    "ProRes": _coded(".mov", "-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le"),
    "HDR": _coded(".mp4", *_H265, *_HDR, "-x265-params", "log-level=none"),
    "interlaced": _coded(".mp4", *X264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
    "with a cover": _with_cover,
    "sound lasts longer": _sound_lasts_longer,
    "odd size": _odd,
    "wide pixels": _wide_pixels,
}
"""What can be made. The numbers of all but a few run from 0 to 74, at a steady 25 a second."""


def sound_only(path: Path) -> Path:
    """An MP4 in which there is nothing to see."""
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", str(path))
    return path


def encrypted(path: Path) -> Path:
    """The plain clip with every packet encrypted (CENC)."""
    keys = (
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid",
        "a7e61c373e219033c21091fa607bf3b8",
    )
    ffmpeg("-i", str(clip("plain").path), "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", *keys, str(path))
    return path


def cut_short(path: Path, share: float) -> Path:
    """The first part of the plain clip's bytes, with its index in front, so that it can still be opened."""
    whole = path.with_name(f"whole-{path.name}")
    ffmpeg("-i", str(clip("plain").path), "-c", "copy", "-movflags", "+faststart", str(whole))
    content = whole.read_bytes()
    path.write_bytes(content[: round(len(content) * share)])
    return path


@cache
def huge() -> Path:
    """One frame of 41 million pixels, in few bytes."""
    path = _FOLDER / "huge.mp4"
    source = ("-f", "lavfi", "-i", "color=black:s=6416x6400:r=25:d=0.04")
    ffmpeg(*source, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path))
    return path
