"""All models that one worker can ask, made when they are first asked for."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from infra.models.desk import Desk
from infra.models.faults import Habits
from infra.models.gate import Door, Gate, HereDoor
from infra.models.kept_chat import KeptChat, Loop, Tally
from infra.models.replies import Replies
from infra.models.teller import Endpoint, Teller
from infra.models.wire import Line
from infra.profile_models import Cast, ModelPart, key_of
from schemas.errors import BadInput
from schemas.units import BlobId
from storage.files import make_folder


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
        self._chats: dict[str, KeptChat] = {}
        self._loop: Loop | None = None
        self._lock = threading.Lock()

    def chat(self, role: str) -> KeptChat:
        """The one model that fills the role. Raises BadInput when none does, or several do."""
        parts = self.cast.of(role)
        if len(parts) > 1:
            names = ", ".join(part.identity for part in parts)
            raise BadInput(f"the role {role!r} is filled by {len(parts)} models ({names}), and is for one")
        return self._made(parts[0])

    def panel(self, role: str) -> tuple[KeptChat, ...]:
        """All models that fill the role. Raises BadInput when none does."""
        return tuple(self._made(part) for part in self.cast.of(role))

    def close(self) -> None:
        """Closes all connections and files. Nothing may be asked afterwards."""
        for chat in self._chats.values():
            chat.close()
        if self._loop:
            self._loop.end()
        self._chats, self._loop = {}, None

    def _made(self, part: ModelPart) -> KeptChat:
        with self._lock:
            if part.identity not in self._chats:
                self._chats[part.identity] = self._new(part)
            return self._chats[part.identity]

    def _new(self, part: ModelPart) -> KeptChat:
        key = key_of(part)
        self._loop = self._loop or Loop()
        self.door = self.door or HereDoor(Desk(self.cast.models, self.cast.budget))
        door, replies = self.door, Replies(self.replies, part.identity)

        async def teller() -> Teller:
            gate = Gate(door, part.identity, self.worker)
            lines = [Line(url, key, part.in_flight) for url in part.endpoints]
            endpoints = [Endpoint(line, self.habits, lambda what: self._note(part, what)) for line in lines]
            made = Teller(part, endpoints, gate, self.get, replies.said, self.habits)
            try:
                await made.preflight()
            except BaseException:
                await made.close()
                raise
            return made

        chat = KeptChat(part, self._loop, replies, teller, self.tally)
        chat.stopped = self.stopped
        return chat

    def _note(self, part: ModelPart, what: str) -> None:
        """One line in the run's log of findings about models."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "model": part.identity, "found": what}
        make_folder(self.log.parent)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
