"""Whether a question needs its scene: a panel answers it without, its options in several orders."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, Protocol

from schemas.chat import Form, Reply, Request
from schemas.items import Answer, Item
from schemas.judged import ControlAnswer, ControlSheet
from schemas.rejects import Reject, reject
from schemas.row import Row
from schemas.units import Count, ItemId
from stages import scene_told as told
from stages.ask import AskPanel
from stages.quoted import AS_DATA

MOST_TOKENS = 256


class Asked(Protocol):
    """A question with options."""

    @property
    def item_id(self) -> ItemId:
        """Whose options they are."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options."""


class LetterChosen(Form):
    """The letter of an option."""

    answer: Literal["A", "B", "C", "D"]


class AnswerBlind(AskPanel[Item, Answer], role="blind", version=1, prompt="scene_answer_blind_1"):
    """Answer each item from its words alone: every member of the panel, with the options in ``repeats`` orders.

    The orders are drawn from ``seed`` and the item. An answer holds the item's own index of the chosen option.
    """

    repeats: Count = 8
    seed: int = 7

    def render(self, row: Item) -> tuple[Request, ...]:
        """The question, once per order of its options."""
        return tuple(_asked(self.prompt, row, order) for order in orders(self.seed, row, self.repeats))

    def parse(self, row: Item, reply: Reply) -> Iterator[Answer | Reject]:
        """The answer, under the member's name and the number of the order."""
        order = orders(self.seed, row, self.repeats)[reply.number]
        choice = _chosen(reply, order)
        if choice is None:
            yield bad_answer(self, row, reply, f"{reply.text[:20]!r} is none of its options")
            return
        yield Answer(**_facts(row, reply), choice=choice)


class AnswerOutOfContext(
    AskPanel[ControlSheet, ControlAnswer], role="blind", version=1, prompt="scene_answer_control_1"
):
    """Answer each item beside facts of another video's scene, which should not help: a control of ``AnswerBlind``.

    A panel that finds more answers so than by chance goes by the wording, or by what all such scenes have in common.
    """

    repeats: Count = 2
    seed: int = 11

    def render(self, row: ControlSheet) -> tuple[Request, ...]:
        """The facts and the question, once per order of its options."""
        drawn = orders(self.seed, row, self.repeats)
        return tuple(_asked(self.prompt, row, order, told.context(row.context)) for order in drawn)

    def parse(self, row: ControlSheet, reply: Reply) -> Iterator[ControlAnswer | Reject]:
        """The answer, under the member's name and the number of the order."""
        order = orders(self.seed, row, self.repeats)[reply.number]
        choice = _chosen(reply, order)
        if choice is None:
            yield bad_answer(self, row, reply, f"{reply.text[:20]!r} is none of its options")
            return
        yield ControlAnswer(**_facts(row, reply, "control"), choice=choice)


def bad_answer(stage: object, row: Row, reply: Reply, why: str) -> Reject:
    """The reject of one answer about a row that others answer, too: it has an id of its own."""
    made = reject(stage, row, "bad_answer", f"{reply.model}: {why}")
    return replace(made, reject_id=f"{made.reject_id}/{reply.model}/{reply.number}/{reply.sample}")


def _asked(prompt: str, row: Item | ControlSheet, order: tuple[int, ...], context: str = "") -> Request:
    question = told.question(row.question, [row.options[place] for place in order])
    parts = (context, question) if context else (question,)
    return Request(f"{prompt}\n{AS_DATA}", parts, LetterChosen, max_tokens=MOST_TOKENS)


def orders(seed: int, row: Asked, repeats: int) -> list[tuple[int, ...]]:
    """For each repeat the option that stands at each place. In each full turn every option stands at every place."""
    places = range(len(row.options))
    drawn = sorted(places, key=lambda place: hashlib.sha256(f"{seed} {row.item_id} {place}".encode()).digest())
    found = []
    for repeat in range(repeats):
        turn = (repeat + repeat // len(places)) % len(places) if places else 0
        turned = [*drawn[turn:], *drawn[:turn]]
        found.append(tuple(reversed(turned)) if repeat // len(places) % 2 else tuple(turned))
    return found


def _chosen(reply: Reply, order: tuple[int, ...]) -> int | None:
    place = told.LETTERS.index(reply.filled(LetterChosen).answer)
    return order[place] if place < len(order) else None


def _facts(row: Item | ControlSheet, reply: Reply, what: str = "blind") -> dict[str, Any]:
    return {
        "answer_id": f"{row.item_id}/{what}/{reply.model}/{reply.number}-{reply.sample}",
        "item_id": row.item_id,
        "video_id": row.video_id,
        "by": reply.model,
        "repeat": reply.number,
    }
