"""The truth about films made by ``flows/films.py``, in words: what a teacher could have seen in each shot.

What moves is found out by letting it draw: onto a pen that only notes what was drawn where, and in which colour.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from flows.films import JOINT_FRAMES, RATE, SIZE, Film, Take, window
from flows.films_backdrops import Color
from flows.films_movers import Pen, Point
from flows.films_words import CAMERA, MANNERS, ORDINALS, PLACES, Manner, color_name, facts_of, speech_over
from infra.rehearsal.truth import FilmTruth, Shot, Words, save
from schemas.errors import BadInput

TRUTH = "truth.json"
STEP_S = 0.2


class Notes(Pen):
    """A pen that draws nothing and notes what it was told to draw: the kind, the middle and the colour."""

    def __init__(self) -> None:
        self.drawn: list[tuple[str, Point, Color]] = []

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """A disc with that middle."""
        del radius
        self.drawn.append(("disc", (x, y), color))

    def shape(self, points: Sequence[Point], color: Color) -> None:
        """A polygon."""
        self.drawn.append(("shape", _middle(points), color))

    def line(self, points: Sequence[Point], color: Color, width: int) -> None:
        """A line."""
        del width
        self.drawn.append(("line", _middle(points), color))

    def box(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """A rectangle."""
        self.drawn.append(("box", (x + width / 2, y + height / 2), color))


def _middle(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def write_truth(folder: Path, *, subtitles: bool = False) -> Path:
    """Writes ``truth.json`` about every film of ours in the folder, beside them; gives its path.

    With ``subtitles``, each film gets a ``NAME.srt`` beside it, whose lines are part of the truth.
    """
    films = films_in(folder)
    if not films:
        raise BadInput(f"no film made by flows/films.py lies in {str(folder)!r}; each has a .json beside its .mp4")
    told = [truth_of(film, path, with_speech=subtitles) for film, path in films]
    if subtitles:
        for film, (_, path) in zip(told, films, strict=True):
            path.with_suffix(".srt").write_text(_subtitles(film.speech), encoding="utf-8")
    save(told, folder / TRUTH)
    return folder / TRUTH


def films_in(folder: Path) -> list[tuple[Film, Path]]:
    """The films of ours in the folder, read off the truth beside each, and where they lie."""
    found = []
    for path in sorted(folder.glob("*.mp4")):
        beside = path.with_suffix(".json")
        if beside.is_file() and (takes := json.loads(beside.read_text("utf-8")).get("takes")):
            found.append((Film(path.stem, tuple(Take(**take) for take in takes)), path))
    return found


def truth_of(film: Film, path: Path, *, with_speech: bool = False) -> FilmTruth:
    """All that is known of the film that lies at the path."""
    bounds = film.truth()
    spans: list[dict[str, int]] = bounds["shots"]  # type: ignore[assignment]  # a list of shots, each with its span
    video = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    heads = [0, *(JOINT_FRAMES[take.then] for take in film.takes[:-1])]
    shots = tuple(
        _shot(take, span, head, _place(film, number))
        for number, (take, span, head) in enumerate(zip(film.takes, spans, heads, strict=True))
    )
    speech = speech_over(film.name, shots) if with_speech else ()
    return FilmTruth(
        video_id=video,
        name=film.name,
        duration_us=int(bounds["frames"]) * 1_000_000 // RATE,  # type: ignore[call-overload]  # a number
        shots=shots,
        speech=speech,
        facts=tuple(facts_of(video, shots, speech)),
    )


def _place(film: Film, number: int) -> str:
    """Where a shot is; a place that the film shows twice is the second one then."""
    look = film.takes[number].look
    times = sum(take.look == look for take in film.takes[: number + 1])
    again = ORDINALS[min(times, len(ORDINALS) - 1)] if times > 1 else ""
    return f"{PLACES[look]}, the {again}time" if again else PLACES[look]


def _shot(take: Take, span: dict[str, int], head: int, place: str) -> Shot:
    manner = MANNERS[_mover_name(take)]
    last = head + span["last_frame"] - span["first_frame"]
    is_seen = any(_is_seen(take, frame) for frame in range(head, last + 1, max(1, round(STEP_S * RATE))))
    return Shot(
        start_us=span["start_us"],
        end_us=span["end_us"],
        setting=place,
        subject=manner.name if is_seen else "",
        motion=manner.does if is_seen else "",
        camera=CAMERA[take.move],
        colors=_colors(take, manner) if is_seen else (),
    )


def _mover_name(take: Take) -> str:
    """The name of the function in ``films_movers`` that made the shot's mover."""
    return take.mover.__qualname__.split(".", 1)[0]


def _drawn(take: Take, frame: int) -> list[tuple[str, Point, Color]]:
    notes = Notes()
    take.mover(notes, frame / RATE)
    return notes.drawn


def _is_seen(take: Take, frame: int) -> bool:
    left, top, width = window(take.move, frame / max(1, take.n_frames - 1))
    height = width * SIZE[1] / SIZE[0]
    return any(left < x < left + width and top < y < top + height for _, (x, y), _ in _drawn(take, frame))


def _colors(take: Take, manner: Manner) -> tuple[str, ...]:
    colors = [color for kind, _, color in _drawn(take, 0) if kind == manner.color_of]
    return tuple(dict.fromkeys(color_name(colors[place]) for place in manner.picked)) if colors else ()


def _subtitles(speech: Sequence[Words]) -> str:
    blocks = [f"{n}\n{_clock(one.start_us)} --> {_clock(one.end_us)}\n{one.text}\n" for n, one in enumerate(speech, 1)]
    return "\n".join(blocks)


def _clock(us: int) -> str:
    seconds, ms = divmod(us // 1000, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{ms:03d}"
