"""``docs/stages.md``: every stage with what it takes, gives and can be set to, read off the declarations.

``python -m stages.pages docs/stages.md`` writes it anew; a test fails when it is not what this gives.
"""

import dataclasses
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc, isabstract
from pathlib import Path
from typing import Any

import stages
from stages.stage import Stage

HEAD = """# Stages

Made by `python -m stages.pages docs/stages.md` from the declarations in `stages/`; a test fails when it is stale.

A stage is a pure map from rows to rows. Its settings and version are in the fingerprint of what it makes: change one,
and its tables and what hangs on them are made again. What a worker needs never changes the output.
"""


def known_stages() -> list[type[Stage[Any, Any, Any]]]:
    """Every stage that is declared in `stages`, by name."""
    for module in pkgutil.walk_packages(stages.__path__, "stages."):
        if not module.name.endswith("_child"):
            import_module(module.name)
    ours = {stage for stage in _below(Stage) if stage.__module__.startswith("stages.") and not isabstract(stage)}
    return sorted(ours, key=lambda stage: stage.__name__)


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for stage in kind.__subclasses__():
        yield stage
        yield from _below(stage)


def stages_page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for stage in known_stages() for line in _section(stage))])


def _section(stage: type[Stage[Any, Any, Any]]) -> Iterator[str]:
    yield f"## {stage.__name__}\n"
    yield f"{cleandoc(stage.__doc__ or '').replace('``', '`')}\n"
    grouped = f", all rows of one `{stage.group_by}` together" if stage.group_by else ""
    yield f"`{stage.__name__}` version {stage.version}: `{stage.takes.table}` → `{stage.gives.table}`{grouped}."
    asks = f" Asks the role `{'`, `'.join(stage.roles)}`." if stage.roles else ""
    yield f"Needs {stage.needs.cpus:g} CPU, {stage.needs.gpus:g} GPU, {stage.needs.memory_gb:g} GB.{asks}\n"
    settings = dataclasses.fields(stage)  # type: ignore[arg-type]  # the hook of Stage makes it one
    if settings:
        yield "| setting | default |\n|---|---|"
        yield from (f"| `{field.name}` | {field.default!r} |" for field in settings)
        yield ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(stages_page(), "utf-8")
