"""What it takes to answer a question: panels answer it blind, from one frame, from shuffled frames, and in order."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from schemas.audits import BlindAnswer, SeenAnswer, Sheet
from schemas.chat import Picture, Reply, Request
from schemas.items import Answer, Condition
from schemas.units import BlobId, Count
from stages import scene_told as told
from stages.ask import AskPanel
from stages.choice import option_form, orders, place_chosen
from stages.quoted import AS_DATA, quote
from stages.span_told import span

MOST_OPTIONS = len(told.LETTERS)
MOST_TOKENS = 256

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Asking:
    """One request about a sheet: under which condition, with which look, in which order of the options."""

    condition: Condition
    look: int | None
    repeat: int
    order: tuple[int, ...]


class AnswerUnseen(AskPanel[Sheet, BlindAnswer], role="blind", version=1, prompt="audit_blind_1"):
    """Answer each question from its words alone: every member of the panel, with the options in ``repeats`` orders.

    The orders are drawn from ``seed`` and the question; the right option stands at every place equally often, as far as
    ``repeats`` is a multiple of the options. An answer holds the question's own index of the chosen option.
    """

    repeats: Count = 8
    seed: int = 7

    def render(self, row: Sheet) -> tuple[Request, ...]:
        """The question, once per order of its options."""
        system = f"{self.prompt}\n{AS_DATA}"
        return tuple(_request(system, row, asking) for asking in self._askings_of(row))

    def parse(self, row: Sheet, reply: Reply) -> Iterator[BlindAnswer]:
        """The answer, under the member's name."""
        yield _answered(BlindAnswer, row, reply, self._askings_of(row))

    def _askings_of(self, row: Sheet) -> list[Asking]:
        drawn = orders(self.seed, row, self.repeats)
        return [Asking("blind", None, repeat, order) for repeat, order in enumerate(drawn)]


class AnswerSeen(AskPanel[Sheet, SeenAnswer], role="viewer", version=1, prompt="audit_seen_1"):
    """Answer each question from its frames: from one, from all in an order that is drawn, and from all in order.

    Each with the options in ``repeats`` orders, those of ``AnswerUnseen``. One frame is the middle one, or, with more
    ``looks``, each of so many spread evenly. Shuffled frames stand in another order each time, never in the right one,
    without their labels, and the panel is told that their order means nothing.
    """

    repeats: Count = 8
    looks: Count = 3
    seed: int = 7

    def render(self, row: Sheet) -> tuple[Request, ...]:
        """The frames and the question, once per condition, look and order."""
        system = f"{self.prompt}\n{AS_DATA}"
        return tuple(_request(system, row, one, self._frames(row, one)) for one in self._askings_of(row))

    def parse(self, row: Sheet, reply: Reply) -> Iterator[SeenAnswer]:
        """The answer, under the member's name, its condition and the look."""
        yield _answered(SeenAnswer, row, reply, self._askings_of(row))

    def _askings_of(self, row: Sheet) -> list[Asking]:
        drawn = list(enumerate(orders(self.seed, row, self.repeats)))
        looks = dict.fromkeys(_middles(len(row.pictures), self.looks))
        single = [Asking("single", look, repeat, order) for look in looks for repeat, order in drawn]
        several: tuple[Condition, ...] = ("shuffled", "ordered")
        return single + [Asking(name, None, repeat, order) for name in several for repeat, order in drawn]

    def _frames(self, row: Sheet, asking: Asking) -> tuple[str | Picture, ...]:
        if asking.condition == "single":
            return (span(row), json.dumps({"frames": 1}), Picture(row.pictures[asking.look or 0]))
        is_ordered = asking.condition == "ordered"
        places = range(len(row.pictures)) if is_ordered else shuffled(self.seed, row, asking.repeat)
        stated = json.dumps({"frames": len(row.pictures), "in_order": is_ordered})
        labels = row.labels if is_ordered else ()
        return (span(row), stated, *_shown([row.pictures[place] for place in places], labels))


def shuffled(seed: int, row: Sheet, repeat: int) -> list[int]:
    """The places of the frames in an order drawn from seed, question and repeat: never the right one of several."""
    places = list(range(len(row.pictures)))
    drawn = sorted(places, key=lambda place: hashlib.sha256(f"{seed} {row.item_id} {repeat} {place}".encode()).digest())
    return drawn if drawn != places else drawn[::-1]


def _middles(n_frames: int, looks: int) -> Iterator[int]:
    """The places of so many frames, spread evenly: of one the middle."""
    return (n_frames * (2 * look + 1) // (2 * looks) for look in range(looks)) if n_frames else iter(())


def _shown(pictures: Sequence[BlobId], labels: Sequence[str]) -> Iterator[str | Picture]:
    for nth, picture in enumerate(pictures):
        if labels:
            yield quote("label", labels[nth])
        yield Picture(picture)


def _request(system: str, row: Sheet, asking: Asking, shown: tuple[str | Picture, ...] = ()) -> Request:
    question = told.question(row.question, [row.options[place] for place in asking.order])
    return Request(system, (*shown, question), option_form(len(row.options)), max_tokens=MOST_TOKENS)


def _answered(kind: type[A], row: Sheet, reply: Reply, askings: Sequence[Asking]) -> A:
    asking = askings[reply.number]
    place = place_chosen(reply, len(asking.order))
    return kind(
        answer_id=f"{row.item_id}/{asking.condition}/{reply.model}/{reply.number}-{reply.sample}",
        item_id=row.item_id,
        video_id=row.video_id,
        by=reply.model,
        repeat=asking.repeat,
        choice=asking.order[place],
        condition=asking.condition,
        look=asking.look,
        place=place,
    )
