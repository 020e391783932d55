"""Say whether pictures of one shot stand in the right order, or which two have changed places."""

from collections.abc import Iterator
from itertools import combinations
from random import Random

from schemas.items import Task
from stages.fragments.order import Order, proof
from stages.fragments.program import Program, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, slate
from stages.fragments.stretches import from_takes, windows
from stages.fragments.timeline import Film, Frames, Take
from stages.fragments.wording import clock, pick

TASK: Task = "in_order"
N = 6
WORDINGS = (
    (
        "These {n} pictures are from one shot, and picture 1 is the earliest. Do they stand in the order in which "
        "they were filmed?"
    ),
    "Picture 1 comes first. Are pictures 2 to {n} shown in the right order after it?",
    "Are these {n} moments of one shot, which starts from picture 1, lined up correctly in time?",
    "Reading from picture 1 to picture {n}, does time always move forward?",
)
WHICH = (
    (
        "These {n} pictures are from one shot, and picture 1 is the earliest. Is the order right, or have two "
        "pictures changed places?"
    ),
    "Picture 1 is where it belongs, at the beginning. Perhaps two of the others have been swapped. Which?",
    "Someone may have swapped two of pictures 2 to {n}; picture 1 is certainly first. What is true?",
    "Check the order of these pictures of one shot, which begins with picture 1. What do you find?",
)
YES, NO = "Yes, they are in order", "No, they are not in order"
KEPT = "All of them are in the right order"
SWAPS = tuple(pair for pair in combinations(range(1, N), 2) if pair[1] - pair[0] > 1)


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: six pictures of a shot, as they came or with two of them exchanged."""

    def search(take: Take) -> Iterator[Draft]:
        chance = luck(wish, film, TASK, take.shot_id)
        for frames in windows(film, take, N, wish.limits.clear, chance):
            order = proof(film, frames, wish.limits)
            if order:
                yield _draft(slate(film, TASK, frames.tolist(), wish), frames, order)

    yield from from_takes(film, TASK, wish, search)


def _draft(card: Slate, frames: Frames, order: Order) -> Draft:
    chance = card.luck()
    asks_which = chance.random() < 0.5
    wrong = chance.sample(SWAPS, 3)
    swap = chance.choice([None, *wrong]) if asks_which else chance.choice([None, wrong[0]])
    answers = [KEPT, *map(_swapped, wrong)] if asks_which else [YES, NO]
    right = (KEPT if swap is None else _swapped(swap)) if asks_which else (YES if swap is None else NO)
    chosen, answer = options(right, [other for other in answers if other != right], chance)
    wording, question = pick(WHICH if asks_which else WORDINGS, chance)
    shown = _shown(frames, swap)
    return Draft(
        slate=card,
        wording=wording + asks_which * len(WORDINGS),
        question=question.format(n=N),
        options=chosen,
        answer=answer,
        pictures=tuple((frame, str(place + 1)) for place, frame in enumerate(shown)),
        program=_program(card.film, shown, order, (swap, right), chance),
    )


def _swapped(pair: tuple[int, int]) -> str:
    return f"Pictures {pair[0] + 1} and {pair[1] + 1} have changed places"


def _shown(frames: Frames, swap: tuple[int, int] | None) -> list[int]:
    shown = [int(frame) for frame in frames]
    if swap:
        shown[swap[0]], shown[swap[1]] = shown[swap[1]], shown[swap[0]]
    return shown


def _program(
    film: Film, shown: list[int], order: Order, truth: tuple[tuple[int, int] | None, str], chance: Random
) -> Program:
    swap, right = truth
    labels = [str(place + 1) for place in range(N)]
    true = [labels[shown.index(frame)] for frame in sorted(shown)]
    times = {label: film.time(frame) for label, frame in zip(labels, shown, strict=True)}
    program = Program()
    opening = pick(OPENINGS, chance)[1]
    program.step(
        "take_pictures",
        {"labels": labels},
        times,
        opening,
        [seen(film, shown[i], f"picture {i + 1}") for i in range(N)],
    )
    program.step("compare_with_first", {"labels": true[1:]}, order.facts, order.told(true))
    program.step("find_swap", {"order": true}, swap and [swap[0] + 1, swap[1] + 1], _found(true, swap, times))
    program.step("answer", {}, right, f"{right}.")
    return program


OPENINGS = (
    "If the order is right, the picture changes little by little from each picture to the next.",
    "Picture 1 is certainly first, so I follow the change from there.",
    "In one shot without a cut, a picture out of place shows as a jump there and back.",
)


def _found(true: list[str], swap: tuple[int, int] | None, times: dict[str, int]) -> str:
    if swap is None:
        return f"That is the order in which they are shown, from {clock(times['1'])} to {clock(times[str(N)])}."
    one, two = swap[0] + 1, swap[1] + 1
    return (
        f"The true order is therefore {', '.join(true)}: picture {two} belongs where picture {one} is shown, "
        f"and picture {one} where picture {two} is."
    )
