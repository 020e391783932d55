"""The contract of a stage: what it takes and gives, what it needs, and its only door to the outside."""

import dataclasses
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, dataclass_transform, get_args

import numpy as np
import numpy.typing as npt
from typing_extensions import TypeVar

from schemas.errors import WiringError
from schemas.rejects import Reject
from schemas.row import Row
from schemas.units import BlobId

if TYPE_CHECKING:  # pydantic, which requests are made with, takes a while to import
    from schemas.chat import NoReply, Reply, Request

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
    """A model behind a role. ``model`` is its identity, ``name@revision``."""

    @property
    def model(self) -> str:
        """The identity, ``name@revision``: what fingerprints and the keys of replies are made of."""

    def __call__(self, requests: "Sequence[Request]") -> "Iterator[Reply | NoReply]":
        """An answer to each request, in the order of the requests; all are asked at once, from the call on.

        Raises ToolDown when the model cannot be reached, BudgetSpent, ModelDrift, and BadInput for a wrong key or a
        model that the server does not have.
        """


class Embedder(Protocol):
    """A model that gives vectors. ``model`` is its identity, ``name@revision``."""

    @property
    def model(self) -> str:
        """The identity, ``name@revision``."""

    def texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """A row of length 1 per text: (n, d)."""

    def pictures(self, blobs: Sequence[BlobId]) -> npt.NDArray[np.float32]:
        """A row of length 1 per JPEG, in the space of the texts: (n, d). Raises Unsupported where it sees none."""


@dataclass(frozen=True)
class Box:
    """Where a detector sees what it was asked for: corners in shares of the picture's sides, from the top left."""

    x_from: float
    y_from: float
    x_to: float
    y_to: float
    score: float


class Detector(Protocol):
    """A model that finds named things in pictures. ``model`` is its identity, ``name@revision``."""

    @property
    def model(self) -> str:
        """The identity, ``name@revision``."""

    def __call__(self, pictures: Sequence[tuple[BlobId, str]]) -> Iterator[Sequence[Box]]:
        """For each JPEG and name, in order, the boxes around what is called so, best first; none where none is seen.

        Raises ToolDown when the model cannot be reached.
        """


@dataclass(frozen=True)
class Sound:
    """A stretch of sound: 16-bit samples of one channel, little-endian, ``rate`` a second.

    ``name`` is what a server is told that the file is called; it does not change what is heard.
    """

    name: str
    samples: bytes
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / 2 / self.rate


@dataclass(frozen=True)
class Utterance:
    """Words that a model recognised, and from when to when, counted from the start of the sound."""

    start_us: int
    end_us: int
    text: str
    language: str | None = None


class Transcriber(Protocol):
    """A model that writes down what is said. ``model`` is its identity, ``name@revision``."""

    @property
    def model(self) -> str:
        """The identity, ``name@revision``."""

    def __call__(self, sounds: Sequence[Sound]) -> "Iterator[Sequence[Utterance] | NoReply]":
        """For each sound, in order, what is said in it, in order of time; none where nobody speaks.

        Raises ToolDown when the model cannot be reached, BudgetSpent, ModelDrift, and BadInput for a wrong key or a
        model that the server does not have.
        """


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
        """The one model that the profile gives this role. Raises BadInput when it gives none or several."""

    def panel(self, role: str) -> tuple[Chat, ...]:
        """All models that the profile gives this role, at least one. Raises BadInput when it gives none."""

    def embedder(self, role: str = "embedder") -> Embedder:
        """The model for vectors that the profile gives this role. Raises BadInput when it gives none."""

    def detector(self, role: str = "detector") -> Detector:
        """The model for boxes that the profile gives this role. Raises BadInput when it gives none."""

    def transcriber(self, role: str = "transcriber") -> Transcriber:
        """The model for speech that the profile gives this role. Raises BadInput when it gives none."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Stage(ABC, Generic[In, Out, Tool]):
    """A pure map from rows to rows: the same settings, rows and tool give the same output.

    A subclass is a frozen value whose fields are its settings. ``version`` goes up whenever unchanged input may give
    other output. ``needs`` and ``batch_rows`` never change the output. With ``group_by`` all rows that are equal
    there come in one call, in key order; only this, never the batch, may carry meaning. ``roles`` names the models
    that it asks for; who fills them is in the fingerprint of what it makes.

    A subclass whose rows are still type variables is a kind of stage, like ``Ask``: it may have fields, and no version.
    """

    takes: ClassVar[type[Row]]
    gives: ClassVar[type[Row]]
    version: ClassVar[int]
    needs: ClassVar[Needs]
    batch_rows: ClassVar[int]
    group_by: ClassVar[str | None]
    roles: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls,
        *,
        version: int,
        needs: Needs | None = None,
        batch_rows: int = 64,
        group_by: str | None = None,
    ) -> None:
        arguments = get_args(cls.__orig_bases__[0])  # type: ignore[attr-defined]
        if len(arguments) >= 2 and all(isinstance(kind, TypeVar) for kind in arguments[:2]):
            dataclass(frozen=True, kw_only=True)(cls)
            return
        if len(arguments) < 2 or not all(isinstance(kind, type) and issubclass(kind, Row) for kind in arguments[:2]):
            raise WiringError(f"{cls.__name__}: say what it takes and gives, as in Stage[Video, Shot]")
        if version < 1:
            raise WiringError(f"{cls.__name__}: version={version}; give it one, from 1 up")
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
