"""Place pictures on an overview of the film: which comes first, which last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from schemas.items import Task
from stages.fragments import distances
from stages.fragments.program import Program, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, shuffled, slate
from stages.fragments.timeline import Film, Take
from stages.fragments.wording import LETTERS, clock, listed, pick

TASK: Task = "before_after"
MOST_SHOTS = 8
ATTEMPTS = 4
"""Overviews drawn for each item wished, before the film is given up."""
PAIR = (
    (
        "Pictures 1 to {n} are an overview of the film, in order. When does the moment in picture P come: before or"
        " after the one in picture Q?"
    ),
    "Use pictures 1 to {n}, which go through the film in order, to place P and Q. Which of the two is earlier?",
    (
        "The numbered pictures show shots of the film in order. P and Q are other moments of these shots. Which "
        "comes first?"
    ),
    "Here are pictures 1 to {n} in the order of the film, and two more, P and Q. Which order do P and Q have?",
)
SEVERAL = (
    (
        "Pictures 1 to {n} are an overview of the film, in order. {letters} are other moments of it. Which of them "
        "comes {end}?"
    ),
    "The numbered pictures go through the film in order. Where do {letters} belong, and which of them comes {end}?",
    (
        "With pictures 1 to {n}, which are in the order of the film, place {letters}. Which of these moments is "
        "seen {end}?"
    ),
    "Which of the moments {letters} comes {end} in the film? Pictures 1 to {n} show shots of it in order.",
)
OPENINGS = (
    "I look for the numbered picture with the same setting for each lettered one.",
    "Each lettered picture is from a shot that the overview shows, so I match them one by one.",
    "The overview gives the order of the shots; it remains to find the shot of each lettered picture.",
)


@dataclass(frozen=True)
class Match:
    """A lettered picture: its frame, the place of its shot in the overview, and how near it is to that and the next."""

    frame: int
    place: int
    own: float
    other: float


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: an overview of up to eight shots, and two to four more moments of them."""
    chance = luck(wish, film, TASK)
    found: set[str] = set()
    for _ in range(ATTEMPTS * wish.most):
        draft = _attempt(film, wish, chance)
        if draft and draft.slate.item_id not in found:
            found.add(draft.slate.item_id)
            yield draft
        if len(found) >= min(wish.most, 1 + len(film.takes) // 3):
            return


def _attempt(film: Film, wish: Wish, chance: Random) -> Draft | None:
    lively = [take for take in film.takes if take.is_alive and take.length_us > 900_000]
    takes = sorted(chance.sample(lively, min(len(lively), MOST_SHOTS)), key=lambda take: take.number)
    overview = [_frame(film, take, chance) for take in takes]
    if len(takes) < 3 or not film.shows(np.array(overview)).all():
        return None
    matches = [match for i, take in enumerate(takes) if (match := _match(film, (take, i), overview, wish, chance))]
    # A shot that comes back, in the overview or outside it, could be placed twice.
    matches = [match for match in matches if _is_once(film, match, takes[match.place], wish)]
    asked = sorted(chance.sample(matches, min(len(matches), chance.choice((2, 3, 4)))), key=lambda match: match.place)
    if len(asked) < 2:
        return None
    card = slate(film, TASK, [*overview, *(match.frame for match in asked)], wish)
    return _draft(card, overview, asked)


def _frame(film: Film, take: Take, chance: Random) -> int:
    return int(film.within(take, [chance.randint(*take.inner_us)])[0])


def _match(film: Film, where: tuple[Take, int], overview: Sequence[int], wish: Wish, chance: Random) -> Match | None:
    """Another moment of the take, which looks more like its own picture of the overview than like any other."""
    take, place = where
    shown = film.looks(overview)
    for _ in range(6):
        frame = _frame(film, take, chance)
        gaps = distances.far(shown, film.looks([frame]))
        own, other = float(gaps[place]), float(np.delete(gaps, place).min())
        is_new = abs(film.time(frame) - film.time(overview[place])) >= 300_000 and own >= 0.3 * wish.limits.clear
        if is_new and other >= max(wish.limits.apart, wish.limits.margin * own) and film.shows(np.array([frame])).all():
            return Match(frame, place, own, other)
    return None


def _is_once(film: Film, match: Match, own: Take, wish: Wish) -> bool:
    """Whether no other take of the film, lively or not, ever looks like this picture."""
    looks, numbers = film.album
    gaps = distances.far(looks[numbers != own.number], film.looks([match.frame]))
    return bool(gaps.min() >= wish.limits.apart)


def _draft(card: Slate, overview: Sequence[int], asked: Sequence[Match]) -> Draft:
    chance = card.luck()
    order = shuffled(range(len(asked)), chance)
    letters = {asked[index].frame: LETTERS[i] for i, index in enumerate(order)}
    in_time = [letters[match.frame] for match in asked]
    end = chance.choice(("first", "last"))
    if len(asked) == 2:
        names = {"PQ": "P comes before Q", "QP": "P comes after Q"}
        right = names["".join(in_time)]
        wording, question = pick(PAIR, chance)
    else:
        names = {letter: f"Picture {letter}" for letter in in_time}
        right = names[in_time[0] if end == "first" else in_time[-1]]
        wording, question = pick(SEVERAL, chance)
    chosen, answer = options(right, [name for name in names.values() if name != right], chance)
    pictures = [(frame, str(i + 1)) for i, frame in enumerate(overview)]
    pictures += [(asked[index].frame, LETTERS[i]) for i, index in enumerate(order)]
    return Draft(
        slate=card,
        wording=wording + (len(asked) > 2) * len(PAIR),
        question=question.format(n=len(overview), letters=listed(sorted(in_time)), end=end),
        options=chosen,
        answer=answer,
        pictures=tuple(pictures),
        program=_program(card.film, pictures, (asked, in_time, right, end if len(asked) > 2 else ""), chance),
    )


def _program(
    film: Film, pictures: list[tuple[int, str]], truth: tuple[Sequence[Match], list[str], str, str], chance: Random
) -> Program:
    asked, in_time, right, end = truth
    program = Program()
    program.step(
        "take_pictures",
        {"labels": [label for _, label in pictures]},
        [film.time(frame) for frame, _ in pictures],
        pick(OPENINGS, chance)[1],
        [seen(film, frame, f"picture {label}") for frame, label in pictures],
    )
    for match, letter in sorted(zip(asked, in_time, strict=True), key=lambda pair: pair[1]):
        program.step(
            "match",
            {"label": letter},
            {"to": match.place + 1, "own": match.own, "next_best": match.other},
            f"Picture {letter} shows the setting of picture {match.place + 1} and of no other.",
        )
    places = listed(
        [f"{letter} at {clock(film.time(match.frame))}" for match, letter in zip(asked, in_time, strict=True)]
    )
    program.step("sort_by_time", {"labels": in_time}, in_time, f"In the film, then, come {places}, in this order.")
    program.step("answer", {}, right, f"So {right[0].lower() + right[1:] + ' comes ' + end if end else right}.")
    return program
