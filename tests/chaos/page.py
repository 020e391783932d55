"""What was seen of the bars, as a page: docs/reliability.md."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.bar import Bar

HEAD = """# Reliability

What Rushes promises when footage is hostile, processes die, disks fill and models misbehave, and what was seen of each
promise. `make chaos` shows them all and writes this page anew; `make test` shows a part of most. Everything is seeded.

Nought failures in n trials supports, at 95 %, a true rate below 3/n (the rule of three), and nothing better. *skipped*
means that this machine cannot show the bar, and why; it never means that it held.

"""
STYLES = {"held": "green", "missed": "bold red", "skipped": "yellow"}
"""How each end is shown in a terminal."""


@dataclass(frozen=True)
class Line:
    """One bar's row: ``held``, ``missed`` or ``skipped``, the figures or the reason, and the seconds it took."""

    bar: Bar
    end: str
    said: str
    seconds: float


def page(lines: Sequence[Line], machine: str) -> str:
    """The page in Markdown."""
    rows = [f"| {one.bar.name} | {one.bar.promise} | {one.end} | {one.said} | {one.seconds:.0f} |" for one in lines]
    table = ["| bar | promise | seen | figures | s |", "|---|---|---|---|---|", *rows]
    return f"{HEAD}{machine}\n\n" + "\n".join(table) + "\n"
