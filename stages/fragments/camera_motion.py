"""Name what the camera does in a shot."""

from collections.abc import Iterator
from random import Random

import numpy as np

from schemas.items import Task
from stages.fragments import distances
from stages.fragments.program import Program, Seen, seen
from stages.fragments.slate import Draft, Slate, Wish, options, slate
from stages.fragments.stretches import alive, apart
from stages.fragments.timeline import Film, Frames, Take
from stages.fragments.wording import clock, percent, pick

TASK: Task = "camera_motion"
N = 6
LONGEST_US = 8_000_000
LEAST = {"pan": 0.2, "tilt": 0.25, "zoom": 0.2}
"""What a camera must do at least over a shot: picture widths, picture heights, and the logarithm of the scale."""
LEAST_FIT = 0.3
"""The least part of the change between frames that the measured motion must explain, on average over the shot."""
EDGES_STAY = 0.46
MOVES = {
    "static": "The camera stands still",
    "pan left": "It pans to the left",
    "pan right": "It pans to the right",
    "tilt up": "It tilts up",
    "tilt down": "It tilts down",
    "zoom in": "It zooms in, or moves closer",
    "zoom out": "It zooms out, or moves back",
}
WORDINGS = (
    "These pictures run through one shot, in order. What does the camera do?",
    "Six moments of a single shot, from beginning to end. How does the camera move?",
    "Look at what stays in the picture and what leaves it: how is the camera moved in this shot?",
    "The pictures are from one shot and in order. Which of these describes the camera?",
)
OPENINGS = (
    "What matters is how the whole setting shifts in the picture, not what moves within it.",
    "I follow fixed things in the setting from picture to picture.",
    "The camera's own motion shows in the background.",
)
SHIFTS = {
    "static": "The setting stays where it is from picture 1 to picture 6, while other things move.",
    "pan left": (
        "Over the whole shot the setting slides to the right, by {size} of the picture's width, and new things come in"
        " at the left."
    ),
    "pan right": (
        "Over the whole shot the setting slides to the left, by {size} of the picture's width, and new things come in"
        " at the right."
    ),
    "tilt up": (
        "Over the whole shot the setting slides down, by {size} of the picture's height, and new things come in at the"
        " top."
    ),
    "tilt down": (
        "Over the whole shot the setting slides up, by {size} of the picture's height, and new things come in at the"
        " bottom."
    ),
    "zoom in": (
        "Over the whole shot the setting grows, to {size} of its size at the beginning, and what was near the edges"
        " leaves the picture."
    ),
    "zoom out": (
        "Over the whole shot the setting shrinks, to {size} of its size at the beginning, and more comes into the"
        " picture at the edges."
    ),
}


def drafts(film: Film, wish: Wish) -> Iterator[Draft]:
    """Items of one film: shots with one clear camera move, and at most as many in which the camera stands still."""
    takes = alive(film, TASK, wish)
    moving = [draft for take in takes if take.camera != "static" and (draft := _of(film, take, wish))]
    # Fixed cameras are so common that "stands still" would be the best guess: one for every three that move, or one.
    static = (draft for take in takes if take.camera == "static" and (draft := _of(film, take, wish)))
    most = max(1, min(len(moving), wish.most) // 3)
    chosen = [draft for draft, _ in zip(static, range(most), strict=False)]
    yield from apart([*moving[: wish.most - len(chosen)], *chosen], wish)


def _of(film: Film, take: Take, wish: Wish) -> Draft | None:
    start, end = take.inner_us
    end = min(end, start + LONGEST_US) if take.camera == "static" else end
    frames = film.within(take, np.linspace(start, max(start, end), N))
    if end - start < 700_000 or not film.shows(frames).all() or not _is_plain(film, take, frames, wish):
        return None
    return _draft(slate(film, TASK, frames.tolist(), wish), take, frames)


def _is_plain(film: Film, take: Take, frames: Frames, wish: Wish) -> bool:
    """Whether the camera does this one thing, far enough, and the whole shot agrees."""
    if take.camera == "static":
        return _stands_still(film, frames, wish)
    sizes = {"pan": abs(take.pan), "tilt": abs(take.tilt), "zoom": abs(take.zoom)}
    kind = take.camera.split()[0]
    if kind not in LEAST or sizes[kind] < LEAST[kind] or take.fit < LEAST_FIT:
        return False
    if max(_staying(film, frames)) > EDGES_STAY:
        return False
    others = max(size for name, size in sizes.items() if name != kind)
    is_straight = kind == "zoom" or take.wander < 1.3 * sizes[kind]
    shows = float(distances.steps(film.looks(frames)).min()) >= 0.5 * wish.limits.clear
    return others < 0.35 * sizes[kind] and is_straight and shows


def _stands_still(film: Film, frames: Frames, wish: Wish) -> bool:
    """Whether something moves, but the edges in the picture stay where they are."""
    shows = float(distances.steps(film.looks(frames)).max()) >= wish.limits.clear
    return shows and min(_staying(film, frames)) > EDGES_STAY


def _staying(film: Film, frames: Frames) -> list[float]:
    """The share of edges that stay, between four pairs of the pictures that lie well apart.

    What the motion of the camera is measured by may take a large thing that moves before an even background for the
    setting; edges in the background then stay where they are.
    """
    looks = film.looks(frames)
    return [distances.staying(looks[one], looks[other]) for one, other in ((0, -1), (-1, 0), (0, N // 2), (2, -1))]


def _draft(card: Slate, take: Take, frames: Frames) -> Draft:
    chance = card.luck()
    right = MOVES[take.camera]
    chosen, answer = options(right, [move for move in MOVES.values() if move != right], chance)
    wording, question = pick(WORDINGS, chance)
    return Draft(
        slate=card,
        wording=wording,
        question=question,
        options=chosen,
        answer=answer,
        pictures=tuple((int(frame), str(i + 1)) for i, frame in enumerate(frames)),
        program=_program(card.film, take, frames, chance),
    )


def _program(film: Film, take: Take, frames: Frames, chance: Random) -> Program:
    labels = [str(i + 1) for i in range(N)]
    program = Program()
    shown = [seen(film, int(frame), f"picture {label}") for label, frame in zip(labels, frames, strict=True)]
    program.step("take_pictures", {"labels": labels}, film.times_us[frames], pick(OPENINGS, chance)[1], shown)
    facts = {"pan": take.pan, "tilt": take.tilt, "zoom": take.zoom, "wander": take.wander, "fit": take.fit}
    whole = [Seen(take.start_us, take.end_us, "the whole shot", take.shot_id)]
    program.step("measure_camera", {"shot": take.shot_id}, facts, SHIFTS[take.camera].format(size=_size(take)), whole)
    times = f"between {clock(film.time(int(frames[0])))} and {clock(film.time(int(frames[-1])))}"
    move = MOVES[take.camera].replace("It ", "the camera ").replace("The ", "the ")
    program.step("name_move", facts, take.camera, f"So {times} {move}.")
    return program


def _size(take: Take) -> str:
    if take.camera.startswith("zoom"):
        return percent(float(np.exp(take.zoom)))
    return percent(abs(take.pan if take.camera.startswith("pan") else take.tilt))
