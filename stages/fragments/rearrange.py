"""Put shuffled pictures of one shot back in order, given the first."""

from collections.abc import Iterator, Sequence
from random import Random

from schemas.items import Task
from stages.fragments.order import Order, proof
from stages.fragments.program import Program, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, shuffled, slate
from stages.fragments.stretches import from_takes, windows
from stages.fragments.timeline import Film, Frames, Take
from stages.fragments.wording import LETTERS, clock, pick

TASK: Task = "rearrange"
WORDINGS = (
    (
        "Picture 1 comes first. The others, {letters}, are from the same shot but have been shuffled. In which "
        "order did they come?"
    ),
    (
        "These pictures are from one continuous shot. Only picture 1 is in its place, at the beginning. Put "
        "{letters} in the order in which they were filmed."
    ),
    "Picture 1 is the earliest of these moments of one shot. What is the right order of {letters} after it?",
    (
        "Someone mixed up the pictures {letters}. They all follow picture 1 in the same shot. How did the shot "
        "really go on?"
    ),
    "Starting from picture 1, sort {letters} by time, earliest first.",
)
OPENINGS = (
    (
        "All the pictures show one shot, so from each to the next the change should be small, and the right order "
        "has no jumps in it."
    ),
    "Since nothing is cut here, the right order is the one in which the picture changes step by step.",
    "Picture 1 is given, so I look for the picture that is most like it, and go on from there.",
)
# Pairs of swaps that commute. The four orders that they lead to stand to each other alike, so none of them is the one
# that the others are made of: with swaps of the true order alone, the right answer would be what all options share.
SWAPS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: picture 1 and four more of its shot, shuffled."""

    def search(take: Take) -> Iterator[Draft]:
        chance = luck(wish, film, TASK, take.shot_id)
        for frames in windows(film, take, 5, wish.limits.clear, chance):
            order = proof(film, frames, wish.limits)
            if order:
                yield _draft(slate(film, TASK, frames.tolist(), wish), frames, order)

    yield from from_takes(film, TASK, wish, search)


def _draft(card: Slate, frames: Frames, order: Order) -> Draft:
    chance = card.luck()
    places = shuffled((1, 2, 3, 4), chance)
    letters = {place: LETTERS[i] for i, place in enumerate(places)}
    right = [letters[place] for place in range(1, 5)]
    chosen, answer = options(_said(right), [_said(other) for other in _others(right, chance)], chance)
    wording, question = pick(WORDINGS, chance)
    pictures = [(int(frames[0]), "1"), *((int(frames[place]), letters[place]) for place in places)]
    return Draft(
        slate=card,
        wording=wording,
        question=question.format(letters="P, Q, R and S"),
        options=chosen,
        answer=answer,
        pictures=tuple(pictures),
        program=_program(card.film, frames, ["1", *right], order, chance),
    )


def _said(letters: Sequence[str]) -> str:
    return ", ".join(letters)


def _others(right: Sequence[str], chance: Random) -> list[list[str]]:
    one, two = chance.choice(SWAPS)
    return [_swapped(right, one), _swapped(right, two), _swapped(_swapped(right, one), two)]


def _swapped(letters: Sequence[str], pair: tuple[int, int]) -> list[str]:
    made = list(letters)
    made[pair[0]], made[pair[1]] = made[pair[1]], made[pair[0]]
    return made


def _program(film: Film, frames: Frames, labels: Sequence[str], order: Order, chance: Random) -> Program:
    program = Program()
    times = {label: film.time(int(frame)) for label, frame in zip(labels, frames, strict=True)}
    seens = [seen(film, int(frame), f"picture {label}") for label, frame in zip(labels, frames, strict=True)]
    program.step("take_pictures", {"labels": labels}, times, pick(OPENINGS, chance)[1], seens)
    program.step("compare_with_first", {"labels": labels[1:]}, order.facts, order.told(labels))
    text = f"So after picture 1, at {clock(times['1'])}, the right order is {_said(labels[1:])}."
    program.step("sort_by_time", {"times_us": times}, labels[1:], text)
    return program
