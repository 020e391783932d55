"""Count the shots, or the changes of shot, in a strip of pictures."""

from collections.abc import Iterator
from itertools import islice
from random import Random

from schemas.items import Task
from stages.fragments.program import Program, seen
from stages.fragments.slate import Draft, Slate, Wish, luck, options, slate
from stages.fragments.strips import Strip, all_differ, in_a_row, random_strip
from stages.fragments.timeline import Film
from stages.fragments.wording import clock, listed, number, pick, seconds

TASK: Task = "count_shots"
SHOTS = (1, 2, 3, 4, 5)
LEAST_COUNTS = 3
"""A film whose items could only answer one or two is not asked."""
TRIES = 12
HOW_MANY = (
    "These {n} pictures run through a stretch of film at equal steps. How many different shots are they from?",
    "How many shots do these {n} pictures, taken {step} apart, come from?",
    "Count the shots: from how many camera takes are these {n} pictures, which are in order?",
    "Going from picture 1 to picture {n}, how many different shots do you see?",
)
HOW_OFTEN = (
    (
        "These {n} pictures run through a stretch of film at equal steps. How many times does it go over to another"
        " shot?"
    ),
    "Between picture 1 and picture {n}, how often does the film change from one shot to another?",
    "The {n} pictures are taken {step} apart. How many times does the shot change between the first and the last?",
    "Follow the pictures from 1 to {n}. How many times does a new shot begin after picture 1?",
)
OPENINGS = (
    "I go from picture to picture and watch for the moments when everything changes at once.",
    "Within a shot the pictures stay alike; a new shot changes setting, framing and light together.",
    "The pictures are in order, so each change of setting from one to the next is a change of shot.",
)
SHOT_NAMES = ("a second", "a third", "a fourth", "a fifth", "a sixth", "a seventh")


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: strips over one shot, two shots and so on, of which each shows in at least two pictures.

    Every count comes up as often as the others that the film's items offer as answers: long runs of shots are harder
    to find than short ones, so small numbers would otherwise be the better guess.
    """
    share = -(-wish.most // LEAST_COUNTS)
    found = [list(islice(_search(film, shots, wish), share)) for shots in SHOTS]
    n_counts = min(wish.most, next((i for i, strips in enumerate(found) if not strips), len(found)))
    if n_counts < LEAST_COUNTS:
        return
    each = max(1, min(wish.most // n_counts, *(len(strips) for strips in found[:n_counts])))
    for strips in found[:n_counts]:
        for strip_, is_distinct in strips[:each]:
            yield _draft(slate(film, TASK, strip_.frames, wish), strip_, (is_distinct, n_counts))


def _search(film: Film, shots: int, wish: Wish) -> Iterator[tuple[Strip, bool]]:
    """Clear strips over so many shots, and whether no two of their shots look alike."""
    chance = luck(wish, film, TASK, shots)
    for takes in in_a_row(film, shots, chance):
        for _ in range(TRIES):
            found = random_strip(film, takes, chance)
            if found and found.is_clear(wish.limits) and _is_worth_counting(found, wish):
                yield found, all_differ(film, takes, wish.limits)
                break


def _is_worth_counting(found: Strip, wish: Wish) -> bool:
    """Whether each shot shows at least twice, and where there is but one, something happens in it."""
    return min(map(len, found.runs)) >= 2 and (len(found.runs) > 1 or found.inside() >= wish.limits.clear)


def _draft(card: Slate, found: Strip, about: tuple[bool, int]) -> Draft:
    is_distinct, n_counts = about
    chance = card.luck()
    # Where a shot comes back, "how many shots" has two answers, "how many changes" has one.
    asks_shots = is_distinct and chance.random() < 0.6
    answers = [_shots(k) if asks_shots else _changes(k - 1) for k in range(1, n_counts + 1)]
    right = answers[len(found.runs) - 1]
    chosen, answer = options(right, [other for other in answers if other != right], chance)
    wording, question = pick(HOW_MANY if asks_shots else HOW_OFTEN, chance)
    n, step = len(found.frames), (found.times_us[-1] - found.times_us[0]) // (len(found.frames) - 1)
    return Draft(
        slate=card,
        wording=wording + (not asks_shots) * len(HOW_MANY),
        question=question.format(n=n, step=seconds(step)),
        options=chosen,
        answer=answer,
        pictures=tuple((frame, str(i + 1)) for i, frame in enumerate(found.frames)),
        program=_program(found, right, chance),
    )


def _shots(k: int) -> str:
    return "One shot" if k == 1 else f"{number(k).capitalize()} shots"


def _changes(k: int) -> str:
    return {0: "Not once", 1: "Once", 2: "Twice"}.get(k, f"{number(k).capitalize()} times")


def _program(found: Strip, right: str, chance: Random) -> Program:
    labels = [str(i + 1) for i in range(len(found.frames))]
    program = Program()
    program.step(
        "take_pictures",
        {"labels": labels},
        found.times_us,
        pick(OPENINGS, chance)[1],
        [seen(found.film, frame, f"picture {label}") for label, frame in zip(labels, found.frames, strict=True)],
    )
    facts = {"steps": found.steps, "largest_inside": found.inside(), "smallest_between": found.between()}
    if len(found.runs) == 1:
        facts["smallest_between"] = None
    program.step("compare_neighbours", {"labels": labels}, facts, runs_told(found))
    program.step("count", {"changes_after": [place + 1 for place in found.changes]}, right, _counted(found, right))
    return program


def runs_told(found: Strip) -> str:
    """Which pictures belong to which shot, in words."""
    spans = [_span(run) for run in found.runs]
    if len(spans) == 1:
        return f"From picture 1 to picture {len(found.frames)} each carries on from the one before; none breaks off."
    told = [f"{span} {name}" for span, name in zip(spans[1:], SHOT_NAMES, strict=False)]
    shows = "shows" if len(found.runs[0]) == 1 else "show"
    return f"{spans[0].capitalize()} {shows} one shot, {listed(told)}."


def _span(run: list[int]) -> str:
    return f"pictures {run[0] + 1} to {run[-1] + 1}" if len(run) > 1 else f"picture {run[0] + 1}"


def _counted(found: Strip, right: str) -> str:
    times = found.times_us
    if not found.changes:
        return f"Nothing is cut between {clock(times[0])} and {clock(times[-1])}, so the answer is: {right.lower()}."
    last = [str(place + 1) for place in found.changes]
    first = clock(times[found.changes[0] + 1])
    when = f"by {first}" if len(last) == 1 else f"for the first time by {first}"
    after = f"picture{'s' * (len(last) > 1)} {listed(last)}"
    return f"The shot changes after {after}, {when}. So the answer is: {right.lower()}."
