"""Find the picture that is not from the same shot as the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

import numpy as np

from schemas.items import Task
from stages.fragments import distances
from stages.fragments.program import Program, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, slate
from stages.fragments.stretches import alive
from stages.fragments.timeline import Film, Take
from stages.fragments.wording import clock, listed, percent, pick

TASK: Task = "odd_one_out"
N = 6
RIVALS = 24
WORDINGS = (
    "Five of these pictures are from one shot. Which one is from another shot of the same film?",
    "One of these pictures does not belong with the others: it was taken from a different shot. Which one?",
    "All but one of these pictures show the same shot. Which is the exception?",
    "Which picture has slipped in from another shot?",
    "Five pictures of a shot, and one stray. Which picture is the stray?",
)
OPENINGS = (
    "I compare the pictures with one another: those of one shot share setting, framing and light.",
    "Pictures of one shot look alike, so I look for the one that fits none of the others.",
    "The question is which of the six has another setting than the rest.",
)


@dataclass(frozen=True)
class Choice:
    """The frames of the home shot, the frame of the other, and how alike they look."""

    home: tuple[int, ...]
    odd: int
    inside: float
    away: float


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: five pictures of a shot and one of another, the most similar that is certainly different."""
    rivals = alive(film, TASK, wish)

    found = (_choice(film, take, rivals, wish, luck(wish, film, TASK, take.shot_id)) for take in rivals)
    for choice in islice((choice for choice in found if choice), wish.most):
        yield _draft(slate(film, TASK, [*choice.home, choice.odd], wish), choice)


def _choice(film: Film, take: Take, rivals: list[Take], wish: Wish, chance: Random) -> Choice | None:
    start, end = take.inner_us
    home = film.within(take, np.linspace(start, max(start, end), N - 1))
    looks = film.looks(home)
    between = distances.table(looks)
    if end - start < 800_000 or not film.shows(home).all() or distances.nearest_pair(between) < 0.2 * wish.limits.clear:
        return None
    bound = max(wish.limits.apart, wish.limits.margin * float(between.max()))
    best: Choice | None = None
    for rival in chance.sample(rivals, min(RIVALS, len(rivals))):
        frame = int(film.within(rival, [chance.randint(*rival.inner_us)])[0]) if rival.length_us > 500_000 else -1
        if rival.number == take.number or frame < 0 or not film.shows(np.array([frame])).all():
            continue
        away = float(distances.far(looks, film.looks([frame])).min())
        if away >= bound and (best is None or away < best.away):
            best = Choice(tuple(home.tolist()), frame, float(between.max()), away)
    return best


def _draft(card: Slate, found: Choice) -> Draft:
    chance = card.luck()
    place = chance.randrange(N)
    shown = [*found.home[:place], found.odd, *found.home[place:]]
    names = [f"Picture {i + 1}" for i in range(N)]
    chosen, answer = options(names[place], [name for name in names if name != names[place]], chance)
    wording, question = pick(WORDINGS, chance)
    return Draft(
        slate=card,
        wording=wording,
        question=question,
        options=chosen,
        answer=answer,
        pictures=tuple((frame, str(i + 1)) for i, frame in enumerate(shown)),
        program=_program(card.film, shown, place, found, chance),
    )


def _program(film: Film, shown: list[int], place: int, found: Choice, chance: Random) -> Program:
    labels = [str(i + 1) for i in range(N)]
    others = [label for label in labels if label != labels[place]]
    take = film.take_of(shown[place])
    program = Program()
    program.step(
        "take_pictures",
        {"labels": labels},
        [film.time(frame) for frame in shown],
        pick(OPENINGS, chance)[1],
        [seen(film, frame, f"picture {label}") for label, frame in zip(labels, shown, strict=True)],
    )
    inside = f"Pictures {listed(others)} go together: no two of them differ by more than {percent(found.inside)}."
    program.step("compare_all", {"labels": others}, {"largest": found.inside}, inside)
    text = f"Picture {labels[place]} differs from every one of them by {percent(found.away)} or more."
    program.step("compare_with_rest", {"label": labels[place]}, {"smallest": found.away}, text)
    home = film.take_of(found.home[0])
    facts = {"home": home.shot_id if home else None, "odd": take.shot_id if take else None}
    program.step(
        "look_up_shots",
        facts,
        labels[place],
        f"It is from another shot, at {clock(film.time(shown[place]))}: picture {labels[place]} is the odd one out.",
    )
    return program
