"""Say which shot of a stretch of film stays on screen longest."""

from collections.abc import Iterator
from random import Random

import numpy as np

from schemas.items import Task
from stages.fragments import distances
from stages.fragments.count_shots import runs_told
from stages.fragments.program import Program, Seen, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, shuffled, slate
from stages.fragments.stretches import apart, in_turn
from stages.fragments.strips import CLEAR_OF_ENDS_US, Strip, all_differ, in_a_row, random_strip
from stages.fragments.timeline import Film, Looks
from stages.fragments.wording import LETTERS, ORDINALS, clock, listed, number, pick, seconds

TASK: Task = "longest_shot"
SHOTS = (3, 4, 5)
TRIES = 20
WORDINGS = (
    (
        "Pictures 1 to {n} run through {k} shots of a film, at equal steps of time. {letters} are one more picture "
        "of each. Which shot stays on screen longest?"
    ),
    (
        "The numbered pictures, taken {step} apart, show {k} shots one after the other. Of the shots that {letters}"
        " are from, which is the longest in this stretch?"
    ),
    (
        "Of the {k} shots that the evenly spaced pictures 1 to {n} run through, which one lasts longest"
        " there? {letters} show one each."
    ),
    (
        "{letters} are from the {k} shots that pictures 1 to {n} show in order, equally far apart in time. Which "
        "shot takes up most of that time?"
    ),
)
OPENINGS = (
    "The pictures are equally far apart in time, so the shot with the most pictures is the longest.",
    "I first find where each shot begins and ends, then compare how long they last.",
    "Equal steps mean that counting a shot's pictures measures its length.",
)


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: strips over three to five shots, of which one is clearly on screen longest.

    The shots are named by one more picture of each, shuffled: "the second shot" would be the better guess, since shots
    in the middle are shown whole.
    """
    yield from apart(in_turn([_search(film, shots, wish) for shots in SHOTS]), wish)


def _search(film: Film, shots: int, wish: Wish) -> Iterator[Draft]:
    chance = luck(wish, film, TASK, shots)
    for takes in in_a_row(film, shots, chance):
        if not all_differ(film, takes, wish.limits):
            continue
        for _ in range(TRIES):
            found = random_strip(film, takes, chance)
            place = _longest(found, wish) if found and found.is_clear(wish.limits) else None
            faces = _faces(found, wish, chance) if found and place is not None else None
            if found and faces and place is not None:
                yield _draft(slate(film, TASK, [*found.frames, *faces], wish), found, faces, place)
                break


def _longest(found: Strip, wish: Wish) -> int | None:
    """The place of the shot that is the longest by far, in time and in pictures; None when there is none."""
    measured, counts = lengths(found), [len(run) for run in found.runs]
    place = measured.index(max(measured))
    longest, most = measured.pop(place), counts.pop(place)
    return place if longest >= wish.limits.margin * max(measured) and most >= max(counts) + 2 else None


def _faces(found: Strip, wish: Wish, chance: Random) -> list[int] | None:
    """For each shot one more frame of it, which looks like its pictures in the strip and like no other."""
    film, looks, faces = found.film, found.film.looks(found.frames), []
    for run, span in zip(found.runs, _spans(found), strict=True):
        tries = film.at([chance.randint(span.start_us, span.end_us) for _ in range(8)]).tolist()
        fits = (frame for frame in tries if _is_face(found, run, frame, looks, wish))
        faces.append(next(fits, -1))
    return faces if min(faces) >= 0 else None


def _is_face(found: Strip, run: list[int], frame: int, looks: Looks, wish: Wish) -> bool:
    film, take = found.film, found.takes[run[0]]
    is_inside = take.start_us + CLEAR_OF_ENDS_US <= film.time(frame) <= take.end_us - CLEAR_OF_ENDS_US
    if frame in found.frames or not is_inside or not film.shows([frame]).all():
        return False
    gaps = distances.far(looks, film.looks([frame]))
    return bool(np.delete(gaps, run).min() >= max(wish.limits.apart, wish.limits.margin * gaps[run].min()))


def lengths(found: Strip) -> list[int]:
    """How long each shot is on screen between the first picture and the last, in microseconds."""
    start, end = found.times_us[0], found.times_us[-1]
    takes = [found.takes[run[0]] for run in found.runs]
    return [min(take.end_us, end) - max(take.start_us, start) for take in takes]


def _draft(card: Slate, found: Strip, faces: list[int], place: int) -> Draft:
    chance = card.luck()
    order = shuffled(range(len(faces)), chance)
    letters = {shot: LETTERS[i] for i, shot in enumerate(order)}
    names = [f"The one in picture {letters[shot]}" for shot in range(len(faces))]
    chosen, answer = options(names[place], [other for other in names if other != names[place]], chance)
    wording, question = pick(WORDINGS, chance)
    n, step = len(found.frames), (found.times_us[-1] - found.times_us[0]) // (len(found.frames) - 1)
    pictures = [(frame, str(i + 1)) for i, frame in enumerate(found.frames)]
    pictures += [(faces[shot], letters[shot]) for shot in order]
    said = {"n": n, "k": number(len(faces)), "step": seconds(step), "letters": listed(sorted(letters.values()))}
    return Draft(
        slate=card,
        wording=wording,
        question=question.format(**said),
        options=chosen,
        answer=answer,
        pictures=tuple(pictures),
        program=_program(found, pictures, (place, letters), pick(OPENINGS, chance)[1]),
    )


def _program(found: Strip, pictures: list[tuple[int, str]], truth: tuple[int, dict[int, str]], opening: str) -> Program:
    place, letters = truth
    labels = [label for _, label in pictures]
    program = Program()
    shown = [seen(found.film, frame, f"picture {label}") for frame, label in pictures]
    program.step("take_pictures", {"labels": labels}, [found.film.time(frame) for frame, _ in pictures], opening, shown)
    facts = {"steps": found.steps, "largest_inside": found.inside(), "smallest_between": found.between()}
    program.step("compare_neighbours", {"labels": labels[: len(found.frames)]}, facts, runs_told(found))
    measured, counts = lengths(found), [len(run) for run in found.runs]
    told = f"That makes {listed([number(count) for count in counts])} pictures, or about {_in_seconds(measured)}."
    shots = [found.takes[run[0]].shot_id for run in found.runs]
    program.step("measure_shots", {"shots": shots, "pictures": counts}, measured, told, _spans(found))
    start = clock(_spans(found)[place].start_us)
    text = f"The {ORDINALS[place]} shot is therefore on screen longest, from about {start} on."
    program.step("choose_longest", {"lengths_us": measured}, place + 1, text)
    program.step("name_shot", {"letters": letters}, letters[place], f"It is the shot in picture {letters[place]}.")
    return program


def _in_seconds(lengths_us: list[int]) -> str:
    return listed([f"{length / 1e6:.1f}" for length in lengths_us]) + " seconds"


def _spans(found: Strip) -> list[Seen]:
    start, end = found.times_us[0], found.times_us[-1]
    takes = [found.takes[run[0]] for run in found.runs]
    return [
        Seen(max(take.start_us, start), min(take.end_us, end), f"the {ORDINALS[i]} shot", take.shot_id)
        for i, take in enumerate(takes)
    ]
