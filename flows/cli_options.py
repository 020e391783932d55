"""The arguments and options that several commands share, each said once."""

from typing import Annotated, Literal

import typer

RecipeName = Annotated[
    str,
    typer.Argument(metavar="RECIPE", help="A recipe's name (see [b]rushes recipes[/b]), or a Python file with one."),
]
Videos = Annotated[
    list[str],
    typer.Argument(
        metavar="VIDEOS...",
        help="Files, folders, patterns, or a Parquet, CSV or JSONL manifest with a column [b]uri[/b] "
        "and, if known, license, origin, title.",
    ),
]
TO = "The dataset's folder, or an address such as s3://bucket/prefix (docs/storage.md)."
To = Annotated[str, typer.Option("--to", metavar="DIR", help=TO)]
ToHere = Annotated[str, typer.Option("--to", metavar="DIR", help=TO, show_default="this folder")]
Work = Annotated[
    str,
    typer.Option(
        "--work",
        metavar="DIR",
        help="The folder to work in where --to is an address.",
        show_default="one in your cache",
    ),
]
EngineName = Annotated[
    Literal["ray", "inline"],
    typer.Option("--engine", help="[b]ray[/b] uses all cores; [b]inline[/b] one, and starts at once."),
]
ProfileName = Annotated[
    str,
    typer.Option(
        "--profile", metavar="NAME|FILE", help="Where and how much: a name in infra/profiles, or a TOML file."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of the recipe. May be given many times."),
]
Questions = Annotated[
    str,
    typer.Option(
        "--questions",
        metavar="FILE",
        help="The set of questions, or a TOML file that maps its columns (docs/audit.md).",
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", metavar="N", min=0, help="Cores to use.", show_default="the profile's")
]
BudgetUsd = Annotated[
    float,
    typer.Option(
        "--budget-usd", metavar="N", min=0, help="What models may cost in this run.", show_default="the profile's"
    ),
]
BudgetTokens = Annotated[
    int,
    typer.Option(
        "--budget-tokens", metavar="N", min=0, help="Tokens that models may take in it.", show_default="the profile's"
    ),
]
Clips = Annotated[bool, typer.Option("--clips", help="Cut the footage of every kept item into a file of its own.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Format = Annotated[
    Literal["table", "csv", "json", "jsonl", "parquet"],
    typer.Option("--format", help="How to print the rows; [b]parquet[/b] needs --out."),
]
Truth = Annotated[
    str, typer.Option("--truth", metavar="FILE", help="What is true of your films, for a truthful teacher.")
]
Sample = Annotated[
    int,
    typer.Option("--sample", metavar="N", min=0, help="How many videos are rehearsed where nothing can be counted."),
]
