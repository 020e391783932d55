"""What is known of films by those who made them: shots, what they show and how it moves, words, and facts about it all.

A fact is one true sentence about one span with one value in it that could have been otherwise; so every fact also
gives a question, its answer, and falsehoods that look like it.
"""

import dataclasses
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, Literal

from infra.rehearsal.asked import Item, Span
from infra.rehearsal.english import INVENTED
from schemas.errors import BadInput

Status = Literal["supported", "contradicted", "not_stated"]
LEAST_OVERLAP_US = 200_000


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One true sentence. ``value`` stands in ``text`` and answers ``question``; ``others`` are false in its place."""

    fact_id: str
    video_id: str
    start_us: int
    end_us: int
    kind: str
    text: str
    question: str
    value: str
    others: tuple[str, ...]

    def with_value(self, value: str) -> str:
        """The sentence with another value: false for each of ``others``."""
        return self.text.replace(self.value, value, 1)

    def options(self, dice: Random, count: int) -> tuple[list[str], int]:
        """Options for the question, as many as there are up to ``count``, and the place of the right one."""
        wrong = dice.sample(self.others, min(len(self.others), count - 1))
        place = dice.randrange(len(wrong) + 1)
        return [*wrong[:place], self.value, *wrong[place:]], place

    def lies_in(self, span: Span) -> bool:
        """Whether the span shows enough of it to tell."""
        overlap = min(self.end_us, span.end_us) - max(self.start_us, span.start_us)
        return self.video_id == span.video_id and overlap >= min(LEAST_OVERLAP_US, (self.end_us - self.start_us) // 2)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A shot: where, what moves and how, its colours, the camera. Empty words: nothing of it is seen."""

    start_us: int
    end_us: int
    setting: str
    subject: str = ""
    motion: str = ""
    camera: str = ""
    colors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Words:
    """Something said or written, from when to when."""

    start_us: int
    end_us: int
    text: str


@dataclass(frozen=True, kw_only=True)
class FilmTruth:
    """All that is known of one film."""

    video_id: str
    name: str
    duration_us: int
    shots: tuple[Shot, ...]
    speech: tuple[Words, ...] = ()
    screen_text: tuple[Words, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Truth:
    """What is known, by video. An empty one knows nothing, and then only what was invented is known to be false."""

    films: Mapping[str, FilmTruth] = dataclasses.field(default_factory=dict)

    def facts(self, spans: Collection[Span]) -> list[Fact]:
        """The facts that lie in any of the spans, in order of time."""
        films = (self.films[video] for video in dict.fromkeys(span.video_id for span in spans) if video in self.films)
        return [fact for film in films for fact in film.facts if any(fact.lies_in(span) for span in spans)]

    def status(self, text: str, videos: Collection[str] = ()) -> Status:
        """Whether the text is true of the videos, of any where none is named: one falsehood in it is enough."""
        if any(lie in text for lie in INVENTED):
            return "contradicted"
        facts = [fact for fact in self._of(videos) if _start(fact) in text]
        if any(fact.with_value(other) in text for fact in facts for other in fact.others):
            return "contradicted"
        return "supported" if any(fact.text in text for fact in facts) else "not_stated"

    def answered(self, item: Item, videos: Collection[str] = ()) -> Fact | None:
        """The fact that answers the question; of several films' alike, the one whose value is among the options."""
        facts = [fact for fact in self._asked_about(item.question) if not videos or fact.video_id in videos]
        offered = {text.casefold() for text in item.options.values()}
        return next((fact for fact in facts if fact.value.casefold() in offered), facts[0] if facts else None)

    def judged(self, item: Item, answer: str, videos: Collection[str] = ()) -> Status:
        """Whether that answer to the question is true of the videos."""
        told = self.status(f"{item.question} {answer}", videos)
        if told == "contradicted":
            return told
        facts = [fact for fact in self._asked_about(item.question) if not videos or fact.video_id in videos]
        if not facts:
            return told
        return "supported" if any(fact.value.casefold() == answer.casefold() for fact in facts) else "contradicted"

    def _of(self, videos: Collection[str]) -> Iterator[Fact]:
        films = [self.films[video] for video in videos if video in self.films] if videos else self.films.values()
        return (fact for film in films for fact in film.facts)

    def _asked_about(self, question: str) -> list[Fact]:
        return self._by_question.get(asked_plainly(question), [])

    @cached_property
    def _by_question(self) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = {}
        for film in self.films.values():
            for fact in film.facts:
                found.setdefault(asked_plainly(fact.question), []).append(fact)
        return found


GIVEN_AWAY = ", as usual with "


def asked_plainly(question: str) -> str:
    """The question without what a planted defect put at its end."""
    return question.split(GIVEN_AWAY, maxsplit=1)[0].strip().rstrip("?").casefold()


def _start(fact: Fact) -> str:
    return fact.text.split(fact.value, 1)[0].strip()


def load(path: Path) -> Truth:
    """The truth that stands in the file. Raises BadInput when there is none."""
    try:
        return Truth({film["video_id"]: _film(film) for film in json.loads(path.read_text("utf-8"))["films"]})
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise BadInput(f"{str(path)!r} holds no truth about films: {wrong!r}; flows/films_truth.py writes it") from None


def save(films: Iterable[FilmTruth], path: Path) -> None:
    """Writes the truth, as JSON."""
    text = json.dumps({"films": [dataclasses.asdict(film) for film in films]}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _film(stored: Mapping[str, Any]) -> FilmTruth:
    return FilmTruth(
        video_id=stored["video_id"],
        name=stored["name"],
        duration_us=stored["duration_us"],
        shots=tuple(Shot(**{**one, "colors": tuple(one.get("colors", ()))}) for one in stored["shots"]),
        speech=tuple(Words(**one) for one in stored.get("speech", ())),
        screen_text=tuple(Words(**one) for one in stored.get("screen_text", ())),
        facts=tuple(Fact(**{**one, "others": tuple(one["others"])}) for one in stored["facts"]),
    )
