"""The commands that look and change nothing: ``sql``, ``explain``, ``recipes``, ``status``, ``verify``, ``doctor``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import cli_options as options
from flows.cli_end import NOTHING_DONE, ending

if TYPE_CHECKING:
    from flows.place import Place
    from storage.layout import Workspace
    from storage.manifest import Manifest


def sql(  # noqa: PLR0913, PLR0917 -- typer reads the options off the signature
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT, in DuckDB's SQL.")],
    to: options.ToHere = ".",
    work: options.Work = "",
    format: options.Format = "table",
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write there instead of printing.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most rows of a printed table.")] = 100,
    debug: options.Debug = False,
) -> None:
    """Ask the dataset in SQL: the tables of its latest version, and under workspace. those that it was made from.

    [b]Examples[/b]

      rushes sql "SHOW TABLES" --to dataset

      rushes sql "SELECT outcome, reason, count(*) FROM outcomes GROUP BY ALL" --to dataset --format csv
    """
    with ending(debug=debug or context.obj):
        from flows.show_rows import write
        from storage.catalog_query import asking

        place = _place(to, work)
        with asking(place.workspace, place.version()) as ask:
            rows = ask(query, rows=limit + 1 if format == "table" and not out else None)
        write(rows, format, Path(out) if out else None, limit)


def explain(
    context: typer.Context,
    row_id: Annotated[str, typer.Argument(metavar="ROW_ID", help="The id of a row in any table, or how it begins.")],
    to: options.ToHere = ".",
    work: options.Work = "",
    debug: options.Debug = False,
) -> None:
    """Show how one row came about: the stage and settings that made it, the rows it was made from, back to the file."""
    with ending(debug=debug or context.obj):
        from flows.explain import explain as explained
        from flows.show import console
        from flows.show_rows import explanation_tree

        place = _place(to, work)
        console().print(explanation_tree(explained(place.workspace, row_id, place.version())))


def recipes(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[RECIPE]", help="Only this one, with all that it says.")
    ] = None,
    debug: options.Debug = False,
) -> None:
    """List the recipes with what they make and their settings."""
    with ending(debug=debug or context.obj):
        from flows.recipe_book import recipe, recipes
        from flows.show import console
        from flows.show_rows import recipe_text

        out = console()
        for one in [recipe(name)] if name else recipes():
            out.print(recipe_text(one, whole=name is not None))


def status(
    context: typer.Context, to: options.ToHere = ".", work: options.Work = "", debug: options.Debug = False
) -> None:
    """Show how the last run stands, whether all that it was given is accounted for, and what the latest version holds.

    Of each table: its parts, rows and rejects; and of the videos that came in, how many have rows, were turned away, or
    left nothing. Ends with 1 when the sources do not add up, or when the run gives no sign of life any more.
    """
    with ending(debug=debug or context.obj):
        from flows.show import console
        from flows.show_account import account_text
        from flows.show_rows import status_text
        from infra.account import account
        from infra.record import latest

        place = _place(to, work)
        run, out = latest(place.workspace.runs), console()
        accounted = account(place.workspace, run) if run else None
        if run and accounted:
            out.print(account_text(run, accounted), "", sep="\n")
        found = _latest(place, needed=run is None)
        if found:
            out.print(status_text(*found))
        if run and accounted and (run.is_stale or not accounted.adds_up):
            sys.exit(NOTHING_DONE)


def verify(
    context: typer.Context,
    to: options.ToHere = ".",
    work: options.Work = "",
    number: Annotated[int | None, typer.Option("--number", help="Which version.", show_default="the latest")] = None,
    debug: options.Debug = False,
) -> None:
    """Check that every stored byte is what was written: a version against its manifest, the cells and the blobs.

    The next `rushes build` makes again what is found damaged, and nothing else.
    """
    with ending(debug=debug or context.obj):
        from flows.show import plain
        from flows.soundness import faults_of, stored_faults_of

        place = _place(to, work)
        stored = place.version(number)
        where = place.address or place.workspace.root
        if stored:
            faults = stored_faults_of(place.workspace, stored)
        else:
            faults = faults_of(place.workspace, _folder(place.workspace, number, needed=number is not None))
        for fault in faults:
            print(f"{fault.kind:<8} {plain(fault.path)}: {plain(fault.detail)}")
        if faults:
            remedy = "`rushes build` makes again what is damaged"
            print(f"rushes: {where}: {len(faults)} files are not as they were written; {remedy}", file=sys.stderr)
            sys.exit(NOTHING_DONE)
        print(f"{where}: every file is as it was written")


def doctor(context: typer.Context, to: options.ToHere = ".", debug: options.Debug = False) -> None:
    """Show what this machine has and lacks for Rushes, with the remedy for each lack. Ends with 1 when one matters."""
    with ending(debug=debug or context.obj):
        from flows.doctor import findings
        from flows.doctor_place import place_findings
        from flows.place import place
        from flows.show import console
        from flows.show_rows import finding_line

        out, lacking, there = console(), 0, place(to)
        for finding in (*findings(there.workspace.root), *place_findings(there)):
            out.print(finding_line(finding))
            lacking += finding.state == "lacks"
        if lacking:
            sys.exit(NOTHING_DONE)


COMMANDS = (sql, explain, recipes, status, verify, doctor)


def _place(to: str, work: str) -> "Place":
    """Where the dataset is. Raises BadInput for a folder that is not there."""
    from flows.place import place
    from schemas.errors import BadInput

    found = place(to, work)
    if not found.address and not found.workspace.root.is_dir():
        raise BadInput(f"no such folder: {to!r}; --to names the dataset's folder, where `rushes build` put it")
    return found


def _folder(workspace: "Workspace", number: int | None, *, needed: bool) -> Path | None:
    """The folder of that version, or of the latest. Raises BadInput when it is ``needed`` and not there."""
    from schemas.errors import BadInput
    from storage.catalog import latest_version

    folder = latest_version(workspace) if number is None else workspace.versions / str(number)
    if folder and folder.is_dir():
        return folder
    if needed:
        which = "version" if number is None else f"version {number}"
        raise BadInput(
            f"{workspace.root} holds no published {which}; "
            f"build one with `rushes build RECIPE VIDEOS... --to {workspace.root}`"
        )
    return None


def _latest(place: "Place", *, needed: bool) -> "tuple[Manifest, str] | None":
    """The manifest of the latest version and where it lies. Raises BadInput when it is ``needed`` and not there."""
    from schemas.errors import BadInput
    from storage.manifest import read

    if not place.address:
        folder = _folder(place.workspace, None, needed=needed)
        return (read(folder), str(folder)) if folder else None
    try:
        stored = place.version()
    except BadInput:
        if needed:
            raise
        return None
    return (stored.manifest, stored.folders[0]) if stored else None
