"""A numpy view over a video's ``Timeline`` rows: the film frame by frame, and its takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from schemas.items import Timeline
from schemas.units import ShotId

CELLS = 9 * 16 * 3
"""Bytes of one frame's grid: block means of 9 rows by 16 columns, in Y, U and V."""
MARGIN_US = 160_000
"""How far from either end of a take its pictures are taken: a boundary may be found a frame or two late."""

STILL = 0.06
"""In a still take no block of the picture ever differs by more than this: compression moves blocks by 0.02 at most."""

Looks = npt.NDArray[np.float64]
"""What pictures look like: [..., 432], in [0, 1]."""
Frames = npt.NDArray[np.int64]
"""Frames by number, from 0."""


@dataclass(frozen=True)
class Take:
    """One shot of a film: the half-open span, what the camera did, and ``first``..``last``, its frames (inclusive)."""

    number: int
    shot_id: ShotId
    start_us: int
    end_us: int
    first: int
    last: int
    opened_by: str
    opened_from_us: int
    camera: str
    pan: float
    tilt: float
    zoom: float
    wander: float
    fit: float
    is_still: bool
    is_black: bool

    @property
    def length_us(self) -> int:
        """How long the take is on screen."""
        return self.end_us - self.start_us

    @property
    def is_alive(self) -> bool:
        """Whether there is anything to ask about: neither black nor standing still."""
        return not (self.is_still or self.is_black)

    @property
    def inner_us(self) -> tuple[int, int]:
        """The span well inside the take, clear of both its ends; empty for a very short take."""
        return self.start_us + MARGIN_US, self.end_us - MARGIN_US


