"""Shows the bars whole, prints one table, and writes docs/reliability.md: ``make chaos``.

    python -m tests.chaos              all, and the page is written
    python -m tests.chaos T1 T8        only these; the page stays as it is
    python -m tests.chaos --seed 11    another seed

Each runs in a process of its own, two at a time; those that compare times run by themselves, last. Ends with 1 when one
was missed.
"""

import argparse
import datetime
import importlib.metadata
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.chaos.bar import Bar, CannotShow, Scale
from tests.chaos.bars import bars
from tests.chaos.page import Line, page
from tests.conftest import QUIET

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
PACKAGES = ("ray", "prefect", "pyarrow", "duckdb", "openai", "av", "decord")
LANES = 2
COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
STYLES = {"held": "green", "missed": "bold red", "skipped": "yellow"}


def main() -> int:
    """Runs what is asked for; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = {bar.name: bar for bar in bars()}
    parser.add_argument("names", nargs="*", metavar="BAR", help=", ".join(known))
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"no bar {', '.join(unknown)}; there are {', '.join(known)}")
    os.environ.update(QUIET)
    scale = Scale(whole=True, seed=asked.seed)
    console = Console()
    wanted = [known[name] for name in asked.names] or list(known.values())
    with Progress(*COLUMNS, console=console) as progress:
        lines = shown(wanted, scale, progress)
    console.print(table(lines))
    if not asked.names:
        PAGE.write_text(page(lines, machine(asked.seed)), "utf-8")
    return int(any(one.end == "missed" for one in lines))


def shown(wanted: list[Bar], scale: Scale, progress: Progress) -> list[Line]:
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
    for n_lanes, some in ((LANES, [bar for bar in wanted if not bar.alone]), (1, [bar for bar in wanted if bar.alone])):
        with ThreadPoolExecutor(n_lanes) as lanes:
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


def table(lines: list[Line]) -> Table:
    """The same as the page's, for a terminal."""
    shown = Table("bar", "promise", "seen", "figures", "s")
    for one in lines:
        end = f"[{STYLES[one.end]}]{one.end}[/]"
        shown.add_row(one.bar.name, one.bar.promise, end, one.said, f"{one.seconds:.0f}")
    return shown


def machine(seed: int) -> str:
    """Where and with what the figures were seen."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    day = datetime.datetime.now(datetime.UTC).date()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    linux = platform.release().split("-")[0]
    return (
        f"Seen on {day}, seed {seed}: {os.cpu_count()} cores, {memory:.0f} GiB, Linux {linux}, "
        f"Python {platform.python_version()}, ffmpeg {ffmpeg}, {versions}."
    )


if __name__ == "__main__":
    sys.exit(main())
