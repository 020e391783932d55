"""The contract of a stage: what it takes and gives, what it needs, and its only door to the outside."""

import dataclasses
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, dataclass_transform, get_args

from typing_extensions import TypeVar

from schemas.errors import WiringError
from schemas.rejects import Reject
from schemas.row import Row
from schemas.units import BlobId

In = TypeVar("In", bound=Row)
Out = TypeVar("Out", bound=Row, covariant=True)
Tool = TypeVar("Tool", default=None)
R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Needs:
    """What one worker of a stage occupies: CPU cores, GPUs, and memory in gigabytes. Never changes the output."""

    cpus: float = 1
    gpus: float = 0
    memory_gb: float = 1


class Chat(Protocol):
    """A model behind a role: takes a request, gives its reply."""

    def __call__(self, request: str) -> str:
        """The reply to one request. Raises ToolDown when the model cannot be reached."""


class Env(Protocol):
    """A stage's only door to the outside."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``: where models should be loaded."""

    def path(self, uri: str) -> Path:
        """A local file with the content behind ``uri``. Raises ToolDown when the place cannot be reached."""

    def put(self, blob: bytes, suffix: str) -> BlobId:
        """Keeps the bytes under the hash of their content, so that putting them again changes nothing."""

    def get(self, blob: BlobId) -> bytes:
        """The bytes that were put under this id. Raises ToolDown when they are not there."""

    def chat(self, role: str) -> Chat:
        """The model that the profile gives this role. Raises BadInput when it gives none."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Stage(ABC, Generic[In, Out, Tool]):
    """A pure map from rows to rows: the same settings, rows and tool give the same output.

    A subclass is a frozen value whose fields are its settings. ``version`` goes up whenever unchanged input may give
    other output. ``needs`` and ``batch_rows`` never change the output. With ``group_by`` all rows that are equal
    there come in one call, in key order; only this, never the batch, may carry meaning.
    """

    takes: ClassVar[type[Row]]
    gives: ClassVar[type[Row]]
    version: ClassVar[int]
    needs: ClassVar[Needs]
    batch_rows: ClassVar[int]
    group_by: ClassVar[str | None]

    def __init_subclass__(
        cls, *, version: int, needs: Needs | None = None, batch_rows: int = 64, group_by: str | None = None
    ) -> None:
        arguments = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        if len(arguments) < 2 or not all(isinstance(kind, type) and issubclass(kind, Row) for kind in arguments[:2]):
            raise WiringError(f"{cls.__name__}: say what it takes and gives, as in Stage[Video, Shot]")
        cls.takes, cls.gives = arguments[:2]
        cls.version, cls.needs, cls.batch_rows, cls.group_by = version, needs or Needs(), batch_rows, group_by
        dataclass(frozen=True, kw_only=True)(cls)
        if group_by and group_by not in {field.name for field in dataclasses.fields(cls.takes)}:  # type: ignore[arg-type]
            raise WiringError(f"{cls.__name__}: group_by={group_by!r} is not a column of {cls.takes.__name__}")

    def open(self, env: Env) -> Tool:
        """Builds what is costly, once per worker: weights, sessions, decoders. Nothing, unless a stage needs it."""
        return None  # type: ignore[return-value]

    @abstractmethod
    def run(self, rows: Sequence[In], tool: Tool) -> Iterator[Out | Reject]:
        """The rows that come of ``rows``, and a reject for each row that cannot be used."""

    def settings(self) -> dict[str, Any]:
        """The settings by name: what, beside the version, decides the output."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def fingerprint(self) -> str:
        """A hash of everything in this stage that may change its output."""
        identity = [type(self).__name__, self.version, self.settings()]
        return digest(json.dumps(identity, sort_keys=True, default=repr))


def digest(text: str) -> str:
    """The first 16 hexadecimal digits of the text's sha256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def groups(rows: Iterable[R], column: str) -> Iterator[list[R]]:
    """The rows, which lie together already, one list per value of ``column``."""
    for _, group in groupby(rows, key=lambda row: getattr(row, column)):
        yield list(group)
