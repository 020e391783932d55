"""Short films whose every cut is known: painted worlds, a moving camera, and the truth as JSON beside each film.

Nothing is fetched: backdrops and what moves before them are drawn from a seed. Frames are composed in memory, so the
truth is exact to the frame. A transition's frames belong to no shot.
"""

import json
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from flows.films_backdrops import BACKDROPS, WORLD
from flows.films_movers import MOVERS, Mover, Pen

SIZE, RATE = (640, 360), 25
Picture = npt.NDArray[np.uint8]
Move = Literal["static", "pan right", "pan left", "tilt up", "tilt down", "zoom in", "zoom out"]
Joint = Literal["cut", "dissolve", "fade", "wipe"]
JOINT_FRAMES = {"cut": 0, "dissolve": 18, "fade": 20, "wipe": 16}


@dataclass(frozen=True)
class Take:
    """One shot to be: which world, how the camera moves, for how many frames, and how the next shot begins."""

    look: str
    seed: int
    move: Move
    n_frames: int
    then: Joint = "cut"

    @cached_property
    def world(self) -> Image.Image:
        """The painted backdrop."""
        return BACKDROPS[self.look](np.random.default_rng([self.seed, 1]))

    @cached_property
    def mover(self) -> Mover:
        """What moves in it."""
        choices = MOVERS[self.look]
        return choices[self.seed % len(choices)](np.random.default_rng([self.seed, 2]))

    def frame(self, number: int) -> Picture:
        """The picture of that number, from 0, shape (height, width, 3)."""
        left, top, width = window(self.move, number / max(1, self.n_frames - 1))
        height = width * SIZE[1] / SIZE[0]
        x0, y0 = math.floor(left), math.floor(top)
        view = self.world.crop((x0, y0, math.ceil(left + width) + 1, math.ceil(top + height) + 1))
        self.mover(Pen(view, x0, y0), number / RATE)
        box = (left - x0, top - y0, left - x0 + width, top - y0 + height)
        return np.asarray(view.resize(SIZE, Image.Resampling.BILINEAR, box=box))


def window(move: Move, t: float) -> tuple[float, float, float]:
    """What the camera sees at ``t`` in [0, 1]: left, top and width in world pixels; the picture is 16 to 9."""
    wide, reach = 1060.0, 0.22
    if move.startswith("zoom"):
        wide = 1180.0 * (0.66 ** (t if move == "zoom in" else 1 - t))
    x, y = WORLD[0] / 2, WORLD[1] / 2 + (0 if move.startswith(("tilt", "zoom")) else 90)
    x += {"pan right": 1, "pan left": -1}.get(move, 0) * (t - 0.5) * reach * WORLD[0]
    y += {"tilt down": 1, "tilt up": -1}.get(move, 0) * (t - 0.5) * reach * WORLD[1]
    return x - wide / 2, y - wide * 9 / 32, wide


def joined(kind: Joint, one: Picture, two: Picture, t: float) -> Picture:
    """The picture at ``t`` in (0, 1) between the last of one shot and the first of the next."""
    if kind == "wipe":
        edge = round(t * one.shape[1])
        return np.concatenate([two[:, :edge], one[:, edge:]], axis=1)
    before, after = (1 - t, t) if kind == "dissolve" else (max(0.0, 1 - 2 * t), max(0.0, 2 * t - 1))
    return (one * np.float32(before) + two * np.float32(after)).astype(np.uint8)


@dataclass(frozen=True)
class Film:
    """A film to be: its name and its takes."""

    name: str
    takes: tuple[Take, ...]

    def frames(self) -> Iterator[Picture]:
        """Every picture, in order of time."""
        head = 0
        for take, after in zip(self.takes, (*self.takes[1:], None), strict=True):
            span = JOINT_FRAMES[take.then] if after else 0
            for number in range(head, take.n_frames - span):
                yield take.frame(number)
            if after:
                for step in range(span):
                    outgoing = take.frame(take.n_frames - span + step)
                    yield joined(take.then, outgoing, after.frame(step), (step + 1) / (span + 1))
            head = span

    def truth(self) -> dict[str, object]:
        """Where shots and transitions lie: first and last frame, from 0, and a half-open span of microseconds."""
        shots: list[dict[str, object]] = []
        joints: list[dict[str, object]] = []
        at = head = 0
        for number, take in enumerate(self.takes):
            is_last = number == len(self.takes) - 1
            span = 0 if is_last else JOINT_FRAMES[take.then]
            body = take.n_frames - head - span
            shots.append({**_span(at, body), "look": take.look, "camera": take.move})
            at, head = at + body, span
            if not is_last:
                joints.append({"kind": take.then, **_span(at, max(1, span))})
                at += span
        return {"fps": RATE, "size": list(SIZE), "frames": at, "shots": shots, "transitions": joints}


def _span(first: int, n_frames: int) -> dict[str, object]:
    step = 1_000_000 // RATE
    return {
        "first_frame": first,
        "last_frame": first + n_frames - 1,
        "start_us": first * step,
        "end_us": (first + n_frames) * step,
    }


def write(film: Film, folder: Path) -> Path:
    """The film as ``NAME.mp4`` (H.264) with its truth as ``NAME.json``. Gives the film's path."""
    path = folder / f"{film.name}.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "19", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = *SIZE, "yuv420p", Fraction(1, RATE)
        for picture in film.frames():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    facts = {**film.truth(), "takes": [asdict(take) for take in film.takes]}
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    return path


def write_all(films: Sequence[Film], folder: Path, workers: int = 2) -> list[Path]:
    """Every film with its truth, made ``workers`` at a time. The folder is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(min(workers, len(films)), mp_context=get_context("spawn")) as pool:
        return list(pool.map(write, films, [folder] * len(films)))
