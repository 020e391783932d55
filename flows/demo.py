"""The films of the demo, and what else lies beside them, so that the funnel has something to turn away."""

import json
import shutil
from pathlib import Path

from flows.films import Film, Joint, Move, Take, write_all

COPY, BROKEN = "the same film again.mp4", "not a film.mp4"
MOVES: tuple[Move, ...] = ("static", "pan right", "zoom in", "tilt up", "pan left", "zoom out", "static", "tilt down")
JOINTS: tuple[Joint, ...] = ("cut", "dissolve", "cut", "wipe", "cut", "fade", "cut", "cut")
FRAMES = (68, 92, 60, 84, 128, 76, 64, 100)
LOOKS = (
    ("hills", "city", "reef", "mural", "sea", "table", "space", "forest"),
    ("space", "fields", "table", "desert", "city", "forest", "hills", "mural"),
    ("sea", "mural", "forest", "fields", "reef", "space", "city", "desert"),
    ("table", "desert", "hills", "reef", "fields", "sea", "mural", "city"),
    ("reef", "forest", "sea", "city", "space", "hills", "fields", "table"),
)
NAMES = ("morning", "northbound", "tides", "pastures", "far away")


def films(folder: Path) -> Path:
    """The folder, with five films in it, one of them twice and one that is none. Made once: what is there stays."""
    done = folder / "films.json"
    plan = cast_films()
    facts = json.dumps([film.truth() for film in plan])
    if done.exists() and done.read_text("utf-8") == facts:
        return folder
    print(f"making {len(plan)} short films in {folder}", flush=True)
    paths = write_all(plan, folder)
    shutil.copyfile(paths[0], folder / COPY)
    (folder / BROKEN).write_text("This is a text that somebody named like a film.\n")
    done.write_text(facts)
    return folder


def cast_films() -> list[Film]:
    """The five films: the same moves, joints and lengths, each time in another order and before other worlds."""
    return [
        Film(name, tuple(_take(looks, number, shift) for number in range(len(looks))))
        for shift, (name, looks) in enumerate(zip(NAMES, LOOKS, strict=True))
    ]


def _take(looks: tuple[str, ...], number: int, shift: int) -> Take:
    return Take(
        looks[number],
        seed=100 * shift + number,
        move=MOVES[(number + 3 * shift) % len(MOVES)],
        n_frames=FRAMES[(number + 5 * shift) % len(FRAMES)],
        then=JOINTS[(number + shift) % len(JOINTS)],
    )
