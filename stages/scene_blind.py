"""Whether a question needs its scene: a panel answers it without, its options in several orders."""

from collections.abc import Iterator
from typing import Any

from schemas.chat import Reply, Request
from schemas.items import Answer, Item
from schemas.judged import ControlAnswer, ControlSheet
from schemas.units import Count
from stages import scene_told as told
from stages.ask import AskPanel
from stages.choice import option_form, orders, place_chosen
from stages.quoted import AS_DATA

MOST_TOKENS = 256


class AnswerBlind(AskPanel[Item, Answer], role="blind", version=2, prompt="scene_answer_blind_1"):
    """Answer each item from its words alone: every member of the panel, with the options in ``repeats`` orders.

    The orders are drawn from ``seed`` and the item. An answer holds the item's own index of the chosen option.
    """

    repeats: Count = 8
    seed: int = 7

    def render(self, row: Item) -> tuple[Request, ...]:
        """The question, once per order of its options."""
        return tuple(_asked(self.prompt, row, order) for order in orders(self.seed, row, self.repeats))

    def parse(self, row: Item, reply: Reply) -> Iterator[Answer]:
        """The answer, under the member's name and the number of the order."""
        order = orders(self.seed, row, self.repeats)[reply.number]
        yield Answer(**_facts(row, reply), choice=order[place_chosen(reply, len(order))])


class AnswerOutOfContext(
    AskPanel[ControlSheet, ControlAnswer], role="blind", version=2, prompt="scene_answer_control_1"
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

    def parse(self, row: ControlSheet, reply: Reply) -> Iterator[ControlAnswer]:
        """The answer, under the member's name and the number of the order."""
        order = orders(self.seed, row, self.repeats)[reply.number]
        yield ControlAnswer(**_facts(row, reply, "control"), choice=order[place_chosen(reply, len(order))])


def _asked(prompt: str, row: Item | ControlSheet, order: tuple[int, ...], context: str = "") -> Request:
    question = told.question(row.question, [row.options[place] for place in order])
    parts = (context, question) if context else (question,)
    return Request(f"{prompt}\n{AS_DATA}", parts, option_form(len(order)), max_tokens=MOST_TOKENS)


def _facts(row: Item | ControlSheet, reply: Reply, what: str = "blind") -> dict[str, Any]:
    return {
        "answer_id": f"{row.item_id}/{what}/{reply.model}/{reply.number}-{reply.sample}",
        "item_id": row.item_id,
        "video_id": row.video_id,
        "by": reply.model,
        "repeat": reply.number,
    }
