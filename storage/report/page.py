"""``report.html``: one file that says what is in a version and how it came about, and needs nothing else to be read."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from markupsafe import Markup

from storage.blobs import Blobs
from storage.publish_draft import Draft
from storage.publish_text import visible
from storage.report.ask import Tables, tables_of
from storage.report.audit import audited
from storage.report.charts import charts
from storage.report.examples import examples
from storage.report.facts import funnel, gates, licences, reasons, splits
from storage.report.guessing import guessing
from storage.report.sheets import sheets
from storage.report.thumbs import Thumbs

TEMPLATES = Path(__file__).parent / "templates"
SOURCES = 200
# Nothing runs, nothing is loaded, and of styles only the page's own element counts: no attribute, no other element.
POLICY = "default-src 'none'; img-src data:; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"


def write_report(connection: duckdb.DuckDBPyConnection, draft: Draft, tools: Mapping[str, str]) -> None:
    """Writes ``report.html`` into the version. It is under 6 MB: pictures beyond 4 MB are left out."""
    page = _template().render(facts(tables_of(connection), draft, tools))
    (draft.folder / "report.html").write_text(page, encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    """The page, which escapes every value and drops signs that cannot be seen. An unknown name is an error."""
    house = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    house.filters |= {"spaced": lambda name: str(name).replace("_", " "), "thousands": lambda n: f"{n:,}"}
    css = (TEMPLATES / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    house.globals |= {"css": Markup(css), "policy": Markup(POLICY.format(digest))}
    return house.get_template("report.html.j2")


def _shown(value: Any) -> Any:
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(value)
    return "" if value is None else value


def facts(tables: Tables, draft: Draft, tools: Mapping[str, str]) -> dict[str, Any]:
    """Everything that the page shows, by the names that the template uses."""
    thumbs, blobs = Thumbs(), Blobs(draft.workspace.blobs)
    shown = examples(tables, thumbs, blobs)
    return {
        "draft": draft,
        "built": draft.built,
        "tools": tools,
        "rows": {table.name: table.rows for table in draft.facts if table.files},
        "numbers": _numbers(tables),
        "funnel": funnel(tables),
        "outcomes": _outcomes(tables),
        "reasons": reasons(tables),
        "gates": gates(tables),
        "guessing": guessing(tables),
        "charts": charts(tables),
        "splits": splits(tables),
        "licences": licences(tables),
        "examples": shown,
        "audit": audited(tables, thumbs, blobs),
        "sheets": sheets(tables, thumbs, blobs),
        "n_checks": sum(len(table["expectations"]) for table in draft.checks["tables"].values()),
        "n_links": len(draft.checks["links"]),
        "omitted": thumbs.omitted,
    }


def _numbers(tables: Tables) -> list[tuple[str, str]]:
    """What the version holds, in a few numbers."""
    kept = (
        "SELECT count(*), count(DISTINCT task), count(DISTINCT video_id), coalesce(sum(len(pictures)), 0) FROM samples"
    )
    labels = ("samples", "tasks", "videos in them", "pictures")
    found = [(label, f"{n:,}") for row in tables.ask(kept, "samples") for label, n in zip(labels, row, strict=True)]
    asked = "SELECT count(*), count(DISTINCT task), count(DISTINCT video_id), coalesce(sum(n_answers), 0) FROM audits"
    labels = ("questions", "tasks", "videos", "answers of models")
    found += [(label, f"{n:,}") for row in tables.ask(asked, "audits") for label, n in zip(labels, row, strict=True)]
    for (seconds,) in tables.ask("SELECT coalesce(sum(duration_us_measured), 0) / 1e6 FROM media", "media"):
        found.append(
            ("of footage watched", f"{seconds / 3600:,.1f} h" if seconds > 7200 else f"{seconds / 60:.1f} min")
        )
    return found


def _outcomes(tables: Tables) -> list[tuple[Any, ...]]:
    """The first 200 sources that are not simply published, with the reason."""
    return tables.ask(
        "SELECT uri, outcome, reason, detail FROM outcomes WHERE outcome <> 'published' "
        "ORDER BY outcome, reason, uri LIMIT $n",
        "outcomes",
        n=SOURCES,
    )
