"""T5: what promises to be huge, endless or innumerable is turned away in seconds, and fills no memory.

``python -m tests.chaos.t05_bombs FILE...`` judges files in a process of its own, so that its memory, and that of its
children, is that of nothing else.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.media import Source, Video
from schemas.rejects import Reject
from schemas.units import SourceId
from stages.decode import IdentifyVideos, ProbeVideos
from stages.watch import WatchVideos
from tests import footage
from tests.builders import FakeEnv
from tests.chaos import boxes
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.hostile_files import GIF, PNG
from tests.footage import ffmpeg

LONGEST_S, MOST_CHILD_BYTES, MOST_GROWTH_BYTES = 10, 1 << 30, 50 << 20


def show(folder: Path, scale: Scale) -> Shown:
    """Every bomb through gate, probe and watching, one after the other."""
    wanted = bombs(folder, scale)
    argv = [sys.executable, "-m", "tests.chaos.t05_bombs", *map(str, wanted)]
    done = subprocess.run(argv, capture_output=True, check=True, text=True)
    *lines, sizes = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [line for line, outcome in zip(lines, wanted.values(), strict=True) if outcome not in line["reasons"]]
    slowest = max(line["seconds"] for line in lines)
    figures = (
        f"{len(wanted)} bombs, {len(wanted) - len(wrong)} rightly turned away, the slowest in {slowest:.1f} s; "
        f"children took {sizes['child'] >> 20} MB at most, the parent grew by {sizes['growth'] >> 20} MB"
    )
    is_small = sizes["child"] <= MOST_CHILD_BYTES and sizes["growth"] <= MOST_GROWTH_BYTES
    held = not wrong and slowest <= LONGEST_S and is_small
    return Shown(held, figures if held else f"{figures}; {wrong}")


def bombs(folder: Path, scale: Scale) -> dict[Path, str]:
    """The bombs and the reason for which each has to be turned away."""
    made = {
        boxes.lying(folder / "index.mp4", boxes.index_bomb): "decode_budget",
        boxes.lying(folder / "endless.mp4", boxes.endless): "decode_budget",
    }
    texts = {
        "canvas.gif.mp4": GIF + b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0" * 200,
        "picture.png.mp4": PNG + bytes(1000),
        "list.mp4": b"ffconcat version 1.0\n" + b"file film.ts\n" * 3000,
    }
    for name, content in texts.items():
        (folder / name).write_bytes(content)
        made[folder / name] = "playlist_forbidden" if name == "list.mp4" else "format_not_allowed"
    shutil.copyfile(footage.clip("plain").path, folder / "hole.mp4")
    os.truncate(folder / "hole.mp4", 1 << 40)
    made[folder / "hole.mp4"] = "truncated"
    for side in (8192, 16_000) if scale.whole else (6500,):
        path = folder / f"{side}.mp4"
        options = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-pix_fmt", "yuv420p")
        ffmpeg("-f", "lavfi", "-i", f"color=black:s={side}x{side}:r=25", "-frames:v", "2", *options, str(path))
        made[path] = "too_many_pixels"
    return made


def _judged(path: Path) -> Mapping[str, Any]:
    """For which reasons each stage turned the file away, and in how long all together."""
    began, env = time.monotonic(), FakeEnv()
    source = Source(source_id=SourceId("s"), uri=str(path), size_bytes=path.stat().st_size, changed_us=1)
    found = list(IdentifyVideos().run([source], env))
    videos = [one for one in found if isinstance(one, Video)]
    said = [*found, *ProbeVideos().run(videos, env), *WatchVideos().run(videos, env)]
    reasons = [one.reason for one in said if isinstance(one, Reject)]
    return {"name": path.name, "reasons": reasons, "seconds": time.monotonic() - began}


def _main() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in sys.argv[1:]:
        sys.stdout.write(json.dumps(_judged(Path(name))) + "\n")
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stdout.write(json.dumps({"child": child * 1024, "growth": growth * 1024}) + "\n")


BAR = Bar("T5", "bombs are turned away within 10 s, with 1 GB for a child and 50 MB for its parent at most", show)

if __name__ == "__main__":
    _main()
