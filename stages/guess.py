"""``GuessBlind``: what can be guessed of a question from its words alone, by a model that never saw the footage."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from schemas.items import Guess, Item
from schemas.rejects import Reject
from stages.stage import Needs, Stage

_FEATURES = 1 << 17
_WORD = re.compile(r"\w+")

Floats = npt.NDArray[np.float64]


class GuessBlind(Stage[Item, Guess], version=1, needs=Needs(cpus=1, memory_gb=2), batch_rows=1 << 30):
    """Guess each item from its question, its options and their places, with a model trained on other videos' items.

    To be used over all parts. A logistic regression scores each option of an item by hashed words, and pairs of words,
    of option and question; the option with the highest score is the guess. The videos are dealt into ``folds`` by their
    hash, and each fold is guessed by a model of the other folds: a model never saw a video that it guesses about.
    All of it is done ``repeats`` times with other deals. No guess is made where fewer than ``least`` items can be
    learned from. Each model learns from at most ``most`` items, drawn by hash.
    """

    folds: int = 5
    repeats: int = 3
    least: int = 20
    most: int = 20_000

    def run(self, rows: Sequence[Item], tool: None) -> Iterator[Guess | Reject]:
        """A guess per item and repeat, in that order; none where there is too little to learn from."""
        if len(rows) <= self.least:
            return
        words = _Words(rows)
        for repeat in range(self.repeats):
            fold_of = np.array([_draw(f"{repeat}/{item.video_id}") % self.folds for item in rows])
            for fold in range(self.folds):
                learned, asked = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
                if len(learned) >= self.least and len(asked):
                    yield from self._guesses(rows, words, (self._drawn(rows, learned, repeat), asked), repeat)

    def _drawn(self, rows: Sequence[Item], learned: npt.NDArray[np.int64], repeat: int) -> npt.NDArray[np.int64]:
        if len(learned) <= self.most:
            return learned
        order = sorted(learned.tolist(), key=lambda number: _draw(f"{repeat}/{rows[number].item_id}"))
        return np.array(sorted(order[: self.most]))

    def _guesses(
        self,
        rows: Sequence[Item],
        words: "_Words",
        deal: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
        repeat: int,
    ) -> Iterator[Guess]:
        learned, asked = deal
        for number, scores in zip(asked, words.score(learned, asked), strict=True):
            item, chances = rows[number], np.exp(scores - scores.max())
            choice = int(chances.argmax())
            yield Guess(
                answer_id=f"{item.item_id}/blind/{repeat}",
                item_id=item.item_id,
                video_id=item.video_id,
                task=item.task,
                repeat=repeat,
                choice=choice,
                confidence=float(chances[choice] / chances.sum()),
                is_right=choice == item.answer,
            )


class _Words:
    """The options of all items as one sparse matrix of hashed words, a row per option, items one after another."""

    def __init__(self, rows: Sequence[Item]) -> None:
        from sklearn.feature_extraction import FeatureHasher

        hasher = FeatureHasher(_FEATURES, input_type="string", alternate_sign=False)
        hashed = hasher.transform(list(_features(item, place)) for item in rows for place in range(len(item.options)))
        self.matrix = hashed.tocsc()[:, np.unique(hashed.indices)].tocsr()  # a fit costs by the column
        self.first = np.concatenate([[0], np.cumsum([len(item.options) for item in rows])])
        self.is_right = np.concatenate([np.arange(len(item.options)) == item.answer for item in rows])

    def score(self, learned: npt.NDArray[np.int64], asked: npt.NDArray[np.int64]) -> list[Floats]:
        """The scores of the options of each asked item, by a model of the learned items."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(solver="liblinear")  # the fastest on sparse rows, and of one thread
        lines = self._lines(learned)
        model.fit(self.matrix[lines], self.is_right[lines])
        scores: Floats = model.decision_function(self.matrix[self._lines(asked)])
        ends = np.cumsum([self.first[number + 1] - self.first[number] for number in asked])
        return np.split(scores, ends[:-1])

    def _lines(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.concatenate([np.arange(self.first[number], self.first[number + 1]) for number in items])


def _features(item: Item, place: int) -> Iterator[str]:
    """Words of one option, alone and beside the task and the question; its place and length among the others."""
    option = item.options[place].lower()
    words = _WORD.findall(option)
    lengths = sorted(len(other) for other in item.options)
    yield from (f"place {place} of {len(item.options)}", f"{item.task} place {place}", f"{item.task} option {option}")
    yield f"rank of length {lengths.index(len(option))} of {len(lengths)}"
    for word in words:
        yield from (f"word {word}", f"{item.task} word {word}")
    yield from (f"pair {one} {other}" for one, other in pairwise(words))
    asked = set(_WORD.findall(item.question.lower()))
    yield from (f"asked {one} word {other}" for one in sorted(asked) for other in sorted(set(words)))


def _draw(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
