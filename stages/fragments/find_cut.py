"""Find the change of shot in a strip of pictures, and say of what kind it is."""

from collections.abc import Iterator
from itertools import islice
from random import Random

from schemas.items import Task
from stages.fragments import blends
from stages.fragments.joints import Change, Joint, hard, joints, soft
from stages.fragments.program import Program, Seen, seen
from stages.fragments.slate import Draft, Wish, luck, options, slate
from stages.fragments.timeline import Film
from stages.fragments.wording import clock, pick, seconds

TASK: Task = "find_cut"
N = 8
STEPS_US = (200_000, 280_000, 360_000, 480_000, 640_000)
KIND_N = 10
SPAN = 4
PLACES = ((0, 4), (0, 5), (1, 5))
"""The places, from 0, at which two spans of four steps can begin without overlapping."""
NAMES = {"cut": "A hard cut", "dissolve": "A dissolve", "fade": "A fade", "wipe": "A wipe"}
WHERE = (
    "There is one cut in these {n} pictures, taken {step} apart. Between which two pictures does it fall?",
    "These {n} pictures are in order. Where does the film cut from one shot to the next?",
    "Going from picture 1 to picture {n}, where does the new shot begin?",
    "At some point in these {n} pictures the shot changes. Between which neighbours?",
)
WHICH = (
    "In these {n} pictures, taken {step} apart, one shot gives way to another. Where, and how?",
    "One shot ends and another begins in this strip of {n} pictures. Find the place and the kind of transition.",
    "These {n} pictures hold one transition between two shots. Where does it lie, and of what kind is it?",
    "How does the film get from the shot in picture 1 to the shot in picture {n}, and between which pictures?",
)
OPENINGS = (
    "I compare each picture with the one before it.",
    "I read along the strip and look for the place where the setting changes.",
    "Before the transition the pictures show one shot, after it another.",
)


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: place and kind of a transition, hard cuts as often as gradual ones; and places of cuts."""
    found = joints(film, wish, TASK)
    gradual = [change for joint in found if joint.kind in blends.KINDS and (change := _soft(film, joint, wish))]
    cuts = [joint for joint in found if joint.kind == "cut"]
    paired: list[Draft] = []
    used: set[int] = set()
    for change in gradual:
        # Each gradual transition comes with a hard cut that has the same two kinds to choose from, at the same step:
        # so neither kind is the more likely one, whatever films are made of.
        match = next(
            (made for cut in cuts if cut.after.number not in used and (made := _hard(film, cut, change, wish))), None
        )
        if match and len(paired) < wish.most * 2 // 3:
            used.add(match.joint.after.number)
            kinds = ("cut", change.joint.kind)
            paired += [_kind_draft(film, made, kinds, wish) for made in (change, match)]
    yield from paired
    places = (_place(film, cut, wish) for cut in cuts if cut.after.number not in used)
    yield from islice((draft for draft in places if draft), max(0, wish.most - len(paired)))


def _soft(film: Film, joint: Joint, wish: Wish) -> Change | None:
    chance = luck(wish, film, TASK, joint.after.shot_id)
    tries = chance.sample(range(KIND_N - SPAN), KIND_N - SPAN)
    places = [place for place in tries if any(place in pair for pair in PLACES)]
    return next((made for place in places if (made := soft(film, joint, KIND_N, place, wish.limits))), None)


def _hard(film: Film, joint: Joint, like: Change, wish: Wish) -> Change | None:
    """A strip with this cut at the same step as a gradual transition's, somewhere in a span of four steps."""
    chance = luck(wish, film, TASK, joint.after.shot_id)
    begins = [chance.choice([place for pair in PLACES for place in pair]) + chance.randrange(SPAN) for _ in range(12)]
    tries = (hard(film, joint, (KIND_N, like.step_us, place), wish.limits, chance) for place in begins)
    return next((made for made in tries if made), None)


