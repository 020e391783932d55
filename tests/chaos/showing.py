"""Bars shown several at a time, each in a process of its own."""

import multiprocessing
import tempfile
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from rich.progress import Progress

from tests.chaos.bar import Bar, CannotShow, Scale
from tests.chaos.page import STYLES, Line

# Two leave a fifth of two cores idle, waiting for processes that start. What promises a time gets one core for itself.
# Those too long for the suite begin first, so that none is left alone at the end.
LANES, TIMED_LANES = 3, 2


def shown(wanted: Sequence[Bar], scale: Scale, progress: Progress) -> list[Line]:
    """What comes of each, in the order in which they were wanted."""
    whole = progress.add_task("bars", total=len(wanted))

    def watched(bar: Bar) -> Line:
        task = progress.add_task(f"{bar.name}: {bar.promise}", total=None)
        came = apart(bar, scale)
        progress.remove_task(task)
        progress.console.print(f"{bar.name} [{STYLES[came.end]}]{came.end}[/] in {came.seconds:.0f} s")
        progress.advance(whole)
        return came

    lines: dict[str, Line] = {}
    for is_timed, n in ((False, LANES), (True, TIMED_LANES)):
        some = sorted((bar for bar in wanted if bar.timed == is_timed), key=lambda bar: bar.in_suite)
        with ThreadPoolExecutor(n) as lanes:
            lines |= {one.bar.name: one for one in lanes.map(watched, some)}
    return [lines[bar.name] for bar in wanted]


def apart(bar: Bar, scale: Scale) -> Line:
    """The same as ``line``, in a process of its own: what it leaves behind touches no other, and its death is told."""
    began = time.monotonic()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as own:
        try:
            return own.submit(line, bar, scale).result()
        except BrokenProcessPool:
            return Line(bar, "missed", "its process died", time.monotonic() - began)


def line(bar: Bar, scale: Scale) -> Line:
    """What comes of one bar; what it raises is a bar missed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"chaos-{bar.name}-") as folder:
        try:
            shown = bar.show(Path(folder), scale)
            end, said = "held" if shown.held else "missed", shown.figures
        except CannotShow as why:
            end, said = "skipped", str(why)
        except Exception as error:  # noqa: BLE001  # one bar that breaks must not hide the others
            traceback.print_exc()
            end, said = "missed", f"{type(error).__name__}: {error}".splitlines()[0]
    return Line(bar, end, said, time.monotonic() - began)
