"""The commands that make datasets: ``build``, ``plan`` and ``demo``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import cli_options as options
from flows.cli_end import NOTHING_DONE, ending, interruptible

if TYPE_CHECKING:
    from flows.steps import Result
    from flows.wish import Wish


def build(  # noqa: PLR0913, PLR0917 -- typer reads the options off the signature
    context: typer.Context,
    recipe: options.RecipeName,
    videos: options.Videos,
    to: options.To,
    work: options.Work = "",
    engine: options.EngineName = "ray",
    profile: options.ProfileName = "local",
    settings: options.Settings = None,
    clips: options.Clips = False,
    questions: options.Questions = "",
    workers: options.Workers = 0,
    budget_usd: options.BudgetUsd = 0,
    budget_tokens: options.BudgetTokens = 0,
    no_publish: Annotated[bool, typer.Option("--no-publish", help="Make the tables, but no version.")] = False,
    debug: options.Debug = False,
) -> None:
    """Build a dataset: run RECIPE over VIDEOS and publish what passes as a new version.

    What is finished already is not done again. Where a Prefect API is configured, the run is a flow run there.

    [b]Examples[/b]

      rushes build fragments footage/ --to dataset

      rushes build fragments "clips/**/*.mkv" more.csv --to dataset --set per_video=6 --clips

      rushes build fragments footage/ --to s3://bucket/films

      rushes build audit videos/ --questions videomme.parquet --to audited --profile my-models.toml
    """
    with ending(debug=debug or context.obj), interruptible():
        place = {"work": work, "engine": engine, "profile": profile, "workers": workers, "publish": not no_publish}
        budget = {"budget_usd": budget_usd, "budget_tokens": budget_tokens}
        wish = wished(recipe, videos, to, shorter(settings, clips, questions), **place, **budget)
        _tell_paths(run(wish))


def plan(  # noqa: PLR0913, PLR0917 -- typer reads the options off the signature
    context: typer.Context,
    recipe: options.RecipeName,
    videos: options.Videos,
    to: options.To,
    work: options.Work = "",
    profile: options.ProfileName = "local",
    settings: options.Settings = None,
    clips: options.Clips = False,
    questions: options.Questions = "",
    sample: options.Sample = 2,
    truth: options.Truth = "",
    latency: Annotated[float, typer.Option("--latency", metavar="S", min=0, help="How long an answer takes.")] = 2.0,
    debug: options.Debug = False,
) -> None:
    """Show what a build will make and ask: tables done and missing; calls, tokens, cost and time of models.

    Spends nothing and writes nothing into DIR. Requests whose footage is described already are counted; the rest is
    taken from the parts that are done, else from a rehearsal of a few of your videos with a simulated teacher.

    [b]Examples[/b]

      rushes plan fragments footage/ --to dataset

      rushes plan cineaste footage/ --to dataset --profile my-models.toml --sample 4
    """
    with ending(debug=debug or context.obj):
        from flows.show import console, plan_table
        from flows.steps import planned

        place = {"work": work, "engine": "inline", "profile": profile}
        wish = wished(recipe, videos, to, shorter(settings, clips, questions), **place)
        begun = planned(wish)
        tables = begun.plan()
        out = console()
        out.print(plan_table(tables))
        _tell_found(wish)
        missing = sum(table.missing for table in tables)
        what = f"{missing:,} cells are missing: `rushes build` makes them." if missing else "Nothing is missing."
        out.print(f"{len(wish.found.sources):,} files in {tables[0].parts} parts, {len(tables)} tables. {what}")
        if any(rows.models for rows in begun.recipe.walk()) and missing:
            from flows.forecasting import Trial
            from flows.show_forecast import told

            out.print("", *told(wish, begun, Trial(sample, truth, latency)), sep="\n")


def demo(
    context: typer.Context,
    videos: Annotated[
        str | None, typer.Option("--videos", metavar="DIR", help="Your own footage, instead of films made on the spot.")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="DIR", help="Where films and dataset go.")] = "demo",
    engine: options.EngineName = "ray",
    debug: options.Debug = False,
) -> None:
    """Make a few short films (or take yours), build a dataset of them, and show what came out."""
    with ending(debug=debug or context.obj), interruptible():
        from flows import demo as rehearsal
        from flows.show import console, item_panel
        from flows.wish import Wish

        footage = [videos] if videos else [str(rehearsal.films(Path(to) / "films"))]
        wish = Wish(recipe="fragments", videos=footage, to=str(Path(to) / "dataset"), engine=engine)
        result = run(wish)
        sample = result.sample()
        if sample:
            console().print("\n[b]One item, whole[/b]", item_panel(sample), sep="\n")
        _tell_paths(result)


COMMANDS = (build, plan, demo)


def shorter(settings: Sequence[str] | None, clips: bool, questions: str) -> list[str]:
    """The settings, those that have an option of their own among them."""
    return [
        *(settings or ()),
        *(["clips=true"] if clips else ()),
        *([f"questions={questions}"] if questions else ()),
    ]


def wished(recipe: str, videos: Sequence[str], to: str, settings: Sequence[str], **more: Any) -> "Wish":
    """What was typed, as a wish."""
    from flows.recipe_book import recipe as known_recipe
    from flows.wish import Wish

    return Wish(recipe=recipe, videos=videos, to=to, settings=known_recipe(recipe).parse(settings), **more)


def run(wish: "Wish") -> "Result":
    """The result of the build, shown. Ends the process where nothing was kept."""
    from flows.prefect_api import api_url, check_reachable
    from flows.show import console, funnel_table

    wish.check()
    _tell_found(wish)
    _tell_questions(wish)
    _tell_of_the_sandbox()
    url = api_url()
    if url:
        check_reachable(url)
        result = _under_prefect(wish)
    else:
        result = _bare(wish)
    console().print("", funnel_table(result.funnel), sep="\n")
    if not result.funnel.kept:
        _nothing_kept(result)
    return result


def _bare(wish: "Wish") -> "Result":
    from flows.show import display
    from flows.steps import conclude, planned, wait_for_all

    wish.probe()
    with planned(wish) as begun:
        with display(begun.tables) as shown:
            wait_for_all(begun, shown.tell, shown.finished)
        if wish.publish:
            print("  checking and publishing", file=sys.stderr, flush=True)
        return conclude(begun, wish)


def _under_prefect(wish: "Wish") -> "Result":
    from flows.prefect_api import hush

    hush()
    from flows.build import run_flow

    return run_flow(wish)


def _tell_found(wish: "Wish") -> None:
    passed_over = wish.found.passed_over
    if passed_over:
        kinds = ", ".join(f"{count:,} {suffix or 'without suffix'}" for suffix, count in passed_over.most_common(5))
        print(f"rushes: passed over {passed_over.total():,} files that are no video by name: {kinds}", file=sys.stderr)


def _tell_questions(wish: "Wish") -> None:
    if wish.questions and wish.questions.flaws:
        lost, given = sum(wish.questions.flaws.values()), wish.questions.n_rows
        why = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in wish.questions.flaws.most_common())
        print(
            f"rushes: {lost:,} of {given:,} questions cannot be asked ({why}), such as {wish.questions.example}",
            file=sys.stderr,
        )


def _tell_of_the_sandbox() -> None:
    from stages.sandbox import layers

    if missing := layers().missing:
        lack = f"the sandbox lacks {', '.join(missing)} on this machine, so hostile footage could do more harm"
        print(f"rushes: {lack}; `rushes doctor` has the remedy", file=sys.stderr)


def _tell_paths(result: "Result") -> None:
    if result.version is None:
        return
    new = "" if result.version.is_new else " (nothing has changed since)"
    print(f"\ndataset  {result.version.address}{new}")
    if result.report:
        print(f"report   {result.report}")


def _nothing_kept(result: "Result") -> None:
    from flows.cli_end import say

    lost = "; ".join(f"{step.name}: {step.why}" for step in result.funnel.steps if step.lost) or "no reason is known"
    say(f"nothing was kept, so no version was published ({lost}); docs/rejects.md has the remedies")
    sys.exit(NOTHING_DONE)
