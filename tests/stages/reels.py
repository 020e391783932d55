"""Timelines with known truth: painted scenes, a camera that moves as told, and what both readers would see of them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.items import Item, Recheck, Timeline
from schemas.units import ShotId, SignalId, VideoId
from stages.picture import grids

STEP_US = 40_000
ROWS, COLUMNS = 36, 64
Small = npt.NDArray[np.uint8]
Way = Callable[[float], float]


def steady(t: float) -> float:
    return t


def to_and_fro(t: float) -> float:
    """Back where it was four times over the shot."""
    return 0.5 - 0.5 * float(np.cos(2 * np.pi * 4 * t))


@dataclass(frozen=True)
class Scene:
    """One shot: a painted world from a seed, a camera that pans, tilts or zooms, and perhaps a thing that moves."""

    seed: int
    n_frames: int = 75
    camera: str = "static"
    mover: bool = False
    way: Way = steady
    opened_by: str = "cut"
    hold: int = 1
    """Each picture is repeated so many times, as in slow footage within a fast stream."""

    def frames(self) -> Small:
        """What the camera sees: uint8[n, 3, 36, 64]."""
        world = _world(self.seed)
        ts = (np.arange(self.n_frames) // self.hold * self.hold) / max(1, self.n_frames - 1)
        return np.stack([self._frame(world, self.way(float(t))) for t in ts])

    def _frame(self, world: npt.NDArray[np.float64], t: float) -> Small:
        reach = {"pan right": (0, 84 * t), "pan left": (0, 84 * (1 - t)), "tilt down": (36 * t, 0)}
        reach |= {"tilt up": (36 * (1 - t), 0)}
        top, left = reach.get(self.camera, (18.0, 42.0))
        scale = {"zoom in": 1.5 - 0.7 * t, "zoom out": 0.8 + 0.7 * t}.get(self.camera, 1.0)
        rows = top + (np.arange(ROWS) - ROWS / 2) * scale + ROWS / 2 + 12
        columns = left + (np.arange(COLUMNS) - COLUMNS / 2) * scale + COLUMNS / 2 + 20
        picture = _sampled(world, rows, columns)
        if self.mover:
            middle = 5 + 54 * t
            picture[:, 12:26, max(0, int(middle) - 5) : int(middle) + 5] = np.array([250, 90, 200])[:, None, None]
        return np.clip(picture, 0, 255).astype(np.uint8)


def _world(seed: int) -> npt.NDArray[np.float64]:
    """A wide painting of 120 rectangles in this seed's own colours: float64[3, 110, 200]."""
    draw = np.random.default_rng(seed)
    base = draw.uniform([40, 90, 90], [170, 166, 166])
    world = np.tile(base[:, None, None], (1, 110, 200))
    for _ in range(120):
        top, left, tall, wide = draw.integers([0, 0, 4, 4], [106, 196, 26, 30])
        colour = base + draw.uniform(-1, 1, 3) * np.array([80, 25, 25])
        world[:, top : top + tall, left : left + wide] = colour[:, None, None]
    return world


