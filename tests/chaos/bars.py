"""All bars: every module here named t<number>_... declares one as ``BAR``."""

import importlib
import pkgutil

import tests.chaos
from tests.chaos.bar import Bar


def bars() -> tuple[Bar, ...]:
    """All there are, by number."""
    names = sorted(found.name for found in pkgutil.iter_modules(tests.chaos.__path__) if found.name[:1] == "t")
    modules = (importlib.import_module(f"tests.chaos.{name}") for name in names if name[1:3].isdigit())
    return tuple(module.BAR for module in modules)