def _place(film: Film, joint: Joint, wish: Wish) -> Draft | None:
    chance = luck(wish, film, TASK, joint.after.shot_id)
    place = chance.randrange(N - 1)
    tries = (
        hard(film, joint, (N, step, place), wish.limits, chance) for step in chance.sample(STEPS_US, len(STEPS_US))
    )
    change = next((made for made in tries if made), None)
    if change is None:
        return None
    card = slate(film, TASK, change.frames, wish)
    chance = card.luck()
    wrong = chance.sample([other for other in range(N - 1) if other != change.first], 3)
    chosen, answer = options(
        _between(change.first, change.last), [_between(other, other + 1) for other in wrong], chance
    )
    wording, question = pick(WHERE, chance)
    return Draft(
        slate=card,
        wording=wording,
        question=question.format(n=N, step=seconds(change.step_us)),
        options=tuple(option[0].upper() + option[1:] for option in chosen),
        answer=answer,
        pictures=tuple((frame, str(i + 1)) for i, frame in enumerate(change.frames)),
        program=_program(film, change, _between(change.first, change.last), chance),
    )


def _kind_draft(film: Film, change: Change, kinds: tuple[str, str], wish: Wish) -> Draft:
    card = slate(film, TASK, change.frames, wish)
    chance = card.luck()
    # The span that holds the transition, and one that does not.
    fitting = [
        (pair, begin) for pair in PLACES for begin in pair if begin <= change.first and change.last <= begin + SPAN
    ]
    pair, true_begin = chance.choice(fitting)
    names = {(kind, begin): f"{NAMES[kind]}, {_between(begin, begin + SPAN)}" for kind in kinds for begin in pair}
    right = names[change.joint.kind, true_begin]
    chosen, answer = options(right, [name for name in names.values() if name != right], chance)
    wording, question = pick(WHICH, chance)
    return Draft(
        slate=card,
        wording=wording + len(WHERE),
        question=question.format(n=KIND_N, step=seconds(change.step_us)),
        options=chosen,
        answer=answer,
        pictures=tuple((frame, str(i + 1)) for i, frame in enumerate(change.frames)),
        program=_program(film, change, right[0].lower() + right[1:], chance),
    )


def _between(first: int, last: int) -> str:
    return f"between pictures {first + 1} and {last + 1}"


def _program(film: Film, change: Change, right: str, chance: Random) -> Program:
    labels = [str(i + 1) for i in range(len(change.frames))]
    times = [film.time(frame) for frame in change.frames]
    program = Program()
    shown = [seen(film, frame, f"picture {label}") for label, frame in zip(labels, change.frames, strict=True)]
    program.step("take_pictures", {"labels": labels}, times, pick(OPENINGS, chance)[1], shown)
    last, first = labels[change.first], labels[change.last]
    told = f"Up to picture {last} the setting stays the same, and from picture {first} on there is another one."
    facts = {"largest_inside": change.inside, "across": change.across}
    program.step("compare_neighbours", {"labels": labels}, facts, told)
    joint = change.joint
    where = Seen(joint.start_us, max(joint.after.start_us, joint.start_us + 1), f"a {joint.kind}", joint.after.shot_id)
    program.step("look_between", {"labels": labels[change.first : change.last + 1]}, joint.kind, _looks(film, change))
    text = f"So it is {right}, at about {clock((joint.start_us + joint.after.start_us) // 2)}."
    program.step("answer", {}, right, text, [where])
    return program


def _looks(film: Film, change: Change) -> str:
    place = (change.first + change.last) // 2
    middle = f"Picture {place + 1}"
    level = blends.level(film.looks([change.frames[place]])[0])
    return {
        "cut": "No picture mixes the two: one shot ends and the other is there at once.",
        "dissolve": f"{middle} shows both on top of each other: the one dissolves into the other.",
        "fade": f"{middle} has sunk into {level}: the first shot fades away before the second comes up.",
        "wipe": f"{middle} shows the new shot in one part and the old one in the rest: a wipe moves across.",
    }[change.joint.kind]
