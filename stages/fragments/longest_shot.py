"""Say which shot of a stretch of film stays on screen longest."""

from collections.abc import Iterator
from itertools import islice

from schemas.items import Task
from stages.fragments.count_shots import runs_told
from stages.fragments.program import Program, Seen, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, slate
from stages.fragments.stretches import apart, in_turn
from stages.fragments.strips import MUCH, SOME, Strip, all_differ, in_a_row, random_strip
from stages.fragments.timeline import Film, Take
from stages.fragments.wording import ORDINALS, clock, listed, number, pick, seconds

TASK: Task = "longest_shot"
SHOTS = (3, 4, 5)
TRIES = 12
WORDINGS = (
    (
        "These {n} pictures show {k} shots one after the other, at equal steps of time. Which shot stays on screen "
        "longest?"
    ),
    "The stretch of film in these pictures, taken {step} apart, has {k} shots. Which of them is the longest?",
    "Of the {k} shots that these evenly spaced pictures run through, which one lasts longest?",
    (
        "Pictures 1 to {n} are in order and equally far apart in time. Of the {k} shots in them, which takes up "
        "most time?"
    ),
)
OPENINGS = (
    "The pictures are equally far apart in time, so the shot with the most pictures is the longest.",
    "I first find where each shot begins and ends, then compare how long they last.",
    "Equal steps mean that counting a shot's pictures measures its length.",
)


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: strips over three to five shots, of which one is clearly on screen longest."""
    chance = luck(wish, film, TASK)
    rows = {
        shots: [row for row in in_a_row(film, shots, chance) if all_differ(film, row, wish.limits)] for shots in SHOTS
    }
    wanted = chance.sample([(shots, place) for shots in SHOTS for place in range(shots)], sum(SHOTS))
    # One of each at most: in a film of short shots the middle ones would win too often, and could be guessed.
    found = [islice(_search(film, rows[shots], place, wish), 1) for shots, place in wanted]
    yield from apart(in_turn(found), wish)


def _search(film: Film, rows: list[tuple[Take, ...]], place: int, wish: Wish) -> Iterator[Draft]:
    """Strips over these takes, of which the one at that place is the longest: every place comes up as often."""
    for takes in rows:
        chance = luck(wish, film, TASK, takes[0].shot_id, len(takes), place)
        shares = (MUCH if place == 0 else SOME, MUCH if place == len(takes) - 1 else SOME)
        for _ in range(TRIES):
            found = random_strip(film, takes, chance, shares)
            if found and _is_longest(found, place, wish) and found.is_clear(wish.limits):
                yield _draft(slate(film, TASK, found.frames, wish), found, place)
                break


def _is_longest(found: Strip, place: int, wish: Wish) -> bool:
    """Whether the shot at that place is the longest by far, in time and in pictures."""
    seen_us = lengths(found)
    pictures = [len(run) for run in found.runs]
    longest, most = seen_us.pop(place), pictures.pop(place)
    return longest >= wish.limits.margin * max(seen_us) and most >= max(pictures) + 2


def lengths(found: Strip) -> list[int]:
    """How long each shot is on screen between the first picture and the last, in microseconds."""
    start, end = found.times_us[0], found.times_us[-1]
    takes = [found.takes[run[0]] for run in found.runs]
    return [min(take.end_us, end) - max(take.start_us, start) for take in takes]


def _draft(card: Slate, found: Strip, place: int) -> Draft:
    chance = card.luck()
    names = [name(i) for i in range(len(found.runs))]
    chosen, answer = options(names[place], [other for other in names if other != names[place]], chance)
    wording, question = pick(WORDINGS, chance)
    n, step = len(found.frames), (found.times_us[-1] - found.times_us[0]) // (len(found.frames) - 1)
    return Draft(
        slate=card,
        wording=wording,
        question=question.format(n=n, k=number(len(found.runs)), step=seconds(step)),
        options=chosen,
        answer=answer,
        pictures=tuple((frame, str(i + 1)) for i, frame in enumerate(found.frames)),
        program=_program(found, place, pick(OPENINGS, chance)[1]),
    )


def _program(found: Strip, place: int, opening: str) -> Program:
    labels = [str(i + 1) for i in range(len(found.frames))]
    program = Program()
    shown = [seen(found.film, frame, f"picture {label}") for label, frame in zip(labels, found.frames, strict=True)]
    program.step("take_pictures", {"labels": labels}, found.times_us, opening, shown)
    facts = {"steps": found.steps, "largest_inside": found.inside(), "smallest_between": found.between()}
    program.step("compare_neighbours", {"labels": labels}, facts, runs_told(found))
    measured, counts = lengths(found), [len(run) for run in found.runs]
    told = f"That makes {listed([number(count) for count in counts])} pictures, or about {_in_seconds(measured)}."
    shots = [found.takes[run[0]].shot_id for run in found.runs]
    program.step("measure_shots", {"shots": shots, "pictures": counts}, measured, told, _spans(found))
    text = f"{name(place)} is therefore on screen longest, from about {clock(_spans(found)[place].start_us)} on."
    program.step("choose_longest", {"lengths_us": measured}, place + 1, text)
    return program


def name(place: int) -> str:
    """The name of a shot by its place."""
    return f"The {ORDINALS[place]} shot"


def _in_seconds(lengths_us: list[int]) -> str:
    return listed([f"{length / 1e6:.1f}" for length in lengths_us]) + " seconds"


def _spans(found: Strip) -> list[Seen]:
    start, end = found.times_us[0], found.times_us[-1]
    takes = [found.takes[run[0]] for run in found.runs]
    return [
        Seen(max(take.start_us, start), min(take.end_us, end), f"the {ORDINALS[i]} shot", take.shot_id)
        for i, take in enumerate(takes)
    ]
