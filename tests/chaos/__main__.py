"""Shows the bars whole, prints one table, and writes docs/reliability.md: ``make chaos``.

    python -m tests.chaos              all, and the page is written
    python -m tests.chaos T1 T8        only these; the page stays as it is
    python -m tests.chaos --seed 11    another seed
    python -m tests.chaos T6 --part    not whole, but as much of it as the suite would bear

Each runs in a process of its own, three at a time, or two of those that promise a time. Ends with 1 when one
was missed.
"""

import argparse
import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.chaos.bar import Scale
from tests.chaos.bars import bars
from tests.chaos.page import STYLES, Line, page
from tests.chaos.showing import shown
from tests.conftest import QUIET, heed_interrupts

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
PACKAGES = ("ray", "prefect", "pyarrow", "duckdb", "openai", "av", "decord")
COLUMNS = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())


def main() -> int:
    """Runs what is asked for; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = {bar.name: bar for bar in bars()}
    parser.add_argument("names", nargs="*", metavar="BAR", help=", ".join(known))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--part", action="store_true")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"no bar {', '.join(unknown)}; there are {', '.join(known)}")
    os.environ.update(QUIET)
    heed_interrupts()
    scale = Scale(whole=not asked.part, seed=asked.seed)
    console = Console()
    wanted = [known[name] for name in asked.names] or list(known.values())
    with Progress(*COLUMNS, console=console) as progress:
        lines = shown(wanted, scale, progress)
    console.print(table(lines))
    if not (asked.names or asked.part):
        PAGE.write_text(page(lines, machine(asked.seed)), "utf-8")
    return int(any(one.end == "missed" for one in lines))


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
