"""A set of questions about films of known truth, of which it is known what each takes: for rehearsing an audit."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from flows.films_truth import TRUTH
from flows.films_words import ELSEWHERE, PLACES
from infra.rehearsal.truth import GIVEN_AWAY, Fact, FilmTruth, load, save

QUESTIONS, THEIR_TRUTH = "questions.jsonl", "questions.truth.json"
MAKERS = ("Ada", "Bela", "Chen", "Dora", "Emil", "Fatima", "Goro", "Hana")
PER_FILM = 4


@dataclass(frozen=True)
class Planted:
    """A question, and what it takes: the ``kind`` of its fact. ``text`` may give the answer away."""

    fact: Fact
    text: str
    task: str


def write_questions(folder: Path, seed: int = 7) -> Path:
    """Writes a set about the films whose truth lies in the folder, and the truth about it; gives the set's path."""
    known = load(folder / TRUTH)
    films = [replace(film, facts=()) for film in known.films.values()]
    rows: list[dict[str, object]] = []
    told = []
    for film, whole in zip(films, known.films.values(), strict=True):
        planted = list(questions_about(whole, Random(f"{seed} {film.name}")))
        told.append(replace(film, facts=tuple(one.fact for one in planted)))
        rows += [row(film, number, one, Random(f"{seed} {film.name} {number}")) for number, one in enumerate(planted)]
    save(told, folder / THEIR_TRUTH)
    (folder / QUESTIONS).write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return folder / QUESTIONS


def row(film: FilmTruth, number: int, planted: Planted, dice: Random) -> dict[str, object]:
    """The question as Video-MME has it, its options in an order that is drawn."""
    texts, place = planted.fact.options(dice, 4)
    return {
        "question_id": f"{film.name.replace(' ', '-')}-{number:03d}",
        "videoID": film.name,
        "task_type": planted.task,
        "question": planted.text,
        "options": [f"{chr(ord('A') + nth)}. {text}" for nth, text in enumerate(texts)],
        "answer": chr(ord("A") + place),
    }


def questions_about(film: FilmTruth, dice: Random) -> Iterator[Planted]:
    """Up to four questions of each kind, as far as the film has matter for them."""
    for number, fact in enumerate(_picked(film, ("color", "subject"), dice)):
        is_blind = number % 2 == 0
        text = f'In the film "{film.name}": {fact.question}'
        given = replace(fact, kind="single frame", question=text)
        yield Planted(given, f"{text.rstrip('?')}{GIVEN_AWAY}{fact.value}?" if is_blind else text, "Attribute")
    for fact in _picked(film, ("order",), dice):
        text = f'In the film "{film.name}": {fact.question}'
        yield Planted(replace(fact, kind="in order", question=text), text, "Order")
    yield from _of_the_whole(film, dice)


def _picked(film: FilmTruth, kinds: Sequence[str], dice: Random) -> list[Fact]:
    """Facts of these kinds whose question has one answer in the film and wrong ones enough."""
    found = [fact for fact in film.facts if fact.kind in kinds and len(fact.others) >= 3]
    asked = [fact.question for fact in found]
    clear = [fact for fact in found if asked.count(fact.question) == 1]
    return dice.sample(clear, min(len(clear), 2 * PER_FILM if len(kinds) > 1 else PER_FILM))


def _of_the_whole(film: FilmTruth, dice: Random) -> Iterator[Planted]:
    """Which place comes twice in a list, for any order; and who made the film, which nobody can see."""
    shown = [shot.setting for shot in film.shots]
    unseen = [place for place in (*PLACES.values(), *ELSEWHERE) if place not in shown]
    for nth, place in enumerate(dice.sample(shown, min(len(shown), PER_FILM))):
        text = f'Which place, of list {nth + 1}, does the film "{film.name}" show at some time?'
        yield Planted(_whole(film, "any order", text, place, unseen), text, "Recognition")
    for nth, maker in enumerate(dice.sample(MAKERS, PER_FILM)):
        text = f'Who held the camera in take {nth + 1} of the film "{film.name}"?'
        yield Planted(_whole(film, "nobody", text, maker, [one for one in MAKERS if one != maker]), text, "Identity")


def _whole(film: FilmTruth, kind: str, question: str, value: str, others: Sequence[str]) -> Fact:
    return Fact(
        fact_id=f"{film.video_id}-{question}",
        video_id=film.video_id,
        start_us=0,
        end_us=film.duration_us,
        kind=kind,
        text=f"{question} {value}",
        question=question,
        value=value,
        others=tuple(others),
    )
