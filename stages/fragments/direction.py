"""Say in which direction a stretch of film is played, given the moment before it."""

from collections.abc import Iterator
from random import Random

from schemas.items import Task
from stages.fragments import distances
from stages.fragments.order import Order, one_way
from stages.fragments.program import Program, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, slate
from stages.fragments.stretches import from_takes, windows
from stages.fragments.timeline import Film, Frames, Take
from stages.fragments.wording import clock, pick

TASK: Task = "direction"
N = 6
PLAYED = {
    "Forwards": (0, 1, 2, 3, 4, 5),
    "Backwards": (5, 4, 3, 2, 1, 0),
    "Forwards at first, then backwards": (0, 2, 4, 5, 3, 1),
    "Backwards at first, then forwards": (4, 2, 0, 1, 3, 5),
}
WORDINGS = (
    (
        "Picture 1 shows the moment just before a short stretch of film. Pictures 2 to 7 show that stretch as "
        "somebody played it. In which direction did it run?"
    ),
    (
        "The shot had reached picture 1. The stretch that comes next was then played in an unknown direction, which"
        " gave pictures 2 to 7. How was it played?"
    ),
    (
        "Pictures 2 to 7 are what follows picture 1 in the film, but the tape may have been run either way. How was"
        " it run?"
    ),
    (
        "Picture 1 is the earliest moment. Was the stretch after it, seen in pictures 2 to 7, played forwards, "
        "backwards, or first one way and then the other?"
    ),
)
OPENINGS = (
    "Picture 1 was filmed before all the others, so the more a picture differs from it, the later it was filmed.",
    "What was filmed right after picture 1 must look most like it.",
    "I hold each picture against picture 1, which was filmed first.",
)


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: the moment before, and six pictures of what follows, played one way or another."""

    def search(take: Take) -> Iterator[Draft]:
        chance = luck(wish, film, TASK, take.shot_id)
        for frames in windows(film, take, N + 1, 0.8 * wish.limits.clear, chance):
            order = _order(film, frames, wish)
            if order:
                yield _draft(slate(film, TASK, frames.tolist(), wish), frames, order)

    yield from from_takes(film, TASK, wish, search)


def _order(film: Film, frames: Frames, wish: Wish) -> Order | None:
    """The proof that the direction can be seen: four ways of playing are told apart more easily than all orders."""
    looks = film.looks(frames)
    way = one_way(film, frames)
    between = distances.table(looks)
    nearest = distances.nearest_pair(between)
    if way is None or nearest < 0.8 * wish.limits.clear:
        return None
    return Order(*way, nearest, distances.detour(between))


def _draft(card: Slate, frames: Frames, order: Order) -> Draft:
    chance = card.luck()
    right = chance.choice(list(PLAYED))
    chosen, answer = options(right, [other for other in PLAYED if other != right], chance)
    wording, question = pick(WORDINGS, chance)
    places = [0, *(place + 1 for place in PLAYED[right])]
    return Draft(
        slate=card,
        wording=wording,
        question=question,
        options=chosen,
        answer=answer,
        pictures=tuple((int(frames[place]), str(i + 1)) for i, place in enumerate(places)),
        program=_program(card.film, frames, places, (order, right), chance),
    )


def _program(film: Film, frames: Frames, places: list[int], truth: tuple[Order, str], chance: Random) -> Program:
    order, right = truth
    shown = [int(frames[place]) for place in places]
    times = [film.time(frame) for frame in shown]
    values = [order.values[place] for place in places]
    program = Program()
    program.step(
        "take_pictures",
        {"labels": [str(i + 1) for i in range(N + 1)]},
        times,
        pick(OPENINGS, chance)[1],
        [seen(film, frame, f"picture {i + 1}") for i, frame in enumerate(shown)],
    )
    facts = {**order.facts, "values": values}
    program.step("compare_with_first", {"labels": [str(i + 2) for i in range(N)]}, facts, _told(order, places))
    program.step("follow_times", {"times_us": times}, right, _followed(right, times))
    return program


def _told(order: Order, places: list[int]) -> str:
    like, unlike = places.index(1) + 1, places.index(N) + 1
    if order.kind == "drift":
        return f"Picture {like} is most like picture 1, and picture {unlike} is the least like it."
    return (
        f"What moves is nearest to its place in picture 1 in picture {like}, and has moved furthest away in "
        f"picture {unlike}."
    )


def _followed(right: str, times: list[int]) -> str:
    first, last = clock(times[1]), clock(times[-1])
    ways = {
        "Forwards": f"From picture 2 to picture 7 the change only grows, from {first} to {last}: the stretch was "
        "played forwards.",
        "Backwards": f"From picture 2 to picture 7 the change only shrinks, from {first} back to {last}: the stretch "
        "was played backwards.",
        "Forwards at first, then backwards": f"The change grows up to picture 5, at {clock(times[4])}, and shrinks "
        "after it: the stretch was played forwards at first, then backwards.",
        "Backwards at first, then forwards": f"The change shrinks up to picture 4, at {clock(times[3])}, and grows "
        "after it: the stretch was played backwards at first, then forwards.",
    }
    return ways[right]
