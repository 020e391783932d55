"""T21: a child that sleeps, or decodes for ever, costs its own film and its own time, and no other film anything."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.media import Signal, Video
from schemas.rejects import Reject
from schemas.units import VideoId
from stages.watch import WatchVideos
from tests.builders import FakeEnv, row
from tests.chaos.bar import Bar, CannotShow, Scale, Shown
from tests.footage import clip, encode

SLACK_S = 10


def show(folder: Path, scale: Scale) -> Shown:
    """Of three films one child is stopped when it appears; a fourth has more to decode than there is time."""
    if not Path("/proc/self/task").exists():
        raise CannotShow("children are found in /proc")
    deadline_s = scale.of(8, 4)
    long = encode(folder / "long.mp4", "-c:v", "libx264", "-preset", "ultrafast", numbers=range(scale.of(6000, 3000)))
    paths = {"good": clip("plain").path, "asleep": folder / "asleep.mp4", "also good": clip("open GOP").path}
    paths["asleep"].write_bytes(clip("plain").path.read_bytes() + b"\0\0\0\x08free")
    videos = [row(Video, video_id=VideoId(name), uri=str(path), size_bytes=10**6) for name, path in paths.items()]
    began = time.monotonic()
    with stopping("asleep.mp4") as stopped:
        found = list(WatchVideos(wall_s=deadline_s).run(videos, FakeEnv()))
    seconds = time.monotonic() - began
    endless = [row(Video, video_id=VideoId("endless"), uri=str(long), size_bytes=10**6)]
    began = time.monotonic()
    cut = list(WatchVideos(wall_s=1).run(endless, FakeEnv()))
    cut_s = time.monotonic() - began
    rejected = {one.row_id: one.reason for one in [*found, *cut] if isinstance(one, Reject)}
    seen = {one.video_id for one in found if isinstance(one, Signal)}
    figures = (
        f"of 3 films one child was stopped: all done in {seconds:.1f} s with a deadline of {deadline_s} s a film, "
        f"{len(seen)} of 2 others watched; a decoding cut off after {cut_s:.1f} s of 1 s; rejects {rejected}"
    )
    wanted = {"asleep": "decode_timeout", "endless": "decode_timeout"}
    in_time = seconds <= deadline_s + SLACK_S and cut_s <= 1 + SLACK_S
    return Shown(bool(stopped) and in_time and seen == {"good", "also good"} and rejected == wanted, figures)


@contextmanager
def stopping(name: str) -> Iterator[list[int]]:
    """Stops the first child of this process that has ``name`` among its arguments; gives its number once it has."""
    stopped: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not stopped and not over.wait(0.01):
            for number in _children():
                if name.encode() in _arguments(number):
                    os.kill(number, signal.SIGSTOP)
                    stopped.append(number)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield stopped
    finally:
        over.set()
        watcher.join()


def _children() -> list[int]:
    return [
        int(number) for task in Path("/proc/self/task").iterdir() for number in (task / "children").read_text().split()
    ]


def _arguments(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


BAR = Bar("T21", "a child that sleeps or never ends is ended at its deadline, and the other films go on", show)
