"""The command ``rehearse``: a whole build against a teacher that costs nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import cli_options as options
from flows.cli_end import ending, interruptible

if TYPE_CHECKING:
    from flows.wish import Wish
    from infra.rehearsal.settings import Settings

Footage = Annotated[
    list[str] | None,
    typer.Argument(metavar="VIDEOS...", help="As for [b]build[/b]; without any, films of known truth are made."),
]
To = Annotated[str, typer.Option("--to", metavar="DIR", help="Where films and tables go.")]
Latency = Annotated[float, typer.Option("--latency", metavar="S", min=0, help="How long each answer takes.")]
Faults = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="NAME=RATE", help="How often the server fails, as in unavailable=0.05."),
]
Defects = Annotated[
    list[str] | None,
    typer.Option("--defect", metavar="NAME=RATE", help="How often an answer is bad, as in hallucinated=0.1."),
]
Accuracy = Annotated[float, typer.Option("--accuracy", min=0, max=1, help="How often judges and panels are right.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same answers, faults and defects.")]


def rehearse(  # noqa: PLR0913, PLR0917 -- typer reads the options off the signature
    context: typer.Context,
    recipe: options.RecipeName,
    videos: Footage = None,
    to: To = "rehearsal",
    truth: options.Truth = "",
    latency: Latency = 0.0,
    faults: Faults = None,
    defects: Defects = None,
    accuracy: Accuracy = 0.95,
    seed: Seed = 7,
    batch: Annotated[bool, typer.Option("--batch", help="Ask by the Batch API, and not request by request.")] = False,
    engine: options.EngineName = "inline",
    settings: options.Settings = None,
    questions: options.Questions = "",
    debug: options.Debug = False,
) -> None:
    """Rehearse a build: the whole RECIPE over VIDEOS, a simulated teacher in every role that is asked. Costs nothing.

    What comes out is marked as a rehearsal and can't be published. It shows whether footage, settings and gates work,
    and how many requests and tokens the real build will take. Detectors and encoders are not played, so what hangs on
    them stays empty. Of films that it knows nothing about the teacher tells nothing, so that few recipes come to a
    question.

    [b]Examples[/b]

      rushes rehearse cineaste --defect hallucinated=0.1 --defect blind=0.2 --fault unavailable=0.05

      rushes rehearse cineaste footage/ --truth truth.json --to rehearsal

      rushes rehearse audit
    """
    with ending(debug=debug or context.obj), interruptible():
        from flows.cli_build import shorter, wished
        from flows.rehearse import known
        from infra.rehearsal.settings import Settings

        tables = str(Path(to) / "tables")
        if not videos:
            films = known(recipe, Path(to))
            videos, truth, questions = [str(films.folder)], truth or films.truth, questions or films.questions
        wish = wished(recipe, videos, tables, shorter(settings, False, questions), engine=engine)
        teacher = Settings(
            seed=seed, latency_s=latency, faults=rates(faults), defects=rates(defects), truth=truth, log_chars=0
        )
        _act(wish, teacher, accuracy, "batch" if batch else "live")
        print(f"\nThis was a rehearsal, so no dataset. Its tables are the Parquet files under {tables}/cells.")


def _act(wish: "Wish", teacher: "Settings", accuracy: float, mode: str) -> None:
    """The build, with the teacher in every role; shows what it was asked, and one item."""
    from flows.cli_build import run
    from flows.rehearse import rehearsed
    from flows.show import console, item_panel, taught_table
    from infra.rehearsal.start import stats

    with rehearsed(wish, teacher, accuracy, mode) as (ours, place):
        try:
            sample = run(ours).sample()
        finally:
            console().print("", taught_table(stats(place)), sep="\n")
    if sample:
        console().print("\n[b]One item, whole[/b]", item_panel(sample), sep="\n")


def rates(texts: list[str] | None) -> dict[str, float]:
    """Rates by name. Raises BadInput for what is none."""
    from schemas.errors import BadInput

    found = {}
    for text in texts or ():
        name, _, rate = text.partition("=")
        try:
            found[name.strip()] = float(rate)
        except ValueError:
            raise BadInput(
                f"{text!r} is no rate; write NAME=RATE with a rate from 0 to 1, as in refused=0.02"
            ) from None
    return found


COMMANDS = (rehearse,)
