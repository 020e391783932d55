"""Say how fast a stretch of film is played, beside the same stretch at its own speed."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from schemas.items import Task
from stages.fragments import distances
from stages.fragments.order import one_way
from stages.fragments.program import Program, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, slate
from stages.fragments.stretches import from_takes, windows
from stages.fragments.timeline import Film, Frames, Take
from stages.fragments.wording import LETTERS, clock, listed, pick, seconds

TASK: Task = "playback_speed"
HALVES = 15
"""Moments of a window, half a step apart: the first row shows every second one of them."""
ROW, AGAIN = 8, 3
SPEEDS = {1: "At half speed", 2: "At normal speed", 4: "At twice the speed", 6: "At three times the speed"}
"""By how many half steps the second row goes on from picture to picture."""
STRIDES = {1: "half a step", 2: "one step", 4: "two steps", 6: "three steps"}
LEAST_STEP_US = 120_000
WORDINGS = (
    (
        "Pictures 1 to 8 show a stretch of film as it was shot, one picture every {step}. Pictures P to R show a "
        "part of it again, also one picture every {step}, but perhaps slowed down or sped up. How fast are they "
        "played?"
    ),
    (
        "The numbered row runs at normal speed. The lettered row was taken from the same stretch in the same "
        "rhythm, one picture every {step} of playing. At which speed was it played?"
    ),
    (
        "Somebody played a part of the stretch in pictures 1 to 8 once more, maybe at another speed, and took "
        "pictures P to R at the same pace as before. What was the speed?"
    ),
    (
        "Compare how far things get from P to R with how far they get from 1 to 8; both rows have one picture every"
        " {step}. How fast does the lettered row play?"
    ),
)
OPENINGS = (
    "I look for the moment of each lettered picture in the numbered row.",
    (
        "The numbered row is the measure: at normal speed the lettered pictures would follow each other at the same"
        " steps."
    ),
    "Both rows have the same pace, so what counts is how far the second gets from picture to picture.",
)


@dataclass(frozen=True)
class Rows:
    """The two rows of an item: ``halves`` are the window's frames; row two starts at ``start``, going by ``step``."""

    halves: Frames
    start: int
    step: int

    @property
    def again(self) -> list[int]:
        """The places in the window that the second row shows."""
        return [self.start + self.step * i for i in range(AGAIN)]


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: eight pictures as they came, and three of the same stretch at another pace or the same."""

    def search(take: Take) -> Iterator[Draft]:
        chance = luck(wish, film, TASK, take.shot_id)
        for halves in windows(film, take, HALVES, 0.7 * wish.limits.clear, chance):
            if _is_readable(film, halves, wish):
                yield _draft(slate(film, TASK, halves.tolist(), wish), halves)

    yield from from_takes(film, TASK, wish, search)


def _is_readable(film: Film, halves: Frames, wish: Wish) -> bool:
    """Whether every half step shows, and the picture goes one way all the time: then each moment can be recognised."""
    if 2 * (film.time(int(halves[1])) - film.time(int(halves[0]))) < LEAST_STEP_US:
        return False
    looks, least = film.looks(halves), 0.7 * wish.limits.clear
    if distances.nearest_pair(distances.table(looks)) < least:
        return False
    return one_way(film, halves) is not None


def _draft(card: Slate, halves: Frames) -> Draft:
    chance = card.luck()
    step = chance.choice(list(SPEEDS))
    rows = Rows(halves, chance.randrange(HALVES - step * (AGAIN - 1)), step)
    right = SPEEDS[step]
    chosen, answer = options(right, [other for other in SPEEDS.values() if other != right], chance)
    wording, question = pick(WORDINGS, chance)
    film = card.film
    pace = (film.time(int(halves[-1])) - film.time(int(halves[0]))) // (ROW - 1)
    pictures = [(int(frame), str(i + 1)) for i, frame in enumerate(halves[::2])]
    pictures += [(int(halves[place]), LETTERS[i]) for i, place in enumerate(rows.again)]
    return Draft(
        slate=card,
        wording=wording,
        question=question.format(step=seconds(pace)),
        options=chosen,
        answer=answer,
        pictures=tuple(pictures),
        program=_program(film, rows, pictures, chance),
    )


def _program(film: Film, rows: Rows, pictures: list[tuple[int, str]], chance: Random) -> Program:
    program = Program()
    times = {label: film.time(frame) for frame, label in pictures}
    shown = [seen(film, frame, f"picture {label}") for frame, label in pictures]
    program.step("take_pictures", {"labels": list(times)}, times, pick(OPENINGS, chance)[1], shown)
    places = {LETTERS[i]: place / 2 + 1 for i, place in enumerate(rows.again)}
    told = listed([f"{letter} {_matched(place)}" for letter, place in places.items()])
    program.step("match_rows", {"labels": list(places)}, places, f"Picture {told}.")
    right = SPEEDS[rows.step]
    pace, again = times["2"] - times["1"], (times["R"] - times["P"]) // (AGAIN - 1)
    text = (
        f"From one lettered picture to the next the film goes on by {STRIDES[rows.step]} of the numbered row, from "
        f"{clock(times['P'])} to {clock(times['R'])} in all: the row plays {right[0].lower()}{right[1:]}."
    )
    program.step("divide", {"step_us": again, "normal_us": pace}, rows.step / 2, text)
    return program


def _matched(place: float) -> str:
    """Where in the numbered row a lettered picture belongs; ``place`` counts from 1, in halves."""
    if place == int(place):
        return f"is the same moment as {int(place)}"
    return f"lies between {int(place)} and {int(place) + 1}"
