"""A question's options in several orders, each with a letter, and the option behind the letter that comes back."""

import hashlib
from functools import cache
from typing import Any, Literal, Protocol

from pydantic import create_model

from schemas.chat import Form, Reply
from schemas.units import ItemId
from stages.scene_told import LETTERS


class Asked(Protocol):
    """A question with options."""

    @property
    def item_id(self) -> ItemId:
        """Whose options they are."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options."""


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


@cache
def option_form(n_options: int) -> type[Form]:
    """The form of an answer to a question with so many options: the letter of one of them, and of nothing else."""
    letters: Any = Literal[tuple(LETTERS[:n_options])]
    return create_model("OptionChosen", __base__=Form, __doc__="The letter of an option.", answer=(letters, ...))


def place_chosen(reply: Reply, n_options: int) -> int:
    """The place of the option whose letter the reply gives."""
    return LETTERS.index(str(getattr(reply.filled(option_form(n_options)), "answer")))  # noqa: B009  a made-up form's