@dataclass(frozen=True, eq=False)
class Film:
    """One video as arrays: ``times_us`` int64[n], ``cells`` uint8[n, 9 * 16 * 3], and its takes in order of time.

    ``row`` is its first stretch, for what all its rows say alike.
    """

    row: Timeline
    times_us: npt.NDArray[np.int64]
    cells: npt.NDArray[np.uint8]
    takes: tuple[Take, ...]

    @property
    def video_id(self) -> str:
        """Which video this is."""
        return self.row.video_id

    @cached_property
    def step_us(self) -> int:
        """The usual time between two frames."""
        return int(np.median(np.diff(self.times_us))) if len(self.times_us) > 1 else 40_000

    def is_even(self, step_us: int) -> bool:
        """Whether pictures so far apart can be taken at nearly equal steps: frames lie at least twice as close."""
        return step_us >= 2 * self.step_us

    def at(self, times_us: Sequence[float] | npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
        """The index of the frame nearest to each time."""
        wanted = np.asarray(times_us).astype(np.int64)
        after = np.clip(np.searchsorted(self.times_us, wanted), 1, max(len(self.times_us) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(self.times_us) - 1)
        nearer = wanted - self.times_us[before] <= self.times_us[after] - wanted
        return np.where(nearer, before, after)

    def within(self, take: Take, times_us: Sequence[float] | npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
        """The index of the take's frame nearest to each time: where frames are far apart, the next shot's is nearer."""
        return np.clip(self.at(times_us), take.first, take.last)

    def looks(self, frames: Sequence[int] | Frames) -> Looks:
        """What frames look like: float64[n, 432] in [0, 1]."""
        return self.cells[np.asarray(frames, np.int64)].astype(np.float64) / 255

    @cached_property
    def _light(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """The mean and the spread of the luma of every frame, in [0, 1]."""
        parts = [self.cells[at : at + 4096, ::3].astype(np.float32) / 255 for at in range(0, len(self.cells), 4096)]
        return np.concatenate([part.mean(axis=1) for part in parts]), np.concatenate([p.std(axis=1) for p in parts])

    def shows(self, frames: Sequence[int] | Frames, *, well: bool = False) -> npt.NDArray[np.bool_]:
        """Whether there is anything to see in each frame: neither the dark of a fade nor an even surface.

        With ``well``, also enough light and contrast to follow a small motion.
        """
        mean, spread = (part[np.asarray(frames, np.int64)] for part in self._light)
        contrast, light = (0.05, 0.2) if well else (0.015, 0.13)
        return np.asarray((spread > contrast) & (mean + 1.3 * spread > light))

    def time(self, frame: int) -> int:
        """When the frame comes on, in microseconds."""
        return int(self.times_us[frame])

    def end_of(self, frame: int) -> int:
        """When the frame goes off, in microseconds."""
        last = len(self.times_us) - 1
        return self.time(frame + 1) if frame < last else max(self.row.duration_us, self.time(last) + self.step_us)

    @cached_property
    def _owners(self) -> npt.NDArray[np.int32]:
        """For each frame the place of its take in ``takes``; -1 inside a gradual transition."""
        owners = np.full(len(self.times_us), -1, np.int32)
        for place, take in enumerate(self.takes):
            owners[take.first : take.last + 1] = place
        return owners

    def take_of(self, frame: int) -> Take | None:
        """The take that shows this frame; None inside a gradual transition."""
        place = int(self._owners[frame])
        return self.takes[place] if place >= 0 else None

    @cached_property
    def album(self) -> tuple[Looks, Frames]:
        """What every take looks like at five of its moments, and the number of the take for each."""
        looks = [self.looks_of(take, 5) for take in self.takes]
        numbers = [np.full(len(look), take.number) for take, look in zip(self.takes, looks, strict=True)]
        return np.concatenate(looks), np.concatenate(numbers)

    def looks_of(self, take: Take, n: int = 7) -> Looks:
        """What a take looks like, at ``n`` moments spread over it."""
        return self.looks(np.unique(np.linspace(take.first, take.last, n).astype(np.int64)))


def film(stretches: Sequence[Timeline]) -> Film | None:
    """The view over the stretches of one video, which come in order; None when they hold no frames."""
    row = stretches[0]
    times = np.concatenate([np.asarray(stretch.pts_us, np.int64) for stretch in stretches])
    if not len(times):
        return None
    view = Film(row=row, times_us=times, cells=cells_of(stretches), takes=())
    return replace(view, takes=_takes(row, view))


def cells_of(stretches: Sequence[Timeline]) -> npt.NDArray[np.uint8]:
    """The grids of all frames of one video: uint8[n, 432]."""
    return np.concatenate([np.frombuffer(stretch.grids, np.uint8).reshape(-1, CELLS) for stretch in stretches])


def _takes(row: Timeline, view: Film) -> tuple[Take, ...]:
    firsts = np.searchsorted(view.times_us, row.shot_starts_us, side="left")
    lasts = np.searchsorted(view.times_us, row.shot_ends_us, side="left") - 1
    found = [_take(row, number, int(firsts[number]), int(lasts[number])) for number in range(len(row.shot_ids))]
    return tuple(_looked_at(take, view) for take in found if take.last > take.first)


def _looked_at(take: Take, view: Film) -> Take:
    """The take, still only where it shows the same picture from end to end: slow motion is motion."""
    looks = view.looks_of(take)
    is_same = np.abs(looks - looks[0]).max() < STILL
    return replace(take, is_still=bool(take.is_still and is_same))


def _take(row: Timeline, number: int, first: int, last: int) -> Take:
    return Take(
        number=number,
        shot_id=ShotId(row.shot_ids[number]),
        start_us=int(row.shot_starts_us[number]),
        end_us=int(row.shot_ends_us[number]),
        first=first,
        last=last,
        opened_by=row.shot_opened_by[number],
        opened_from_us=int(row.shot_opened_from_us[number] or row.shot_starts_us[number]),
        camera=row.shot_cameras[number],
        pan=float(row.shot_pans[number]),
        tilt=float(row.shot_tilts[number]),
        zoom=float(row.shot_zooms[number]),
        wander=float(row.shot_wanders[number]),
        fit=float(row.shot_fits[number]),
        is_still=row.shot_is_still[number],
        is_black=row.shot_is_black[number],
    )
