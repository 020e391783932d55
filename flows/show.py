"""What a person sees while a run goes on and after it: bars in a terminal, a line per table elsewhere."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from flows.funnel import Funnel
from infra.board import TableReport
from infra.run import TablePlan

PLAIN_WIDTH = 400


class Display(Protocol):
    """What reports are shown on."""

    def tell(self, report: TableReport) -> None:
        """Shows how far a table is now. May be called from any thread."""

    def finished(self, report: TableReport) -> None:
        """Shows that a table is complete."""


def console(*, to_stderr: bool = False) -> Console:
    """Where to print: as wide as the terminal; elsewhere so wide that no row is broken."""
    stream = sys.stderr if to_stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False)


class Lines:
    """A line per table, when it is complete: for logs and pipes."""

    def __init__(self, tables: Sequence[str]) -> None:
        self._width = max(map(len, tables), default=0)

    def tell(self, report: TableReport) -> None:
        """Nothing: only what is complete is worth a line."""

    def finished(self, report: TableReport) -> None:
        """One line."""
        print(f"  {report.table:<{self._width}}  {words(report)}", file=sys.stderr, flush=True)


def words(report: TableReport) -> str:
    """The report of a complete table in words."""
    rejects = f", {report.rejects:,} rejected" if report.rejects else ""
    if report.reused == report.parts:
        return f"{report.rows:>9,} rows{rejects} (nothing to do)"
    reused = f", {report.reused} of {report.parts} parts were there" if report.reused else ""
    return f"{report.rows:>9,} rows{rejects} in {report.seconds:.1f} s of work{reused}"


class _Counts(ProgressColumn):
    """Rows and rejects of a table."""

    def render(self, task: Task) -> Text:
        """The text at the right of a bar."""
        rejects = f"  {task.fields['rejects']:,} rejected" if task.fields["rejects"] else ""
        return Text(f"{task.fields['rows']:,} rows{rejects}", style="dim")


class Bars:
    """A bar per table, all moving at once."""

    def __init__(self, tables: Sequence[str], progress: Progress) -> None:
        self._progress = progress
        self._bars = {table: progress.add_task(table, total=None, rows=0, rejects=0, start=False) for table in tables}

    def tell(self, report: TableReport) -> None:
        """Moves the table's bar."""
        bar = self._bars[report.table]
        if report.done:
            self._progress.start_task(bar)
        self._progress.update(bar, completed=report.done, total=report.parts, rows=report.rows, rejects=report.rejects)

    def finished(self, report: TableReport) -> None:
        """Fills the table's bar and stops its clock."""
        self.tell(report)
        self._progress.stop_task(self._bars[report.table])


@contextmanager
def display(tables: Sequence[str]) -> Iterator[Display]:
    """Bars on a terminal, lines elsewhere; on standard error, so that standard output can be piped."""
    if not sys.stderr.isatty():
        yield Lines(tables)
        return
    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(), _Counts())
    with Progress(*columns, console=console(to_stderr=True)) as progress:
        yield Bars(tables, progress)


def funnel_table(funnel: Funnel) -> Table:
    """The funnel: what is left at each step, and why the rest is not."""
    table = Table(title="From footage to dataset", title_justify="left", title_style="bold", box=None, padding=(0, 2))
    table.add_column("")
    table.add_column("", justify="right")
    table.add_column("turned away on the way", overflow="fold")
    for step in funnel.steps:
        table.add_row(step.name, f"{step.rows:,}", step.why)
    return table


def plain(text: object) -> str:
    """The text on one line, with nothing in it that a terminal or rich would act upon."""
    return escape("".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(text)))


def seconds(us: int) -> str:
    """A time in a video as a person writes it."""
    return f"{us / 1e6:.2f} s"


def item_panel(sample: Mapping[str, Any]) -> Panel:
    """One whole item: question, options with the right one marked, the chain of thought, the evidence; or its audit."""
    lines = [f"[bold]{plain(sample['question'])}[/bold]", ""]
    for number, option in enumerate(sample["options"]):
        mark = "[green]→[/green]" if number == sample["answer"] else " "
        lines.append(f" {mark} {chr(65 + number)}. {plain(option)}")
    if "answerable" in sample:
        lines += ["", f"Takes: {sample['answerable']}", f"  {plain(sample['why'])}"]
        return _item(sample, lines)
    if sample["pictures_us"]:
        shown = zip(sample["labels"], sample["pictures_us"], strict=True)
        named = (plain(label) if label.startswith("At ") else f"{plain(label)} at {seconds(at)}" for label, at in shown)
        lines += ["", "Pictures: " + ", ".join(named)]
    lines += ["", "Reasoning:"] + [f"  {plain(line)}" for line in str(sample["reasoning"]).splitlines()]
    evidence = json.loads(sample["evidence"])
    lines += ["", "Evidence:"] if evidence else []
    lines += [f"  {seconds(one['start_us'])} to {seconds(one['end_us'])}: {plain(one['what'])}" for one in evidence]
    return _item(sample, lines)


def _item(sample: Mapping[str, Any], lines: Sequence[str]) -> Panel:
    return Panel(
        "\n".join(lines), title=f"{plain(sample['task'])} · {plain(sample['uri'])}", title_align="left", width=110
    )


def plan_table(plans: Sequence[TablePlan]) -> Table:
    """The tables of a build in order: how each is made, and how much of it is done and missing."""
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for name, where in (("table", "left"), ("done", "right"), ("missing", "right"), ("made by", "left")):
        table.add_column(name, justify=where, overflow="fold")  # type: ignore[arg-type]  # a Literal to rich
    for one in plans:
        style = "" if one.missing else "green"
        barrier = " [dim](over all parts)[/dim]" if one.all_parts else ""
        table.add_row(one.table, str(one.done), str(one.missing), plain(one.made_by) + barrier, style=style)
    return table


def taught_table(stats: Mapping[str, Any]) -> Table:
    """What was asked of a rehearsal's teacher, and what it did wrong on purpose."""
    table = Table(
        title="What the teacher was asked", title_justify="left", title_style="bold", box=None, padding=(0, 2)
    )
    table.add_column()
    table.add_column(justify="right")
    for what in ("requests", "tokens_in", "tokens_out", "peak_in_flight"):
        table.add_row(what.replace("_", " "), f"{stats[what]:,}")
    for kind in ("faults", "planted"):
        for name, count in sorted(stats[kind].items()):
            table.add_row(f"{kind}: {name}", f"{count:,}")
    return table
