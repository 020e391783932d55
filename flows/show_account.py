"""How a run stands, for a person: table by table, and every source once."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table

from flows.show import plain
from infra.account import Account, TableAccount
from infra.record import RunRecord

COLUMNS = ("parts", "done", "failed", "to do", "rows", "rejects", "given", "kept", "rejected", "nothing")


def account_text(run: RunRecord, account: Account) -> RenderableType:
    """The run's state, its tables, what it turned away with examples, and whether the sources add up."""
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column("table")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for one in account.tables:
        table.add_row(one.table, *_numbers(one))
    return Group(
        f"[b]run {run.run_id}[/b] of {plain(run.recipe)}: {state(run)}", table, *_reasons(account), *_sum(account)
    )


def state(run: RunRecord) -> str:
    """Whether the run goes on, how it ended, or that nobody has heard of it for long."""
    if run.end:
        return plain(run.end)
    if run.is_stale:
        return f"[red]no sign of life for {run.silent_s:.0f} s[/red]; run the same command again to go on from there"
    return f"running, last sign of life {run.silent_s:.0f} s ago"


def _numbers(one: TableAccount) -> list[str]:
    """The numbers of a table in the order of the columns; by video or source only where a stage made it."""
    units = (one.given, one.kept, one.rejected, one.nothing) if one.given is not None else (None,) * 4
    numbers = (one.parts, one.done, one.failed, one.to_do, one.rows, one.rejects, *units)
    return ["" if number is None else f"{number:,}" for number in numbers]


def _reasons(account: Account) -> Iterator[str]:
    for one in account.tables:
        for reason, times, example in one.reasons:
            yield f"  {one.table}: {times:,} {reason}, such as {plain(example[:200])}"


def _sum(account: Account) -> Iterator[str]:
    if not account.sources:
        return
    parts = " + ".join(f"{count:,} {became}" for became, count in sorted(account.sources.items()))
    total = sum(account.sources.values())
    yield f"[b]sources[/b]: {total:,} = {parts}"
    if not account.adds_up:
        yield f"[red]It does not add up[/red]: nothing speaks of {', '.join(plain(uri) for uri in account.lost)}"
