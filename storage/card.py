"""The dataset card: ``README.md`` with a YAML head that Hugging Face reads."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from storage.asked import asked_of
from storage.publish_cells import Stored, has
from storage.publish_draft import Draft
from storage.publish_pictures import PICTURES
from storage.publish_tables import SPLIT
from storage.publish_text import visible
from storage.report.ask import tables_of
from storage.report.audit import audited
from storage.report.facts import funnel, gates, licences, reasons, splits, tasks
from storage.report.guessing import guessing

TEMPLATE = Path(__file__).parent / "report" / "templates" / "card.md.j2"
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
TAGS = {"samples": ("reasoning", "verifiable-rewards"), "audits": ("benchmark", "evaluation")}
"""What the tables that readers are after are tagged with."""
# The identifiers that Hugging Face knows, of those that footage comes under.
LICENCES = (
    "apache-2.0", "mit", "cc", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0",
    "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "pddl", "odbl",
)  # fmt: skip


def write_card(connection: duckdb.DuckDBPyConnection, draft: Draft) -> None:
    """Writes ``README.md`` into the version."""
    tables = tables_of(connection)
    house = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_plain)
    found = licences(tables)
    text = house.from_string(TEMPLATE.read_text("utf-8")).render(
        head=head(draft, [one.name for one in found]),
        draft=draft,
        python=_python(draft),
        funnel=funnel(tables),
        reasons=reasons(tables),
        gates=gates(tables),
        tasks=tasks(tables),
        splits=splits(tables),
        licences=found,
        guessing=guessing(tables),
        audit=audited(tables),
        has_samples="samples" in tables.names,
        tables=[table for table in draft.facts if table.files],
        models=asked_of(draft.built),
        left_out=[table for table in draft.built.tables if table.made_by.startswith("left out")],
        n_checks=sum(len(table["expectations"]) for table in draft.checks["tables"].values()),
    )
    (draft.folder / "README.md").write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    """A value as it may stand in a line or a table cell of Markdown: no markup of its own, no line breaks."""
    if not isinstance(value, str) or isinstance(value, Head):
        return value
    line = html.escape(" ".join(visible(value).split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]|#!])", r"\\\1", line)


class Head(str):
    """Text that is written as it is: YAML, or Python."""

    __slots__ = ()


def head(draft: Draft, given: list[str]) -> Head:
    """The YAML head. Every text in it is a JSON string, which YAML reads as the same text."""
    main = next((table for table in draft.facts if table.name == _main(draft)), None)
    n = main.rows if main else sum(table.rows for table in draft.facts if table.files)
    facts: dict[str, Any] = {
        "pretty_name": f"{draft.built.recipe} {draft.number}",
        "license": sorted({_licence(name) for name in given}) or ["unknown"],
        "task_categories": ["visual-question-answering", "video-text-to-text"],
        "language": ["en"],
        "size_categories": [next((name for limit, name in SIZES if n < limit), "10M<n<100M")],
        "tags": ["video", *TAGS.get(_main(draft), ()), "rushes", draft.built.recipe],
        "configs": list(_configs(draft)),
    }
    return Head("\n".join(f"{name}: {_yaml(value)}" for name, value in facts.items()))


def _main(draft: Draft) -> str:
    """The table that a reader is after, if the recipe has one."""
    return next((name for name in TAGS if draft.stored(name)), "")


def _yaml(value: Any) -> str:
    """A list with an element a line, anything else in one line."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "".join(f"\n- {json.dumps(one)}" for one in value)


def _licence(name: str) -> str:
    """The licence as Hugging Face calls it: ``CC BY 4.0`` is ``cc-by-4.0``; what it does not know is ``other``."""
    if not name:
        return "unknown"
    called = re.sub(r"[\s_]+", "-", name.strip().lower())
    return called if called in LICENCES else "other"


def _configs(draft: Draft) -> Iterator[dict[str, Any]]:
    """One configuration per table that has rows; the samples, or the audit, are what one gets by default."""
    rows = {table.name: table.rows for table in draft.facts}
    main = _main(draft)
    for table in sorted(draft.tables, key=lambda table: table.row_type.table != main):
        name = table.row_type.table
        if rows[name]:
            found: dict[str, Any] = {"config_name": name, "data_files": _data_files(table)}
            yield found | ({"default": True} if name == main else {})


def _python(draft: Draft) -> Head:
    """What to type in the version's folder to load its main table and one more; ``load_dataset(".")`` reads nothing."""
    rows = {table.name: table.rows for table in draft.facts}
    stored = {table.row_type.table: table for table in draft.tables if rows[table.row_type.table]}
    names = [name for name in (_main(draft), "shots", "answers") if name in stored][:2] or [*stored][:1]
    return Head("\n".join(f"{name} = {_loaded(stored[name])}" for name in names))


def _loaded(table: Stored) -> str:
    files = _data_files(table)
    by_split = files if isinstance(files, str) else {one["split"]: one["path"] for one in files}
    told = "  # `images` are pictures" if has(table.row_type, PICTURES) else ""
    return f'datasets.load_dataset("parquet", data_files={json.dumps(by_split)}){told}'


def _data_files(table: Stored) -> Any:
    name = table.row_type.table
    if not has(table.row_type, SPLIT):
        return f"{name}/*.parquet"
    stems = dict.fromkeys(path.name.rpartition("-")[0] for path in table.files)
    return [{"split": stem, "path": f"{name}/{stem}-*.parquet"} for stem in stems]