def _sampled(world: npt.NDArray[np.float64], rows: Any, columns: Any) -> npt.NDArray[np.float64]:
    rows, columns = np.clip(rows, 0, world.shape[1] - 1.01), np.clip(columns, 0, world.shape[2] - 1.01)
    top, left = rows.astype(int), columns.astype(int)
    down, right = (rows - top)[None, :, None], (columns - left)[None, None, :]
    upper = world[:, top][:, :, left] * (1 - right) + world[:, top][:, :, left + 1] * right
    lower = world[:, top + 1][:, :, left] * (1 - right) + world[:, top + 1][:, :, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


@dataclass(frozen=True, eq=False)
class Reel:
    """A film made of scenes: its timeline, and every frame small, as a second reader would give it."""

    timeline: Timeline
    small: Small = field(repr=False)

    def frame_at(self, time_us: int) -> int:
        return int(np.searchsorted(self.timeline.pts_us, time_us, side="right")) - 1


def reel(scenes: Sequence[Scene], video_id: str = "reel", blend: int = 15) -> Reel:
    """The film of these scenes; a dissolve, fade or wipe takes ``blend`` frames, which belong to no shot."""
    parts: list[Small] = []
    shots: list[tuple[int, int, int]] = []
    at = 0
    for scene, before in zip(scenes, [None, *scenes[:-1]], strict=True):
        opened = at
        frames = scene.frames()
        if before is not None and scene.opened_by != "cut":
            parts.append(_blended(scene.opened_by, parts[-1][-1], frames[0], blend))
            at += blend
        parts.append(frames)
        shots.append((opened, at, at + len(frames)))
        at += len(frames)
    return Reel(_timeline(scenes, shots, np.concatenate(parts), video_id), np.concatenate(parts))


def _blended(kind: str, one: Small, other: Small, n: int) -> Small:
    made = []
    for t in (np.arange(n) + 1) / (n + 1):
        if kind == "wipe":
            edge = round(t * COLUMNS)
            made.append(np.concatenate([other[:, :, :edge], one[:, :, edge:]], axis=2))
        elif kind == "dissolve":
            made.append((one * (1 - t) + other * t).astype(np.uint8))
        else:
            black = np.array([16, 128, 128])[:, None, None]
            share, shown = (1 - 2 * t, one) if t < 0.5 else (2 * t - 1, other)
            made.append((shown * share + black * (1 - share)).astype(np.uint8))
    return np.stack(made)


def _timeline(scenes: Sequence[Scene], shots: list[tuple[int, int, int]], small: Small, video_id: str) -> Timeline:
    moves: dict[str, tuple[float, float, float]]
    moves = {"pan right": (1.31, 0, 0), "pan left": (-1.31, 0, 0), "tilt up": (0, 1, 0), "tilt down": (0, -1, 0)}
    moves |= {"zoom in": (0, 0, 0.63), "zoom out": (0, 0, -0.63)}
    n = len(small)
    motion = np.array([moves.get(scene.camera, (0, 0, 0)) for scene in scenes], np.float32)
    luma = small[:, 0].astype(np.float32) / 255
    return Timeline(
        signal_id=SignalId(f"{video_id}-{0:09d}"),
        video_id=VideoId(video_id),
        first_frame=0,
        uri=f"/footage/{video_id}.mp4",
        duration_us=n * STEP_US,
        shot_ids=tuple(ShotId(f"{video_id}/{start * STEP_US:012d}") for _, start, _ in shots),
        shot_starts_us=np.array([start * STEP_US for _, start, _ in shots]),
        shot_ends_us=np.array([end * STEP_US for _, _, end in shots]),
        shot_opened_by=("start", *(scene.opened_by for scene in scenes[1:])),
        shot_opened_from_us=tuple(opened * STEP_US for opened, _, _ in shots),
        shot_cameras=tuple(scene.camera for scene in scenes),
        shot_pans=motion[:, 0],
        shot_tilts=motion[:, 1],
        shot_zooms=motion[:, 2],
        shot_wanders=np.abs(motion[:, 0]) + np.abs(motion[:, 1]),
        shot_fits=np.full(len(scenes), 0.8, np.float32),
        shot_is_still=tuple(scene.camera == "static" and not scene.mover for scene in scenes),
        shot_is_black=(False,) * len(scenes),
        pts_us=np.arange(n) * STEP_US,
        difference=np.zeros(n, np.float32),
        sharpness=np.ones(n, np.float32),
        brightness=luma.mean(axis=(1, 2)),
        grids=grids(small).tobytes(),
    )


def torn(row: Timeline, *at: int) -> list[Timeline]:
    """The same film in several stretches, torn before these frames."""
    edges = [0, *at, len(row.pts_us)]
    return [
        replace(
            row,
            signal_id=SignalId(f"{row.video_id}-{first:09d}"),
            first_frame=first,
            pts_us=row.pts_us[first:last],
            difference=row.difference[first:last],
            sharpness=row.sharpness[first:last],
            brightness=row.brightness[first:last],
            grids=row.grids[432 * first : 432 * last],
        )
        for first, last in pairwise(edges)
    ]


def rich(video_id: str = "rich", seed: int = 0) -> Reel:
    """A film in which there is something to ask for every task."""
    cameras = ("pan right", "static", "tilt up", "zoom in", "static", "pan left", "tilt down", "zoom out", "static")
    joints = ("cut", "cut", "cut", "dissolve", "cut", "cut", "wipe", "cut", "fade")
    lengths = (110, 60, 90, 75, 130, 85, 70, 95, 80)
    return reel(
        [
            Scene(seed=100 * seed + i + 1, n_frames=n, camera=camera, mover=camera == "static", opened_by=joint)
            for i, (camera, joint, n) in enumerate(zip(cameras, joints, lengths, strict=True))
        ],
        video_id,
    )


def recheck(film: Reel, items: Sequence[Item], shown: Callable[[Item], Sequence[int]] | None = None) -> Recheck:
    """The items with their pictures found again by a reader that errs by a grey level; ``shown`` may swap pictures."""
    noise = np.random.default_rng(1)
    frames = [(item, film.frame_at(time)) for item in items for time in (shown(item) if shown else item.pictures_us)]
    again = [np.clip(film.small[[at]] + noise.integers(-1, 2, (1, 3, ROWS, COLUMNS)), 0, 255) for _, at in frames]
    pictures = [picture.astype(np.uint8) for picture in again]
    return Recheck(
        signal_id=film.timeline.signal_id,
        video_id=film.timeline.video_id,
        pts_us=film.timeline.pts_us,
        grids=film.timeline.grids,
        item_ids=tuple(item.item_id for item in items),
        item_tasks=tuple(item.task for item in items),
        item_questions=tuple(item.question for item in items),
        item_options=tuple(json.dumps(item.options) for item in items),
        item_labels=tuple(json.dumps(item.labels) for item in items),
        item_starts_us=tuple(item.start_us for item in items),
        item_ends_us=tuple(item.end_us for item in items),
        picture_items=tuple(item.item_id for item, _ in frames),
        picture_grids=tuple(grids(picture).tobytes() for picture in pictures),
        picture_lumas=tuple(picture[0, 0].tobytes() for picture in pictures),
    )


def with_pictures(item: Item, times_us: Sequence[int]) -> Item:
    """The item, showing other moments."""
    return replace(item, pictures_us=tuple(times_us))
