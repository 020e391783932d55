"""What tests of models ask with: a quick temper, one model at one or more servers, one form."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from infra.models.faults import Habits
from infra.models.room import Room
from infra.profile_models import Budget, Cast, ModelPart
from schemas.chat import Answer, Form, NoReply, Reply, Request
from tests.infra.models.server import Server

QUICK = Habits(
    first_wait_s=0.002, longest_wait_s=0.02, patience_s=5, straight=20, down_after_s=0, probe_s=0.05, timeouts=2
)


class Pick(Form):
    """One option and how sure."""

    letter: Literal["A", "B"]
    count: int


GOOD = '{"letter": "A", "count": 3}'


def part(*servers: Server | str, **facts: Any) -> ModelPart:
    """One model at these servers."""
    urls = tuple(server if isinstance(server, str) else server.url for server in servers)
    return replace(
        ModelPart(name="teacher", revision="1", endpoints=urls, in_flight=8, timeout_s=5, usd_per_million_out=1.0),
        **facts,
    )


def room(folder: Path, model: ModelPart, budget: Budget | None = None, habits: Habits = QUICK, **more: Any) -> Room:
    """A worker's models: one, in the role ``writer``."""
    cast = Cast(models={"teacher": model}, roles={"writer": ("teacher",)}, budget=budget or Budget())
    return Room(cast, folder / "replies", folder / "models.jsonl", lambda _: b"\xff\xd8jpeg", habits=habits, **more)


def requests(count: int, form: type[Form] | None = None, **facts: Any) -> list[Request]:
    """Different requests."""
    return [Request("be brief", (f"number {number}",), form, **facts) for number in range(count)]


def ask(folder: Path, model: ModelPart, asked: Sequence[Request], **more: Any) -> list[Answer]:
    """The answers of a new worker."""
    with closing(room(folder, model, **more)) as place:
        return list(place.chat("writer")(asked))


def one(folder: Path, model: ModelPart, request: Request | None = None, **more: Any) -> Answer:
    """The answer to one request."""
    return ask(folder, model, [request or requests(1, Pick)[0]], **more)[0]


def reply(answer: Answer) -> Reply:
    """The answer, which is a good one."""
    assert isinstance(answer, Reply), answer
    return answer


def lost(answer: Answer) -> NoReply:
    """The answer, which is none."""
    assert isinstance(answer, NoReply), answer
    return answer
