"""The profile's part about models: who they are, who fills which role, and what a run may spend."""

import difflib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from schemas.errors import BadInput
from stages.hashed_embedding import MODEL as HASHED

KINDS, MODES, DTYPES = ("openai", "transformers"), ("live", "batch"), ("auto", "float32", "bfloat16", "float16")
# Keys that mean something for one kind alone.
OWN = {
    "openai": (
        "endpoints",
        "key_env",
        "in_flight",
        "requests_per_minute",
        "tokens_per_minute",
        "usd_per_minute",
        "timeout_s",
        "hedge_after_s",
        "mode",
    ),
    "transformers": ("folder", "gpus", "memory_gb", "dtype", "batch"),
}
MOST_IN_A_BATCH = 50_000
TRANSCRIBER = "transcriber"
BY_MINUTE = "usd_per_minute, the price of a minute of sound"
BY_TOKENS = "usd_per_million_in and usd_per_million_out, or limit tokens instead (--budget-tokens)"
REMEDY = "docs/models.md shows how"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


@dataclass(frozen=True, kw_only=True)
class ModelPart:
    """One model: its identity, where it is, how fast it may be asked, and what it costs. 0 is no limit, or no price.

    ``key_env`` names the environment variable that holds the key; the key itself is never part of a profile.
    One of kind ``transformers`` is loaded by each worker that asks it, and occupies ``gpus`` and ``memory_gb`` there.
    """

    kind: str = "openai"
    name: str = ""
    revision: str = ""
    endpoints: tuple[str, ...] = ()
    key_env: str = ""
    in_flight: int = 16
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    usd_per_million_in: float = 0
    usd_per_million_out: float = 0
    usd_per_minute: float = 0
    timeout_s: float = 120
    hedge_after_s: float = 0
    picture_tokens: int = 1500
    mode: str = "live"
    folder: str = ""
    gpus: float = 0
    memory_gb: float = 4
    dtype: str = "auto"
    batch: int = 8

    @property
    def identity(self) -> str:
        """What fingerprints and keys of replies hold of it: ``name@revision``."""
        return f"{self.name}@{self.revision}"

    @property
    def is_here(self) -> bool:
        """Whether it runs in the worker that asks it, and not behind an address."""
        return self.kind == "transformers"

    @property
    def is_batch(self) -> bool:
        """Whether it is asked in batches, which no limit of requests or tokens per minute concerns."""
        return self.mode == "batch"

    @property
    def seats(self) -> int:
        """How many requests may be in flight over all workers. Each worker that holds a model has it to itself."""
        return sys.maxsize if self.is_here or self.is_batch else self.in_flight

    @property
    def at_once(self) -> int:
        """How many requests one worker has begun: besides those in flight some wait for the disk, or for their turn."""
        if self.is_batch:
            return MOST_IN_A_BATCH
        return 4 * self.batch if self.is_here else self.in_flight + max(8, self.in_flight // 4)

    @property
    def has_price(self) -> bool:
        """Whether a reply's cost can be told."""
        return self.usd_per_million_in > 0 or self.usd_per_million_out > 0

    def is_priced(self, role: str) -> bool:
        """Whether it can be told what this role costs: sound goes by the minute, all else by tokens."""
        return self.usd_per_minute > 0 if role == TRANSCRIBER else self.has_price

    def cost(self, tokens_in: float, tokens_out: float, seconds: float = 0) -> float:
        """What so many tokens, and seconds of sound, cost, in US dollars."""
        tokens = tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out
        return tokens / 1e6 + seconds * self.usd_per_minute / 60


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one run may spend on models, beyond what it finds in the replies that are kept. 0 is no limit."""

    usd: float = 0
    tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who fills which role, and for how much: all that a worker needs to know of models, and no key."""

    models: Mapping[str, ModelPart] = field(default_factory=dict)
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    def identities(self) -> dict[str, tuple[str, ...]]:
        """The identities of the models by role: what ``cast_models`` takes. An embedder there always is."""
        return {"embedder": (HASHED,)} | {
            role: tuple(self.models[name].identity for name in names) for role, names in self.roles.items()
        }

    def of(self, role: str) -> tuple[ModelPart, ...]:
        """The models of a role. Raises BadInput when nobody fills it."""
        if not self.roles.get(role):
            raise BadInput(f"no model for role {role!r}: name one under [roles] of the profile; {REMEDY}")
        return tuple(self.models[name] for name in self.roles[role])

    def checked(self, where: str = "the profile") -> "Cast":
        """This cast, once nothing in it contradicts itself. Raises BadInput."""
        for name, model in self.models.items():
            _check_model(model, f"{where}: models.{name}")
        seen: dict[str, str] = {}
        for name, model in self.models.items():
            if seen.setdefault(model.identity, name) != name:
                raise BadInput(f"{where}: models {seen[model.identity]} and {name} are both {model.identity}")
        for role, names in self.roles.items():
            _check_role(role, names, self.models, where)
        return self

    def check_prices(self, roles: Iterable[str]) -> None:
        """Raises BadInput where a budget in US dollars is set and a model in one of these roles has no price."""
        for role in roles:
            for name in self.roles.get(role, ()):
                self._check_price(name, role)

    def held(self, roles: Iterable[str]) -> tuple[ModelPart, ...]:
        """The models that a worker loads which asks for these roles, each once."""
        names = dict.fromkeys(name for role in roles for name in self.roles.get(role, ()))
        return tuple(self.models[name] for name in names if self.models[name].is_here)

    def check_keys(self, roles: Iterable[str]) -> None:
        """Raises BadInput when the key of a model that fills one of these roles is not in the environment."""
        for name in dict.fromkeys(name for role in roles for name in self.roles.get(role, ())):
            if not self.models[name].is_here:
                key_of(self.models[name])

    def _check_price(self, name: str, role: str) -> None:
        if self.budget.usd and not self.models[name].is_priced(role):
            raise BadInput(
                f"a budget of {self.budget.usd:g} US dollars is set, and models.{name} has no price: give it "
                + (BY_MINUTE if role == TRANSCRIBER else BY_TOKENS)
            )


def key_of(model: ModelPart) -> str:
    """The key, out of the environment. Raises BadInput that names the variable and the endpoint, never the key."""
    if not model.key_env:
        return "none"
    found = os.environ.get(model.key_env, "")
    if found and found.isascii() and found.isprintable() and found == found.strip() and " " not in found:
        return found
    trouble = "is not set" if not found else "holds a space, a line break or a letter that no key has"
    place = model.endpoints[0]
    raise BadInput(f"the environment variable {model.key_env} {trouble}; {model.name} at {place} needs its key there")


def _check_model(model: ModelPart, where: str) -> None:
    if model.kind not in KINDS:
        raise BadInput(f"{where}: kind is {model.kind!r}; known are {', '.join(KINDS)}")
    for key in ("name", "revision") if model.is_here else ("name", "revision", "endpoints"):
        if not getattr(model, key):
            raise BadInput(f"{where}: {key} is missing; {REMEDY}")
    _check_keys_fit(model, where)
    if model.is_here:
        _check_held(model, where)
    else:
        _check_served(model, where)


def _check_served(model: ModelPart, where: str) -> None:
    if model.mode not in MODES:
        raise BadInput(f"{where}: mode is {model.mode!r}; known are {', '.join(MODES)}")
    if model.key_env and not VARIABLE.fullmatch(model.key_env):  # perhaps the key itself, so it is not shown
        raise BadInput(f"{where}: key_env is not the name of an environment variable; never write a key into a profile")
    for endpoint in model.endpoints:
        _check_endpoint(endpoint, where)
    if model.is_batch and len(model.endpoints) > 1:
        raise BadInput(f"{where}: mode is 'batch', and a batch lies at one place; give one endpoint")
    if not 0 < model.timeout_s < 86_400:
        raise BadInput(f"{where}: timeout_s is {model.timeout_s:g}; it must lie between 0 and a day")
    if model.hedge_after_s and (model.is_batch or not 0 < model.hedge_after_s < model.timeout_s):
        raise BadInput(
            f"{where}: hedge_after_s is {model.hedge_after_s:g}; it must lie between 0, which is off, and timeout_s, "
            "and means nothing in mode 'batch'"
        )


def _check_keys_fit(model: ModelPart, where: str) -> None:
    """Raises BadInput for a key that says nothing about a model of this kind."""
    usual = {one.name: one.default for one in fields(ModelPart)}
    for kind, keys in OWN.items():
        for key in keys if kind != model.kind else ():
            if getattr(model, key) != usual[key]:
                raise BadInput(f"{where}: {key} is for kind {kind!r}, and this is {model.kind!r}; {REMEDY}")


def _check_held(model: ModelPart, where: str) -> None:
    if not HUB_NAME.fullmatch(model.name):
        raise BadInput(
            f"{where}: name {model.name!r} is no name as hubs have them (owner/name); "
            "where the weights lie in a folder of yours, its path goes into the key folder"
        )
    if model.dtype not in DTYPES:
        raise BadInput(f"{where}: dtype is {model.dtype!r}; known are {', '.join(DTYPES)}")
    if model.gpus > 1:
        raise BadInput(
            f"{where}: gpus is {model.gpus:g}; one worker holds a model on one GPU or a share of it. "
            "Put a larger one behind a server, as kind 'openai'"
        )


def _check_endpoint(endpoint: str, where: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
        raise BadInput(f"{where}: endpoint {shown!r} is no plain http(s) address; keys go by key_env")


def _check_role(role: str, names: tuple[str, ...], models: Mapping[str, ModelPart], where: str) -> None:
    if len(set(names)) != len(names):
        raise BadInput(f"{where}: roles.{role} names a model twice")
    for name in names:
        if name not in models:
            close = difflib.get_close_matches(name, models, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(models)) or 'none'}"
            raise BadInput(f"{where}: roles.{role} is {name!r}, and [models] has none of that name; {hint}")
