"""Watches many damaged clips and takes their frames, in one sandboxed child: starting one for each takes far longer.

Arguments: a file with the packets of the good clips, and the damaged ones. Writes a line of JSON for each when it is
done with it, so that the one that kills it is known.
"""

import io
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stages import readers_pyav
from stages.ffmpeg import FORMATS
from stages.readers_child import Request, Unreadable
from stages.watch_child import Task, watch
from stages.watch_messages import HEAD, read_stretch
from tests.chaos.mutant_clock import Packet, said
from tests.chaos.mutants import base_of, number_shown
from tests.footage import number_in


def watched(path: str) -> dict[str, Any]:
    """How watching ended, and the time and number of each frame that is used."""
    out, task = io.BytesIO(), Task(path, FORMATS, 1, 1000 + Path(path).stat().st_size // 8)
    end = watch(task, out)
    if end.why == "again":
        out = io.BytesIO()
        end = watch(replace(task, is_wary=True), out)
    said, stretches = out.getvalue(), []
    while said:
        size = HEAD.size + HEAD.unpack(said[: HEAD.size])[1]
        stretches.append(read_stretch(said[HEAD.size : size]))
        said = said[size:]
    shown = [
        (int(pts), number_shown(grid.tobytes()))
        for stretch in stretches
        for pts, grid in zip(stretch["pts_us"], stretch["grids"], strict=True)
    ]
    kept = shown[end.first : end.first + end.kept] if not end.why else []
    return {"name": Path(path).name, "why": end.why, "end_us": end.end_us, "watched": kept}


def taken(path: str, times_us: list[int]) -> list[tuple[int, int | None]]:
    """The time and number of each frame that is on screen at these times, by the reader of pictures."""
    request = Request(path=path, times_us=times_us, side_px=64, quality=0, threads=1)
    found: list[tuple[int, int | None]] = []
    try:
        for picture in readers_pyav.read(request):
            luma = np.frombuffer(picture.small, np.uint8).reshape(3, 36, 64)[0]
            both = number_in(luma)
            number = None if both is None or both >> 7 != ~both & 127 else both & 127
            found.append((picture.pts_us, number))
    except Unreadable:
        pass
    return found


def told(path: Path, good: list[Packet]) -> dict[str, Any]:
    """All that is to be known of a clip, and the seconds that it took."""
    began = time.monotonic()
    found = watched(str(path))
    times_us = [pts for pts, _ in found["watched"]]
    found["taken"] = taken(str(path), times_us) if times_us else []
    found["seconds"] = time.monotonic() - began
    if times_us:
        found["said"] = said(path, good)
    return found


if __name__ == "__main__":
    known = {name: [Packet(*one) for one in good] for name, good in json.loads(Path(sys.argv[1]).read_bytes()).items()}
    for clip in map(Path, sys.argv[2:]):
        sys.stdout.write(json.dumps(told(clip, known[base_of(clip)])) + "\n")
        sys.stdout.flush()
