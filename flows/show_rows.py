"""What the commands that look print: rows, explanations, recipes, versions, findings."""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Group, RenderableType
from rich.table import Table
from rich.tree import Tree

from flows.doctor import Finding
from flows.explain import Explanation, Found, Hanging
from flows.recipe_book import Recipe
from flows.show import console, plain
from schemas.errors import BadInput
from storage.manifest import Manifest, TableFacts

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 400
MARKS = {"has": "[green]has[/green]      ", "lacks": "[red]lacks[/red]    ", "could use": "[yellow]could use[/yellow]"}


def write(rows: "pa.Table", form: str, out: Path | None, limit: int) -> None:
    """The rows in one of the forms ``table csv json jsonl parquet``, into a file or on standard output."""
    if form == "parquet" and out is None:
        raise BadInput("Parquet is no text: say where to write it with --out FILE")
    if form == "table" and out is None:
        _print_table(rows, limit)
        return
    try:
        if form == "parquet":
            import pyarrow.parquet as pq

            pq.write_table(rows, out)
            return
        with out.open("w", encoding="utf-8", newline="") if out else _kept_open() as stream:
            for line in _lines(rows, form):
                stream.write(line)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise BadInput(f"cannot write {str(out)!r}: {error.strerror}; choose another --out") from None


@contextmanager
def _kept_open() -> Iterator[TextIO]:
    """Standard output, which stays open."""
    yield sys.stdout
    sys.stdout.flush()


def _lines(rows: "pa.Table", form: str) -> Iterator[str]:
    if form in ("csv", "table"):
        import csv
        from io import StringIO

        for values in (rows.column_names, *([_cell(value) for value in row.values()] for row in rows.to_pylist())):
            text = StringIO()
            csv.writer(text, lineterminator="\n").writerow(values)
            yield text.getvalue()
        return
    found = [_json(row) for row in rows.to_pylist()]
    yield "[" + ",\n ".join(found) + "]\n" if form == "json" else "".join(line + "\n" for line in found)


def _cell(value: Any) -> Any:
    """A value as text where it is none that CSV or JSON knows."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, list | dict):
        return _json(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _json(value: Any) -> str:
    return json.dumps(_finite(value), default=_cell, ensure_ascii=False)


def _finite(value: Any) -> Any:
    """The value with null for every number that JSON has not: infinities, and what is no number."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print_table(rows: "pa.Table", limit: int) -> None:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for name in rows.column_names:
        is_number = str(rows.schema.field(name).type).startswith(("int", "uint", "float", "double", "decimal"))
        table.add_column(plain(name), justify="right" if is_number else "left", overflow="fold")
    for row in rows.slice(0, limit).to_pylist():
        table.add_row(*(short(value) for value in row.values()))
    console().print(table)
    if len(rows) > limit:
        print(f"rushes: the first {limit} rows; --limit shows more, --out FILE --format csv all", file=sys.stderr)


