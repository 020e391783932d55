"""Where a run happens and how much it may use: read from TOML, strictly."""

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from infra.profile_models import Budget, Cast, ModelPart
from schemas.errors import BadInput

PROFILES = Path(__file__).parent / "profiles"
MOST_BYTES = 1_000_000
MOST = 10**15
LONGEST = 80
LONGEST_TEXT = 2_000
LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, kw_only=True)
class Workers:
    """How much of the machine workers may occupy together; 0 means all there is. ``idle_s``: when an idle one goes.

    ``hang_s``: a worker on Ray that gets no row done for so long ends, as if it had crashed; 0 lets it hang. Stages
    that ask models have deadlines of their own instead.
    """

    cpus: float = 0
    memory_gb: float = 0
    idle_s: float = 30
    hang_s: float = 3600


@dataclass(frozen=True, kw_only=True)
class RayPart:
    """Where Ray runs: ``address`` empty starts one here. ``object_store_mb`` is small, because no rows pass through."""

    address: str = ""
    object_store_mb: int = 100


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How long to wait before each further try of a cell whose tool was down, in seconds."""

    wait_s: tuple[float, ...] = (1.0, 5.0, 25.0)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What TOML says: where and how much. Nothing here changes what is made.

    ``batch_rows`` overrides how many rows a stage, named by its class, gets at a time. Of ``models`` and ``roles`` only
    the identities (name and revision) are part of what is made. ``max_reject_ratio`` stops the run when a stage, named
    by its class, turns away a larger share of its rows, or of its groups, than this.
    """

    workers: Workers = field(default_factory=Workers)
    ray: RayPart = field(default_factory=RayPart)
    retries: Retries = field(default_factory=Retries)
    batch_rows: Mapping[str, int] = field(default_factory=dict)
    max_reject_ratio: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, ModelPart] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    @property
    def cast(self) -> Cast:
        """The models, the roles and the budget, as workers get them."""
        return Cast(models=self.models, roles=self.roles, budget=self.budget)


def load(name: str) -> Profile:
    """The profile of that name among ``infra/profiles``, or in the TOML file of that path.

    Raises BadInput for a file that is not there or no TOML, an unknown key, or a value of the wrong type.
    """
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    try:
        text = _text(path)
    except FileNotFoundError:
        known = ", ".join(sorted(found.stem for found in PROFILES.glob("*.toml")))
        raise BadInput(f"no profile {name!r}: give one of {known}, or the path of a .toml file") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"profile {path} cannot be read: {error}") from None
    profile: Profile = _filled(Profile, _parsed(text, path), str(path))
    profile.cast.checked(str(path))
    return profile


def _text(path: Path) -> str:
    with path.open("rb") as file:
        stored = file.read(MOST_BYTES + 1)
    if len(stored) > MOST_BYTES:
        raise BadInput(f"profile {path} cannot be read: it is larger than {MOST_BYTES:,} bytes, as no profile is")
    return stored.decode("utf-8")


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadInput(f"profile {path} cannot be read: it is nested too deep for any profile") from None
    except ValueError as error:  # TOML's own, or a number with more digits than Python reads
        raise BadInput(f"profile {path} cannot be read: {str(error)[:200]}{_place(text, str(error))}") from None


def _place(text: str, error: str) -> str:
    """The key of the line that an error speaks of; not its value, which may be a secret."""
    found, lines = LINE.search(error), text.split("\n")
    key, sign, _ = lines[int(found.group(1)) - 1 if found else -1].partition("=")
    return f", after {shown(key.strip())}" if sign else ""


def shown(value: Any) -> str:
    """A value as a message shows it: on one line, and the beginning where it is long."""
    try:
        text = repr(value)
    except ValueError:  # a number with more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _filled(kind: type[Any], stored: Mapping[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    values = {}
    for key, value in stored.items():
        if key not in hints:
            raise BadInput(f"{where}: unknown key {shown(key)}{_meant(key, hints)}")
        values[key] = _value(hints[key], value, f"{where}: {key}")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _filled(hint, _typed(dict, value, where), where)  # type: ignore[arg-type]
    if hint == tuple[float, ...]:
        return tuple(_number(element, where) for element in _typed(list, value, where))
    if hint == Mapping[str, int]:
        rows = _typed(dict, value, where)
        return MappingProxyType({key: _positive(count, f"{where}.{key}") for key, count in rows.items()})
    if hint == Mapping[str, float]:
        ratios = _typed(dict, value, where)
        return MappingProxyType({key: _ratio(ratio, f"{where}.{key}") for key, ratio in ratios.items()})
    if hint == Mapping[str, ModelPart]:
        parts = _typed(dict, value, where)
        return {name: _filled(ModelPart, _typed(dict, part, where), f"{where}.{name}") for name, part in parts.items()}
    if hint == Mapping[str, tuple[str, ...]]:
        return {role: _words(names, f"{where}.{role}") for role, names in _typed(dict, value, where).items()}
    return _plain(hint, value, where)


def _plain(hint: Any, value: Any, where: str) -> Any:
    if hint == tuple[str, ...]:
        return _words(value, where)
    if hint is int:
        return _positive(value, where)
    return _number(value, where) if hint is float else _typed(hint, value, where)


def _typed(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise BadInput(f"{where} is {shown(value)}; it must be a {kind.__name__}")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise BadInput(f"{where} is {shown(value)}; it must have at most {LONGEST_TEXT:,} characters")
    return value


def _words(value: Any, where: str) -> tuple[str, ...]:
    """One word or a list of words, none of them empty."""
    words = tuple(value) if isinstance(value, list) else (value,)
    if not words or not all(isinstance(word, str) and word for word in words):
        raise BadInput(f"{where} is {shown(value)}; it must be a word or a list of words")
    return words


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise BadInput(f"{where} is {shown(value)}; it must be a number from 0 up, and at most {MOST:.0e}")
    return float(value)


def _ratio(value: Any, where: str) -> float:
    if _number(value, where) > 1:
        raise BadInput(f"{where} is {value!r}; it must be a number from 0 to 1")
    return float(value)


def _positive(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise BadInput(f"{where} is {shown(value)}; it must be a whole number from 1 up, and at most {MOST:.0e}")
    return value


def _meant(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(get_args(known) or known))}"
