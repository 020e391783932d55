"""The program that runs in the sandboxed child: watches one video and writes messages (``watch_messages``) to stdout.

Arguments: path, allowed formats, cores, most frames, and ``wary`` for a film known to be damaged. Decoding and
measuring overlap: a thread decodes ahead of this one, and both let go of the interpreter while they work.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from stages.damage import complaints
from stages.picture import Small
from stages.watch_measures import measure
from stages.watch_messages import STRETCH, End, end_message, stretch_message
from stages.watch_pictures import Picture, Unwatchable, open_video, pictures
from stages.watch_seen import Seen

BLOCK = 64
"""Pictures measured at once: enough to make numpy worth its while, few enough to stay in the processor's cache."""

LEAST_PIXELS = 16
"""What a side must have at least: of a smaller picture nobody can tell what it shows."""

UNCHECKED = ("vp8", "vp9")
"""Codecs in which almost any bytes are a picture. Of damaged VP9 of which the decoder complained, one frame in four was
garbage in the groups of which it did not (369 of 1,509; of H.264 12 of 16,842)."""

Columns = dict[str, npt.NDArray[Any]]


def measured(shown: Iterator[Picture]) -> Iterator[Columns]:
    """The measurements of the pictures, block by block."""
    before = None
    while block := list(islice(shown, BLOCK)):
        yield _measure(block, before)
        before = block[-1].small


def _measure(block: list[Picture], before: Small | None) -> Columns:
    found = dict(vars(measure(np.stack([picture.small for picture in block]), before)))
    found["pts_us"] = np.array([picture.pts_us for picture in block], np.int64)
    found["sharpness"] = np.array([picture.sharpness for picture in block], np.float32)
    return found


def stretches(blocks: Iterator[Columns]) -> Iterator[Columns]:
    """The same measurements in stretches of ``STRETCH`` frames, a multiple of ``BLOCK``."""
    while parts := list(islice(blocks, STRETCH // BLOCK)):
        yield {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class Task:
    """What to watch: the film, the containers allowed, the cores to use, and how many frames to expect at most.

    ``is_wary`` is for a film that is known to be damaged.
    """

    path: str
    formats: str
    cores: int
    most_frames: int
    is_wary: bool = False


def watch(task: Task, out: BinaryIO) -> End:
    """Write every stretch of the video to ``out`` and give the closing statement.

    Its reason is ``again`` where damage is found: such a film is to be watched warily, and by one core, since when each
    of several threads complains is up to chance.
    """
    seen = Seen()
    try:
        with complaints() as said:
            container, stream = open_video(task.path, task.formats, task.cores, task.most_frames)
            with container:
                shown = pictures(container, stream, seen, said, is_wary=task.is_wary)
                for columns in stretches(measured(islice(shown, task.most_frames + 1))):
                    out.write(stretch_message(columns))
            is_hopeless = seen.refused > 0 and stream.codec_context.name in UNCHECKED
        why, detail = ("again", "") if seen.errors and not task.is_wary else _verdict(seen, task, is_hopeless)
    except Unwatchable as error:
        why, detail = error.reason, error.detail
    run = seen.stretch
    size = (seen.width_px, seen.height_px)
    return End(why, detail, *size, seen.frames, run.first, run.frames, run.end_us, seen.lost, seen.errors)


def _verdict(seen: Seen, task: Task, is_hopeless: bool) -> tuple[str, str]:
    if seen.frames > task.most_frames:
        return "decode_budget", f"more than {task.most_frames} frames, the most for a file of this size"
    if seen.lost > max(2, seen.frames // 20):
        return "timestamps", f"{seen.lost} frames have no place in time beside {seen.frames} that have"
    if any(min(size) < LEAST_PIXELS for size in seen.sizes):
        return "too_small", f"{min(seen.sizes)} pixels; each side must have {LEAST_PIXELS}"
    if len(seen.sizes) > 1:
        return "size_change", f"the picture changes its size: {sorted(seen.sizes)}"
    if is_hopeless:
        return "no_frames", f"damaged in {seen.errors} places, and its codec notices only few of such"
    if not seen.stretch.frames:
        return "no_frames", f"no frame could be decoded that can be believed; damaged in {seen.errors} places"
    return "", ""


def main() -> None:
    """Watch the video that the arguments name."""
    path, formats, cores, most_frames, *how = sys.argv[1:]
    out = sys.stdout.buffer
    out.write(end_message(watch(Task(path, formats, int(cores), int(most_frames), how == ["wary"]), out)))
    out.flush()


if __name__ == "__main__":
    main()
