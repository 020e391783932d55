"""All models that one worker can ask, made when they are first asked for."""

import json
import math
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from infra.models.desk import Desk
from infra.models.errands import Errands
from infra.models.faults import Habits
from infra.models.gate import Door, Gate, HereDoor
from infra.models.kept_chat import KeptChat, Tally, Tells
from infra.models.loop import Loop
from infra.models.replies import Replies, folder_of
from infra.models.served_embedder import ServedEmbedder
from infra.models.served_transcriber import ServedTranscriber
from infra.models.teller import Endpoint, Teller
from infra.models.wire import Line
from infra.profile_models import Cast, ModelPart, key_of
from schemas.errors import BadInput
from schemas.units import BlobId
from stages.stage import Detector, Embedder, Transcriber
from storage.files import Landing, make_folder

if TYPE_CHECKING:  # whoever loads no model need not know how
    from infra.models.weights import Weights

T = TypeVar("T")
E = TypeVar("E", bound=Errands)


@dataclass
class Room:
    """The models of one worker. ``replies`` is the folder of call logs, ``log`` the file that findings are told to.

    Without a ``door`` the limits and the budget are those of this worker alone.
    """

    cast: Cast
    replies: Path
    log: Path
    get: Callable[[BlobId], bytes]
    worker: str = "inline"
    door: Door | None = None
    habits: Habits = field(default_factory=Habits)
    stopped: threading.Event = field(default_factory=threading.Event)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._made: dict[tuple[str, str], Any] = {}
        self._loop: Loop | None = None
        self._gpus: list[float] = []
        self._lock = threading.Lock()

    def chat(self, role: str) -> KeptChat:
        """The one model that fills the role. Raises BadInput when none does, or several do."""
        return self._chat(self._only(role))

    def embedder(self, role: str) -> Embedder:
        """The one model that gives vectors for the role. Raises BadInput when none does, or several do."""
        part = self._only(role)
        return self._held_embedder(part) if part.is_here else self._served(part, ServedEmbedder)

    def transcriber(self, role: str) -> Transcriber:
        """The one model that writes down speech for the role. Raises BadInput when none does, or several do."""
        part = self._only(role)
        if part.is_here or part.is_batch:
            how = "in mode 'batch'" if part.is_batch else "of kind 'transformers'"
            raise BadInput(f"{part.identity} is {how}, and the role {role!r} takes a kind 'openai' in mode 'live'")
        return self._served(part, ServedTranscriber)

    def detector(self, role: str) -> Detector:
        """The one model that finds boxes for the role. Raises BadInput when none does, or several do."""
        from infra.models.boxes import HeldDetector

        part = self._only(role)
        if not part.is_here:
            raise BadInput(f"{part.identity} is behind a server, and the role {role!r} takes a kind 'transformers'")
        return self._once("detector", part, lambda: HeldDetector(self._weights(part), self.get))

    def _held_embedder(self, part: ModelPart) -> Embedder:
        from infra.models.vectors import embedder

        return self._once("vectors", part, lambda: embedder(self._weights(part), self.get))

    def _weights(self, part: ModelPart) -> "Weights":
        """What gives vectors or boxes keeps no replies, so which weights it was is kept beside those of others."""
        from infra.models.weights import Weights, check_same

        weights = Weights(part, self.device_of(part))
        note = folder_of(self.replies, part.identity) / "weights"
        check_same(weights, note.read_text("utf-8") if note.is_file() else "")
        if not note.is_file():
            with Landing() as landing:
                landing.path(note).write_text(weights.said, "utf-8")
        return weights

    def _served(self, part: ModelPart, kind: type[E]) -> E:
        """One that is asked over a line for other things than chat."""

        def new() -> E:
            self._loop = self._loop or Loop()
            replies = Replies(self.replies, part.identity)
            made = kind(part, self._loop, replies, self._reached(part, replies), self.tally)
            made.stopped = self.stopped
            return made

        return self._once(kind.__name__, part, new)

    def _once(self, kind: str, part: ModelPart, new: Callable[[], T]) -> T:
        """What was made of this kind for the model before; a new one the first time."""
        with self._lock:
            key = kind, part.identity
            if key not in self._made:
                self._made[key] = new()
            return cast("T", self._made[key])

    def panel(self, role: str) -> tuple[KeptChat, ...]:
        """All models that fill the role. Raises BadInput when none does."""
        return tuple(self._chat(part) for part in self.cast.of(role))

    def _only(self, role: str) -> ModelPart:
        parts = self.cast.of(role)
        if len(parts) > 1:
            names = ", ".join(part.identity for part in parts)
            raise BadInput(f"the role {role!r} is filled by {len(parts)} models ({names}), and is for one")
        return parts[0]

    def device_of(self, part: ModelPart) -> str:
        """Where the weights of one more model go: onto the first GPU of this worker with that much left.

        Where shares do not add up to whole GPUs, onto the one with the most left.
        """
        if not part.gpus:
            return "cpu"
        self._gpus += [0.0] * (math.ceil(sum(self._gpus) + part.gpus - 1e-6) - len(self._gpus))
        fitting = [place for place, used in enumerate(self._gpus) if used + part.gpus <= 1 + 1e-6]
        place = fitting[0] if fitting else self._gpus.index(min(self._gpus))
        self._gpus[place] += part.gpus
        return f"cuda:{place}"

    def close(self) -> None:
        """Closes all connections and files. Nothing may be asked afterwards."""
        for made in self._made.values():
            if isinstance(made, KeptChat | Errands):
                made.close()
        if self._loop:
            self._loop.end()
        self._made, self._loop = {}, None

    def _chat(self, part: ModelPart) -> KeptChat:
        return self._once("chat", part, lambda: self._new_chat(part))

    def _new_chat(self, part: ModelPart) -> KeptChat:
        self._loop = self._loop or Loop()
        replies = Replies(self.replies, part.identity)
        made = self._held(part, replies) if part.is_here else self._asked(part, replies)
        chat = KeptChat(part, self._loop, replies, made, self.tally)
        chat.stopped = self.stopped
        return chat

    def _gate(self, part: ModelPart) -> Gate:
        self.door = self.door or HereDoor(Desk(self.cast.models, self.cast.budget))
        return Gate(self.door, part.identity, self.worker)

    def _held(self, part: ModelPart, replies: Replies) -> Callable[[], Coroutine[Any, Any, Tells]]:
        """How to load a model into this process."""
        from infra.models.here import PLACE, loaded

        device = self.device_of(part)

        async def teller() -> Tells:
            return await loaded(part, device, self._gate(part), self.get, replies.said.get(PLACE, ""))

        return teller

    def _asked(self, part: ModelPart, replies: Replies) -> Callable[[], Coroutine[Any, Any, Tells]]:
        """How to ask a model behind a server: request by request, or in batches."""
        reach = self._reached(part, replies)

        async def teller() -> Tells:
            plain = await reach()
            return await self._batched(plain, replies) if part.is_batch else plain

        return teller

    def _reached(self, part: ModelPart, replies: Replies) -> Callable[[], Coroutine[Any, Any, Teller]]:
        """How to reach a server."""
        key = key_of(part)

        async def teller() -> Teller:
            gate = self._gate(part)
            lines = [Line(url, key, part.in_flight) for url in part.endpoints]
            endpoints = [Endpoint(line, self.habits, lambda what: self._note(part, what)) for line in lines]
            made = Teller(part, endpoints, gate, self.get, replies.said, self.habits)
            try:
                await made.preflight()
            except BaseException:
                await made.close()
                raise
            return made

        return teller

    async def _batched(self, plain: Teller, replies: Replies) -> Tells:
        """The same model, asked in batches."""
        from infra.models.batch_line import BatchLine
        from infra.models.batch_sheets import Sheets
        from infra.models.batch_teller import BatchTeller

        part = plain.model
        line = BatchLine(part.endpoints[0], key_of(part), part.timeout_s)
        return await BatchTeller(plain, line, self._gate(part), Sheets(replies.folder / "batches")).open()

    def _note(self, part: ModelPart, what: str) -> None:
        """One line in the run's log of findings about models."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "model": part.identity, "found": what}
        make_folder(self.log.parent)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
