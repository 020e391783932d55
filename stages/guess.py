"""What can be guessed of an item without any picture: a text-only classifier, trained on the items of other videos."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.items import Guess, Item
from schemas.units import Count
from stages.stage import Needs, Stage

WIDTH = 2**18
"""Hashed features: enough that the words of ten tasks hardly collide."""


class GuessBlind(Stage[Item, Guess], version=1, needs=Needs(cpus=1, memory_gb=3), batch_rows=10_000_000):
    """Guess each item's answer from its words alone, several times over. To be run over all parts at once.

    The classifier scores every option by its words, by how it stands to the other options, by its place, and by the
    words of the question; the best one is the guess. It never learns from items of the video it guesses about: videos
    are dealt into ``folds`` by a hash, anew for each of the ``repeats``. ``most`` caps the items it learns from.
    With fewer than ``least`` items of other videos to learn from it draws lots.
    """

    seed: int = 7
    repeats: Count = 3
    folds: Count = 5
    most: Count = 20_000
    least: Count = 20

    def run(self, rows: Sequence[Item], tool: None) -> Iterator[Guess]:
        """``repeats`` guesses for each item, by repeat and item."""
        items = sorted(rows, key=lambda item: item.item_id)
        if not items:
            return
        table = _table(items)
        for repeat in range(self.repeats):
            scores = self._scores(items, table, repeat)
            for number, item in enumerate(items):
                yield _guess(item, repeat, scores[table.starts[number] : table.starts[number + 1]])

    def _scores(self, items: Sequence[Item], table: "Table", repeat: int) -> npt.NDArray[np.float64]:
        """A score for every option of every item, from a classifier that has not seen the item's video."""
        lots = np.array([_share(f"{self.seed} {repeat} {item.item_id}") for item in items])
        fold_of = {video: int(_share(f"{self.seed} {repeat} {video}") * self.folds) for video in table.videos}
        folds = np.array([fold_of[item.video_id] for item in items])
        scores = np.array(
            [_share(f"{self.seed} {repeat} {item.item_id} {i}") for item in items for i, _ in enumerate(item.options)]
        )
        scores *= 1e-6
        for fold in sorted(set(folds.tolist())):
            known = np.flatnonzero(folds != fold)
            known = np.sort(known[np.argsort(lots[known], kind="stable")][: self.most])
            asked = table.options_of(np.flatnonzero(folds == fold))
            if len(known) >= self.least:
                scores[asked] += self._learned(table, table.options_of(known), asked)
        return scores

    def _learned(
        self, table: "Table", known: npt.NDArray[np.int64], asked: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        from sklearn.linear_model import SGDClassifier

        # Plain passes over the rows in a drawn order, averaged: as good as a solver here, and bounded in time.
        model = SGDClassifier("log_loss", alpha=1e-5, max_iter=6, tol=None, average=True, random_state=self.seed)
        model.fit(table.features[known], table.is_right[known])
        return np.asarray(model.decision_function(table.features[asked]), np.float64)


@dataclass(frozen=True, eq=False)
class Table:
    """All options of all items, one row each: ``starts`` says where each item's options begin."""

    features: Any
    is_right: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    videos: frozenset[str]

    def options_of(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The rows of these items' options."""
        spans = [np.arange(self.starts[item], self.starts[item + 1]) for item in items]
        return np.concatenate(spans) if spans else np.empty(0, np.int64)


def _table(items: Sequence[Item]) -> Table:
    from sklearn.feature_extraction import FeatureHasher

    features = FeatureHasher(WIDTH, input_type="string", dtype=np.float32).transform(
        words for item in items for words in option_words(item)
    )
    return Table(
        features=features,
        is_right=np.array([place == item.answer for item in items for place in range(len(item.options))]),
        starts=np.concatenate([[0], np.cumsum([len(item.options) for item in items])]).astype(np.int64),
        videos=frozenset(item.video_id for item in items),
    )


def option_words(item: Item) -> Iterator[list[str]]:
    """What there is to learn from in each option of an item: its words, its place, its company, the question."""
    asked = sorted(set(_words(item.question)))
    texts = [option.lower() for option in item.options]
    bags = [set(_words(text)) for text in texts]
    numbers = [[int(number) for number in re.findall(r"\d+", text)] for text in texts]
    for place, text in enumerate(texts):
        found = [f"place {place} of {len(texts)}", f"is {text}", f"among {sorted(texts)} is {text}"]
        words = _words(text)
        found += [f"word {i} {word}" for i, word in enumerate(words)] + [f"has {word}" for word in words]
        found += [f"pair {one} {other}" for one, other in pairwise(words)]
        found += [f"asked {word} is {text}" for word in asked]
        found += [f"central {_rank([_likeness(bags, i) for i in range(len(bags))], place)}"]
        found += [f"common {_rank([_agreement(texts, i) for i in range(len(texts))], place)}"]
        found += [f"length {_rank([len(other) for other in texts], place)}"]
        if all(numbers):
            found += [f"number {_rank([part[0] for part in numbers], place)}"]
        yield [f"{item.task} {word}" for word in found]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _rank(values: Sequence[float], place: int) -> str:
    """The rank of one value among all, from below and from above: equal values share a rank."""
    return f"{sum(value < values[place] for value in values)}/{sum(value > values[place] for value in values)}"


def _likeness(bags: Sequence[set[str]], place: int) -> float:
    """How many words an option shares with the others."""
    return sum(len(bags[place] & bag) / max(len(bags[place] | bag), 1) for i, bag in enumerate(bags) if i != place)


def _agreement(texts: Sequence[str], place: int) -> int:
    """How many words stand at the same place in an option and in the others: the right one may be their centre."""
    split = [_words(text) for text in texts]
    return sum(
        one == two for i, other in enumerate(split) if i != place for one, two in zip(split[place], other, strict=False)
    )


def _guess(item: Item, repeat: int, scores: npt.NDArray[np.float64]) -> Guess:
    choice = int(scores.argmax())
    odds = np.exp(scores - scores.max())
    return Guess(
        answer_id=f"{item.item_id}/guess-{repeat}",
        item_id=item.item_id,
        video_id=item.video_id,
        task=item.task,
        repeat=repeat,
        choice=choice,
        confidence=float(odds[choice] / odds.sum()),
        is_right=choice == item.answer,
    )


def _share(text: str) -> float:
    """A number in [0, 1) that depends on the text and on nothing else."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56
