"""The recipes that there are, their settings, and a recipe's value with the user's settings filled in.

A recipe is a function named like its module in ``flows/recipes``, or like the Python file that the user names. Its
keyword-only arguments are its settings; their types say what a value on the command line may be.
"""

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from infra.profile import shown
from schemas.errors import BadInput, WiringError
from schemas.media import Source
from schemas.row import Row
from stages.graph import Rows, given

LONGEST = 20_000
MOST = 10**12  # as microseconds it still fits into 64 bits


@dataclass(frozen=True)
class Setting:
    """One setting of a recipe: its type, and the value it has unless the user says otherwise."""

    name: str
    kind: Any
    default: Any

    @property
    def type_name(self) -> str:
        """The type as a person writes it."""
        kind = get_args(self.kind)[0] if get_origin(self.kind) is Annotated else self.kind
        if get_origin(kind) is Literal:
            return " | ".join(map(str, get_args(kind)))
        return kind.__name__ if isinstance(kind, type) else str(kind)


@dataclass(frozen=True)
class Recipe:
    """One dataset: what it is, and the function that says how it comes about."""

    name: str
    function: Callable[..., Rows[Row]]
    settings: tuple[Setting, ...]

    @property
    def summary(self) -> str:
        """What it makes, in one line."""
        return self.doc.split("\n", 1)[0]

    @property
    def doc(self) -> str:
        """What it makes, and what its settings mean."""
        return inspect.getdoc(self.function) or ""

    def parse(self, texts: Sequence[str]) -> dict[str, Any]:
        """Settings out of texts like ``name=value``. Raises BadInput for an unknown name or a value of a wrong type."""
        pairs = [(name.strip(), sign, value) for name, sign, value in (text.partition("=") for text in texts)]
        if wrong := [name for name, sign, _ in pairs if not sign]:
            raise BadInput(f"the setting {wrong[0]!r} has no value; write --set {wrong[0]}=VALUE")
        if twice := [name for name, count in Counter(name for name, _, _ in pairs).items() if count > 1]:
            raise BadInput(f"the setting {twice[0]!r} is given twice; give --set {twice[0]}=VALUE once")
        return self.checked({name: value for name, _, value in pairs})

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values by setting, each of the setting's type."""
        known = {setting.name: setting for setting in self.settings}
        for name in values:
            if name not in known:
                raise BadInput(f"the recipe {self.name!r} has no setting {name!r}; {_instead(name, known)}")
        return {name: _value(self.name, known[name], value) for name, value in values.items()}

    def rows(self, settings: Mapping[str, Any]) -> Rows[Row]:
        """The recipe as a value, with these settings. Nothing runs."""
        return self.function(given(Source), **settings)


def _instead(name: str, known: Mapping[str, Setting]) -> str:
    close = difflib.get_close_matches(name, known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(known) or 'none'}"


def _value(recipe: str, setting: Setting, value: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    if isinstance(value, str) and len(value) > LONGEST:
        why = f"it is longer than {LONGEST:,} characters"
    elif setting.kind is str or value is None:
        return value
    else:
        try:
            found = TypeAdapter(setting.kind).validate_python(value)
        except ValidationError as error:
            why = error.errors()[0]["msg"].lower()
        else:
            if not isinstance(found, int | float) or abs(found) <= MOST:  # which is not so of NaN
                return found
            why = f"it is no number from -{MOST:.0e} to {MOST:.0e}"
    raise BadInput(
        f"the setting {setting.name!r} of {recipe!r} cannot be {shown(value)}: {why}; "
        f"it is of type {setting.type_name}, {setting.default!r} unless set"
    )


def names() -> list[str]:
    """The names of the recipes that come with Rushes, in order."""
    import flows.recipes

    found = (module.name for module in pkgutil.iter_modules(flows.recipes.__path__))
    return sorted(name for name in found if _function(importlib.import_module(f"flows.recipes.{name}"), name))


def recipes() -> list[Recipe]:
    """The recipes that come with Rushes, in order of name."""
    return [recipe(name) for name in names()]


def recipe(name: str) -> Recipe:
    """The recipe of that name, or in the Python file of that path. Raises BadInput when there is none."""
    module = _own(Path(name)) if name.endswith(".py") else _ours(name)
    own_name = Path(name).stem if name.endswith(".py") else name
    function = _function(module, own_name)
    if function is None:
        raise BadInput(f"{name!r} defines no recipe; it needs a function {own_name}(sources, *, ...) that gives Rows")
    hints = get_type_hints(function, include_extras=True)
    arguments = inspect.signature(function).parameters.values()
    keywords = [argument for argument in arguments if argument.kind is argument.KEYWORD_ONLY]
    if missing := [argument.name for argument in keywords if argument.default is argument.empty]:
        raise WiringError(f"the recipe {name!r} gives its setting {missing[0]!r} no default; every setting has one")
    settings = tuple(Setting(one.name, hints.get(one.name, Any), one.default) for one in keywords)
    return Recipe(own_name, function, settings)


def _ours(name: str) -> ModuleType:
    known = names()
    if name not in known:
        close = difflib.get_close_matches(name, known, 1, 0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
        raise BadInput(f"no recipe is called {name!r}; {hint} (`rushes recipes` lists them)")
    return importlib.import_module(f"flows.recipes.{name}")


def _own(path: Path) -> ModuleType:
    """A recipe file of the user's. Its folder goes on the import path, so that workers find its stages, too."""
    if not path.is_file():
        raise BadInput(f"no such recipe file: {str(path)!r}; check the path, or see `rushes recipes`")
    if not path.stem.isidentifier():
        raise BadInput(f"{path.stem!r} is no name for a function; rename the file {str(path)!r}")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.find_spec(path.stem)
    if spec is None or spec.origin is None or Path(spec.origin).resolve() != path.resolve():
        raise BadInput(f"the recipe file {str(path)!r} is named like another module, {path.stem!r}; rename the file")
    try:
        return importlib.import_module(path.stem)
    except SyntaxError as error:
        raise BadInput(f"{error.filename!r} is no Python: {error.msg} in line {error.lineno}; mend it") from None


def _function(module: ModuleType, name: str) -> Callable[..., Rows[Row]] | None:
    function = getattr(module, name, None)
    if not inspect.isfunction(function) or function.__module__ != module.__name__:
        return None
    first = next(iter(inspect.signature(function).parameters), None)
    hints = get_type_hints(function)
    is_recipe = first is not None and hints.get(first) == Rows[Source] and get_origin(hints.get("return")) is Rows
    return function if is_recipe else None
