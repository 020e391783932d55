"""Stages that ask a model: two pure functions, ``render`` and ``parse``, around one effect."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from schemas.chat import NoReply, Reply, Request
from schemas.errors import WiringError
from schemas.rejects import Reject, reject
from stages.quoted import QUOTING
from stages.stage import Chat, Env, In, Out, Stage, digest

PROMPTS = Path(__file__).parent / "prompts"
ROWS_IN_FLIGHT = 4096


class Asking(Stage[In, Out, tuple[Chat, ...]], version=0):
    """What ``Ask`` and ``AskPanel`` share: how rows become requests, and answers become rows."""

    prompt: ClassVar[str] = ""

    def __init_subclass__(cls, *, role: str = "", prompt: str = "", **facts: Any) -> None:
        facts.setdefault("batch_rows", ROWS_IN_FLIGHT)
        super().__init_subclass__(**facts)
        if facts["version"] and not role:
            raise WiringError(f"{cls.__name__}: say whom it asks, as in role='writer'")
        cls.roles = (role,) if role else ()
        cls.prompt = _prompt(cls.__name__, prompt) if prompt else cls.prompt

    @abstractmethod
    def render(self, row: In) -> Request | tuple[Request, ...]:
        """What to ask about one row: one request or several. Nothing but the row and the settings may decide it."""

    @abstractmethod
    def parse(self, row: In, reply: Reply) -> Iterator[Out | Reject]:
        """The rows that come of one reply; of several to a row, ``reply.number`` says which request it answers.

        What fits the form but means nothing here is a reject: ``reject(self, row, "bad_answer", ...)``.
        """

    def missed(self, row: In, answer: NoReply) -> Iterator[Out | Reject]:
        """What stands for an answer that cannot be used: a reject with its reason and the beginning of the raw reply.

        A row is turned away once, by its first bad answer.
        """
        yield reject(self, row, answer.reason, f"{answer.model}: {answer.detail}: {answer.raw[:2048]}")

    def fingerprint(self) -> str:
        """A hash of everything in this stage that may change its output: also the prompt and how texts are quoted."""
        own = super().fingerprint()
        return digest(f"{own} {QUOTING} {self.prompt}")

    def run(self, rows: Sequence[In], tool: tuple[Chat, ...]) -> Iterator[Out | Reject]:
        """The rows that come of the answers, row by row, member by member; all requests are in flight at once."""
        asked = [self.askings(row) for row in rows]
        flat = [request for requests in asked for _, request in requests]
        answers = [chat(flat) for chat in tool]
        for row, requests in zip(rows, asked, strict=True):
            for each in answers:
                for number, request in requests:
                    yield from self._made_of(row, replace(next(each), number=number, sample=request.sample))

    def askings(self, row: In) -> list[tuple[int, Request]]:
        """The requests that one row makes, each with its number: what every model that is asked gets."""
        asked = self.render(row)
        return list(enumerate(asked if isinstance(asked, tuple) else (asked,)))

    def _made_of(self, row: In, answer: Reply | NoReply) -> Iterator[Out | Reject]:
        return self.missed(row, answer) if isinstance(answer, NoReply) else self.parse(row, answer)


class Ask(Asking[In, Out], version=0):
    """A stage that asks one model: ``class WriteQuestions(Ask[Scene, Draft], role="writer", version=1)``.

    ``prompt="write_1"`` reads ``stages/prompts/write_1.md`` into ``self.prompt``, and its text into the fingerprint.
    """

    def open(self, env: Env) -> tuple[Chat, ...]:
        """The model that fills the role."""
        return (env.chat(self.roles[0]),)


class AskPanel(Asking[In, Out], version=0):
    """A stage that asks every member of a panel the same, ``samples`` times each.

    ``reply.model``, ``reply.sample`` and ``reply.number`` say whose answer it is, which one, and to which request.
    """

    samples: int = 1

    def open(self, env: Env) -> tuple[Chat, ...]:
        """All models that fill the role."""
        return env.panel(self.roles[0])

    def missed(self, row: In, answer: NoReply) -> Iterator[Out | Reject]:
        """A reject of its own for each member, sample and request that got no usable answer."""
        whose = f"{answer.model}/{answer.number}/{answer.sample}"
        for made in super().missed(row, answer):
            yield replace(made, reject_id=f"{made.reject_id}/{whose}") if isinstance(made, Reject) else made

    def askings(self, row: In) -> list[tuple[int, Request]]:
        """The requests that one row makes, ``samples`` times each, with their numbers."""
        asked = super().askings(row)
        return [
            (number, replace(request, sample=sample)) for sample in range(self.samples) for number, request in asked
        ]


def _prompt(stage: str, name: str) -> str:
    try:
        return (PROMPTS / f"{name}.md").read_text("utf-8")
    except FileNotFoundError:
        raise WiringError(f"{stage}: no prompt {name!r}; put its text into stages/prompts/{name}.md") from None