def short(value: Any) -> str:
    """A value of any column on one line of bearable length."""
    if value is None:
        return "[dim]null[/dim]"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if isinstance(value, list) and len(value) > 12:
        return f"({len(value):,} values)"
    if isinstance(value, list):
        return plain(" | ".join(str(one) for one in value))
    text = plain(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def explanation_tree(explanation: Explanation) -> Tree:
    """The row, where it came from and what hangs on it, as a tree."""
    row = explanation.row
    tree = Tree(f"[b]{plain(row.row_id)}[/b] in [b]{row.table}[/b]")
    tree.add(_values(row.values))
    tree.add(f"[b]made by[/b] {_made(row.made)}")
    if explanation.origins:
        origins = tree.add("[b]made from[/b]")
        for origin in explanation.origins:
            origins.add(_origin(origin))
    if explanation.hanging:
        hanging = tree.add("[b]what hangs on it[/b]")
        for one in explanation.hanging:
            _hang(hanging, one, row)
    return tree


def _values(values: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(name, short(value))
    return table


def _made(made: TableFacts | None) -> str:
    if made is None:
        return "publishing"
    version = f" version {made.version}" if made.version else ""
    inputs = f", from {', '.join(made.inputs)}" if made.inputs else ""
    fingerprint = f" [dim]({made.fingerprint})[/dim]" if made.fingerprint else ""
    return f"{plain(made.made_by)}{version}{inputs}{fingerprint}"


def _origin(origin: Found) -> RenderableType:
    head = f"{origin.table} [b]{plain(origin.row_id)}[/b]  [dim]made by {_made(origin.made)}[/dim]"
    told = {name: value for name, value in origin.values.items() if name != origin.key and value not in (None, [], b"")}
    small = {
        name: value for name, value in told.items() if not isinstance(value, bytes | list) and len(str(value)) < 200
    }
    return Group(head, "  " + ", ".join(f"{name} {short(value)}" for name, value in small.items()))


def _hang(branch: Tree, hanging: Hanging, row: Found) -> None:
    more = "" if hanging.count == len(hanging.rows) else f", the first {len(hanging.rows)}"
    table = branch.add(f"{hanging.table} ({hanging.count:,}{more})")
    skip = {row.key, "uri"} | ({"video_id"} if hanging.table != "videos" else set())
    for values in hanging.rows:
        told = {name: value for name, value in values.items() if name not in skip and value is not None}
        told = {name: value for name, value in told.items() if not isinstance(value, bytes | list | dict)}
        told = {name: value for name, value in told.items() if not str(value).startswith(row.row_id)}
        table.add(", ".join(f"[dim]{name}[/dim] {_brief(value)}" for name, value in list(told.items())[:9]))


def _brief(value: Any) -> str:
    text = plain(value)
    return text if len(text) <= 120 else f"{text[:120]}…"


def recipe_text(recipe: Recipe, *, whole: bool) -> RenderableType:
    """A recipe with its settings; ``whole`` with all that its docstring says."""
    settings = Table(box=None, padding=(0, 2), show_header=False)
    for setting in recipe.settings:
        settings.add_row(f"  --set {setting.name}={setting.default}", f"[dim]{plain(setting.type_name)}[/dim]")
    words = recipe.doc if whole else recipe.summary
    return Group(f"[b]{recipe.name}[/b]  {plain(words) if not whole else plain_lines(words)}", settings)


def plain_lines(text: str) -> str:
    """The text with its lines kept, each of them plain."""
    return "\n".join(plain(line) for line in text.splitlines())


def status_text(manifest: Manifest, address: str) -> RenderableType:
    """What a version holds, what became of the files, and what made it."""
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for name, where in (("table", "left"), ("rows", "right"), ("made by", "left")):
        table.add_column(name, justify=where, overflow="fold")  # type: ignore[arg-type]  # a Literal to rich
    for facts in manifest.tables:
        table.add_row(facts.name, f"{facts.rows:,}", plain(facts.made_by))
    became = ", ".join(f"{count:,} {outcome}" for outcome, count in manifest.outcomes.items())
    software = ", ".join(f"{name} {found}" for name, found in sorted(manifest.software.items()))
    settings = ", ".join(f"{name}={value}" for name, value in manifest.settings.items())
    return Group(
        f"[b]version {manifest.number}[/b] of {plain(manifest.recipe)} ({plain(settings)}) in {plain(address)}",
        f"files: {became}" if became else "",
        table,
        f"[dim]{plain(software)}[/dim]",
    )


def finding_line(finding: Finding) -> str:
    """A finding of the doctor's, with its remedy on a line of its own."""
    remedy = f"\n{'':12}[yellow]→ {plain(finding.remedy)}[/yellow]" if finding.remedy else ""
    return f"{MARKS[finding.state]}  [b]{finding.name}[/b]: {plain(finding.detail)}{remedy}"
