"""The command ``rushes``. What is heavy is imported by the command that needs it, so that ``--help`` is instant."""

import atexit
import contextlib
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from flows import cli_build, cli_look, cli_rehearse
from flows.cli_options import Debug

HELP = """\
Raw footage in, validated reasoning datasets out.

[b]Examples[/b]

  rushes demo [dim]# films made on the spot, and a dataset of them[/dim]

  rushes build fragments footage/ --to dataset [dim]# of your own footage[/dim]

  rushes plan fragments footage/ --to dataset [dim]# what is missing; runs nothing[/dim]

  rushes sql "SELECT task, count(*) FROM samples GROUP BY 1" --to dataset

  rushes explain ITEM_ID --to dataset [dim]# how a row came about[/dim]

Interrupted? Changed a setting? Added footage? Run the same command again: what is finished is not done again.
"""

app = typer.Typer(
    name="rushes",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"rushes {version('rushes')}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    debug: Debug = False,
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Notes what holds for every command."""
    context.obj = debug


COMMANDS = (*cli_build.COMMANDS, *cli_rehearse.COMMANDS, *cli_look.COMMANDS)
for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Runs the command line. Ends the process: 0 done, 1 nothing could be done, 2 bad input, 128 + n by signal n."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # they are text streams here
    codes: list[int] = []
    atexit.register(_leave, codes)
    try:
        app()
    except SystemExit as left:
        codes.append(left.code if isinstance(left.code, int) else int(left.code is not None))
        raise


def _leave(codes: list[int]) -> None:
    """Ends the process at once. Registered first, so it is the last thing to run at exit.

    DuckDB's binding would otherwise print, on standard error, everything of its that is still alive then.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if codes:
        os._exit(codes[0])
