"""The program that runs in the sandboxed child: watches one video and writes messages (``watch_messages``) to stdout.

Arguments: path, allowed formats, cores, most frames. Decoding and measuring overlap: a thread decodes ahead of this
one, and both let go of the interpreter while they work.
"""

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from stages.damage import complaints
from stages.picture import Small
from stages.watch_measures import measure
from stages.watch_messages import STRETCH, End, end_message, stretch_message
from stages.watch_pictures import Picture, Seen, Unwatchable, open_video, pictures

BLOCK = 64
"""Pictures measured at once: enough to make numpy worth its while, few enough to stay in the processor's cache."""

LEAST_PIXELS = 16
"""What a side must have at least: of a smaller picture nobody can tell what it shows."""

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


def watch(path: str, formats: str, cores: int, most_frames: int, out: BinaryIO) -> End:
    """Write every stretch of the video at ``path`` to ``out`` and give the closing statement.

    Its reason is ``again`` where several threads decoded damaged footage: when each of them complains is up to chance.
    """
    seen = Seen()
    try:
        with complaints() as said:
            container, stream = open_video(path, formats, cores, most_frames)
            with container:
                for columns in stretches(measured(islice(pictures(container, stream, seen, said), most_frames + 1))):
                    out.write(stretch_message(columns))
            is_unsure = seen.errors > 0 and stream.codec_context.thread_count > 1
        why, detail = ("again", "") if is_unsure else _verdict(seen, most_frames)
    except Unwatchable as error:
        why, detail = error.reason, error.detail
    run = seen.longest
    size = (seen.width_px, seen.height_px)
    return End(why, detail, *size, seen.frames, run.first, run.frames, run.end_us, seen.lost, seen.errors)


def _verdict(seen: Seen, most_frames: int) -> tuple[str, str]:
    if seen.frames > most_frames:
        return "decode_budget", f"more than {most_frames} frames, the most for a file of this size"
    if not seen.frames:
        return "no_frames", f"no frame could be decoded that can be believed; damaged in {seen.errors} places"
    if seen.lost > max(2, seen.frames // 20):
        return "timestamps", f"{seen.lost} frames have no place in time beside {seen.frames} that have"
    if min(min(size) for size in seen.sizes) < LEAST_PIXELS:
        return "too_small", f"{min(seen.sizes)} pixels; each side must have {LEAST_PIXELS}"
    if len(seen.sizes) > 1:
        return "size_change", f"the picture changes its size: {sorted(seen.sizes)}"
    return "", ""


def main() -> None:
    """Watch the video that the arguments name."""
    path, formats, cores, most_frames = sys.argv[1:5]
    out = sys.stdout.buffer
    out.write(end_message(watch(path, formats, int(cores), int(most_frames), out)))
    out.flush()


if __name__ == "__main__":
    main()
