"""``docs/commands.md``, read off the commands themselves: ``python -m flows.cli_docs > docs/commands.md``."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo

from flows.cli import COMMANDS

HEAD = """# Commands

Read off the commands by `python -m flows.cli_docs`; a test holds this page to them. Every command also takes `--help`,
and `--debug`, which shows the traceback of an error.

A command ends with 0 when it did what was asked, 1 when nothing could be done, 2 when what was given cannot be used,
and 128 + n when signal n ended it (130 for Ctrl-C). What went wrong stands in one line on standard error.
"""


@dataclass(frozen=True)
class Parameter:
    """An argument or option of a command, as the page shows it."""

    name: str
    help: str
    default: str
    is_argument: bool


def markdown() -> str:
    """The page."""
    return "\n".join([HEAD, *(line for command in COMMANDS for line in _section(command))])


def _section(command: Callable[..., None]) -> Iterator[str]:
    parameters = list(_parameters(command))
    arguments = [one.name for one in parameters if one.is_argument]
    yield f"## rushes {command.__name__}\n"
    yield "    " + " ".join(["rushes", command.__name__, *arguments, "[OPTIONS]"]) + "\n"
    yield _plain(inspect.getdoc(command) or "") + "\n"
    yield "| | | unless given |"
    yield "|---|---|---|"
    for one in parameters:
        name = one.name.replace("|", "\\|")
        yield f"| `{name}` | {_plain(one.help)} | {one.default} |"
    yield ""


def _parameters(command: Callable[..., None]) -> Iterator[Parameter]:
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in ("context", "debug"):
            kind, info = get_args(hints[name])
            yield Parameter(
                _name(name, kind, info), info.help, _default(parameter.default, info), isinstance(info, ArgumentInfo)
            )


def _name(name: str, kind: Any, info: Any) -> str:
    if isinstance(info, ArgumentInfo):
        return str(info.metavar)
    value = "|".join(get_args(kind)) if get_origin(kind) is Literal else info.metavar
    is_flag = kind is bool
    # Inside Annotated typer keeps the first name of an option where a default would stand.
    option = next(one for one in (info.default, *(info.param_decls or ()), f"--{name}") if str(one).startswith("--"))
    return option if is_flag else f"{option} {value or 'N'}"


def _default(default: Any, info: Any) -> str:
    if isinstance(info.show_default, str):
        return info.show_default
    if default is inspect.Parameter.empty:
        return "required"
    return "" if default in (None, False) else f"`{default}`"


def _plain(text: str) -> str:
    """The help without rich's marks, its examples as code."""
    text = text.replace("[b]Examples[/b]", "Examples:")
    text = re.sub(r"\[b\](.+?)\[/b\]", r"`\1`", text)
    return re.sub(r"^  (rushes .*)$", r"    \1", text, flags=re.MULTILINE).strip()


if __name__ == "__main__":
    print(markdown(), end="")
