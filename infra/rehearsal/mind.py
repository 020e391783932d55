"""What a model knows and how often it is right: judges, panels and teachers differ in their accuracy alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from infra.rehearsal import chance
from infra.rehearsal.asked import Asked, Item
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Fact, Status, Truth


@dataclass(frozen=True)
class Mind:
    """The teacher's models: their settings, and the truth."""

    settings: Settings
    truth: Truth

    def dice(self, asked: Asked, *what: object) -> Random:
        """Chance that depends on the request alone."""
        return chance.dice(self.settings.seed, asked.model, asked.key, *what)

    def is_right(self, asked: Asked, what: str) -> bool:
        """Whether the model that is asked is right about ``what`` this time; accuracies stand in the settings."""
        accuracy = self.settings.models.get(asked.model, 1.0)
        return chance.unit(self.settings.seed, "right", asked.model, asked.key, what) < accuracy

    def seen(self, asked: Asked) -> list[Fact]:
        """The facts that lie in the spans the prompt names."""
        return self.truth.facts(asked.spans()) if self.truth.films else []

    def status(self, asked: Asked, claim: str = "") -> Status:
        """What the model thinks of the claim, or of the answer to the prompt's question: the truth, if it is right."""
        true = self.true_status(asked, claim)
        if self.is_right(asked, f"status {claim}"):
            return true
        return "supported" if true == "contradicted" else "contradicted"

    def true_status(self, asked: Asked, claim: str = "") -> Status:
        """What is true of the claim, or of the answer to the prompt's question.

        Without a truth to go by, all is well that was not planted.
        """
        videos = {span.video_id for span in asked.spans()} & set(self.truth.films)
        item, given = asked.item(), marked_answer(asked)
        if claim or not item:
            told = self.truth.status(claim or asked.prompt, videos)
        else:
            told = self.truth.judged(item, given, videos)
        return "supported" if told == "not_stated" and not self.truth.films else told

    def letter(self, asked: Asked, letters: Sequence[str]) -> str:
        """The option that the model picks among those letters.

        What it can see, or what the question gives away, it finds if it is right this time; else it guesses.
        """
        item, dice = asked.item(), self.dice(asked, "letter")
        right = self.knowable(asked, item) if item else None
        if right is None or right not in letters:
            return dice.choice(letters)
        wrong = [letter for letter in letters if letter != right]
        return right if self.is_right(asked, "letter") or not wrong else dice.choice(wrong)

    def answer(self, asked: Asked, *, is_letter: bool) -> str | None:
        """The answer to the prompt's question, as a letter or in words; None where it puts none."""
        item = asked.item()
        if item is None:
            return None
        if item.options:
            letter = self.letter(asked, list(item.options))
            return letter if is_letter else item.options[letter]
        fact = self._visible(asked, item)
        if fact is None or is_letter:
            return None
        return fact.value if self.is_right(asked, "answer") else self.dice(asked, "answer").choice(fact.others)

    def knowable(self, asked: Asked, item: Item) -> str | None:
        """The letter of the right option, where the question gives it away or the prompt shows it; else None."""
        if told := given_away(item):
            return told
        fact = self._visible(asked, item)
        texts = {text.casefold(): letter for letter, text in item.options.items()}
        return texts.get(fact.value.casefold()) if fact else None

    def match(self, asked: Asked) -> float | None:
        """How well what is seen fits the prompt's query, in [0, 1]: the share of the query's words in the facts."""
        query = next((str(one["query"]) for one in asked.context() if one.get("query")), "")
        seen = _words(" ".join(fact.text for fact in self.seen(asked)))
        wanted = _words(query)
        return len(wanted & seen) / len(wanted) if wanted and seen else None

    def _visible(self, asked: Asked, item: Item) -> Fact | None:
        spans = asked.spans()
        fact = self.truth.answered(item, {span.video_id for span in spans})
        if fact is None:
            return None
        is_shown = bool(asked.pictures) and any(fact.lies_in(span) for span in spans)
        return fact if is_shown or fact.text in asked.prompt else None


def given_away(item: Item) -> str | None:
    """The letter of the only option that the question itself names, if there is one: it can be answered blind."""
    question = item.question.casefold()
    named = [letter for letter, text in item.options.items() if text and _names(question, text.casefold())]
    return named[0] if len(named) == 1 else None


def marked_answer(asked: Asked) -> str:
    """The text of the answer that the prompt calls the right one; empty where it names none."""
    item = asked.item()
    options = item.options if item else {}
    for one in asked.context():
        for name in ("answer", "correct_answer", "correct", "correct_option"):
            if isinstance(one.get(name), str):
                return options.get(one[name], one[name])
    return ""


def _names(text: str, words: str) -> bool:
    """Whether the text holds the words whole: `red` is not in `covered`."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def _words(text: str) -> set[str]:
    return {word.strip(".,?!\"'").casefold() for word in text.split() if len(word) > 2}
