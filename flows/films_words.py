"""What films made by ``flows/films.py`` show, in words, and the facts that follow from it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from flows.films_backdrops import Color
from infra.rehearsal.truth import Fact, Shot, Words

ORDINALS = ("", "", "second ", "third ", "fourth ", "fifth ")
PLACES = {
    "hills": "ranges of hills under a low sun",
    "city": "rows of houses above a street",
    "sea": "open water with far islands",
    "desert": "dunes under a plain sky",
    "forest": "tree trunks in mist",
    "space": "a banded planet among stars",
    "table": "a wooden table with sheets of paper",
    "fields": "farmland from the air with a river",
    "reef": "coral under water",
    "mural": "flat geometric shapes on plaster",
}
ELSEWHERE = ("a crowded railway station", "a kitchen with copper pans", "a library hall", "a frozen waterfall")
CAMERA = {
    "static": "holds still",
    "pan right": "pans to the right",
    "pan left": "pans to the left",
    "tilt up": "tilts upward",
    "tilt down": "tilts downward",
    "zoom in": "zooms in",
    "zoom out": "zooms out",
}
PALETTE: dict[str, Color] = {
    "red": (220, 60, 50), "orange": (240, 150, 45), "yellow": (245, 210, 80), "green": (90, 170, 110),
    "turquoise": (80, 195, 190), "blue": (55, 110, 190), "violet": (125, 90, 220), "pink": (246, 190, 200),
    "brown": (120, 70, 44), "cream": (246, 236, 214), "white": (250, 250, 250), "black": (40, 42, 50),
}  # fmt: skip
LINES = (
    "We have waited here since dawn.",
    "Nobody told me that it would be this quiet.",
    "Look over there, before it is gone.",
    "I counted the steps twice, and it was never the same.",
    "Give me the map, and I will find the way.",
    "It was larger when we were children.",
    "Listen: the wind has turned.",
    "Tomorrow we begin again from the other side.",
)


@dataclass(frozen=True)
class Manner:
    """How a mover is told: its name, what it does, what it does not, and which drawn things show its colour."""

    name: str
    does: str
    not_: tuple[str, ...]
    color_of: str = ""
    picked: tuple[int, ...] = (0,)
    verb: str = "do"


MANNERS = {
    "balloon": Manner("the hot-air balloon", "rises", ("sinks", "spins round", "lands"), "disc", (0, 1), "does"),
    "birds": Manner("the birds", "fly from left to right", ("fly from right to left", "sit in a tree"), "line"),
    "cars": Manner("the cars", "drive in two directions", ("wait at a barrier", "all drive the same way")),
    "boat": Manner("the boat", "sails to the right", ("sails to the left", "lies at anchor"), "shape", (1,), "does"),
    "balls": Manner("the balls", "bounce lower each time", ("roll to a stop", "bounce higher each time")),
    "flakes": Manner("the flakes", "fall and sway", ("rise like smoke", "whirl in a circle"), "disc"),
    "comet": Manner("the comet", "flies to the right", ("flies to the left", "breaks apart"), verb="does"),
    "fish": Manner("the fish", "swim past each other", ("lie on the sand", "leap out of the water")),
    "mill": Manner("the windmill", "turns clockwise", ("turns anticlockwise", "stands idle"), "shape", verb="does"),
    "ring": Manner("the discs", "circle clockwise", ("circle anticlockwise", "fall down one by one")),
}
"""By the mover's function in ``flows/films_movers.py``. ``color_of`` is empty where the colours are many."""


def color_name(color: Color) -> str:
    """The name of the nearest colour that has one."""
    return min(PALETTE, key=lambda name: math.dist(PALETTE[name], color))


def facts_of(video: str, shots: Sequence[Shot], speech: Sequence[Words]) -> list[Fact]:
    """The facts of a film, numbered in the order in which they are found."""
    facts: list[Fact] = []
    shown = {shot.setting for shot in shots}

    def add(kind: str, shot: Shot, told: tuple[str, str, str], others: Sequence[str]) -> None:
        text, question, value = told
        facts.append(
            Fact(
                fact_id=f"{video}-{len(facts):03d}",
                video_id=video,
                start_us=shot.start_us,
                end_us=shot.end_us,
                kind=kind,
                text=text,
                question=question,
                value=value,
                others=tuple(one for one in others if one != value),
            )
        )

    for shot, before in zip(shots, (None, *shots[:-1]), strict=True):
        unseen = [place for place in (*PLACES.values(), *ELSEWHERE) if place not in shown]
        told = (f"The scene shows {shot.setting}.", "Which of these does the scene show?", shot.setting)
        add("setting", shot, told, unseen)
        _add_camera(add, shot)
        if shot.subject:
            _add_subject(add, shot)
        if before:
            told = (
                f"Right after {before.setting}, the film goes on to {shot.setting}.",
                f"What does the film go on to right after {before.setting}?",
                shot.setting,
            )
            add("order", shot, told, [one.setting for one in shots if one.setting != before.setting])
    for words, shot in zip(speech, shots, strict=False):
        told = (
            f'Over {shot.setting}, a voice says: "{words.text}"',
            f"What does a voice say over {shot.setting}?",
            words.text,
        )
        add("speech", shot, told, LINES)
    return facts


Add = Callable[[str, Shot, tuple[str, str, str], Sequence[str]], None]


def _add_camera(add: Add, shot: Shot) -> None:
    text = f"In the scene with {shot.setting}, the camera {shot.camera}."
    add(
        "camera",
        shot,
        (text, f"What does the camera do in the scene with {shot.setting}?", shot.camera),
        list(CAMERA.values()),
    )


def _add_subject(add: Add, shot: Shot) -> None:
    manner = next(one for one in MANNERS.values() if one.name == shot.subject)
    where = f"in the scene with {shot.setting}"
    names = [one.name for one in MANNERS.values()]
    add("subject", shot, (f"What moves {where} is {manner.name}.", f"What moves {where}?", manner.name), names)
    told = (
        f"What {manner.name} {manner.verb} {where}: {manner.does}.",
        f"What {manner.verb} {manner.name} do {where}?",
    )
    others = [*manner.not_, "sink into the ground" if manner.verb == "do" else "sinks into the ground"]
    add("motion", shot, (*told, manner.does), others)
    if shot.colors:
        value = " and ".join(shot.colors)
        wrong = [name for name in PALETTE if name not in shot.colors]
        others = (
            wrong if len(shot.colors) == 1 else [f"{one} and {two}" for one, two in zip(wrong, wrong[3:], strict=False)]
        )
        add(
            "color",
            shot,
            (f"The colour of {manner.name} {where}: {value}.", f"Which colour has {manner.name} {where}?", value),
            others,
        )


def speech_over(name: str, shots: Sequence[Shot]) -> tuple[Words, ...]:
    """A line over each shot, each said once in the film, drawn from its name."""
    lines = Random(name).sample(LINES, min(len(LINES), len(shots)))
    return tuple(
        Words(start_us=shot.start_us, end_us=shot.end_us, text=line) for shot, line in zip(shots, lines, strict=False)
    )
