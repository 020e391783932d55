"""T2: whatever is done to a film's bytes, it is rejected, or only such frames of it are used as are what they seem."""

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from flows.recipes.query import query
from schemas.arrow import to_table
from schemas.media import Probe, Signal, Video
from schemas.row import Row
from schemas.units import VideoId
from stages import sandbox
from stages.decode import ProbeVideos
from stages.watch import WatchVideos
from tests.builders import FakeEnv, row
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.mutants import mutants
from tests.chaos.pipeline import FLAGGED_BELOW
from tests.footage import N_FRAMES, STEP_US

TESTS = Path(__file__).resolve().parents[1]
AT_ONCE, LONGEST_S = 25, 60
PROMISES = (".mp4", ".mkv", ".webm", ".avi")
"""Containers whose header says how long the film is; broadcasts and fragments do not."""
Told = dict[str, Any]


def show(folder: Path, scale: Scale) -> Shown:
    """Each mutant is probed as always, and watched and read by what the stages' children run, many to a child."""
    (folder / "clips").mkdir()
    paths = [folder / "clips" / one.name for one in mutants(scale.of(1000, 48), scale.seed, folder)]
    for path, one in zip(paths, mutants(len(paths), scale.seed, folder), strict=True):
        path.write_bytes(one.content)
    parts = [paths[at : at + AT_ONCE] for at in range(0, len(paths), AT_ONCE)]
    with ThreadPoolExecutor(2) as workers:
        told = [one for part in workers.map(_told, parts) for one in part]
    return _judged(paths, told)


def _told(paths: Sequence[Path]) -> list[Told]:
    """What came of each clip: why it was rejected, or the frames of it that are used, as watched and as taken."""
    videos = [row(Video, video_id=VideoId(path.name), uri=str(path), size_bytes=path.stat().st_size) for path in paths]
    probes = {one.video_id: one for one in ProbeVideos().run(videos, FakeEnv()) if isinstance(one, Probe)}
    longest_s = LONGEST_S * len(paths)
    limits = sandbox.Limits(wall_s=longest_s, cpu_s=longest_s, memory_bytes=3 << 30, file_bytes=1 << 20)
    argv = sandbox.module("tests.chaos.mutant_child", *map(str, paths))
    finished = sandbox.run(argv, limits, inputs=(*paths, TESTS))
    told = [json.loads(line) for line in finished.stdout.splitlines()]
    for video in videos[len(told) :]:  # the child died: each of the others by itself, as in a real run
        found = list(WatchVideos().run([video], FakeEnv()))
        why = "" if isinstance(found[0], Signal) else found[0].reason
        told.append({"name": video.video_id, "why": why, "died": True, "watched": [], "taken": [], "end_us": 0})
    for one in told:
        one["probe"] = probes.get(VideoId(one["name"]))
        one["is_used"] = not one["why"] and one["probe"] is not None
    return told


def _judged(paths: Sequence[Path], told: Sequence[Told]) -> Shown:
    used = [one for one in told if one["is_used"] and one["watched"]]
    seen = Counter[str]()
    bad = []
    for one in used:
        judged = _frames(one["watched"]) + _frames(one["taken"])
        seen += judged
        if judged["wrong"]:
            bad.append(one["name"])
    ratios = _ratios(used)
    n_short = [one["name"] for one in used if len(one["watched"]) < FLAGGED_BELOW * N_FRAMES]
    promised = [name for name in n_short if name.endswith(PROMISES) and not name.endswith("fragmented.mp4")]
    unflagged = [name for name in promised if ratios[name] >= FLAGGED_BELOW]
    died = [one["name"] for one in told if one.get("died")]
    figures = (
        f"{len(told)} of {len(paths)} mutants with one outcome: {len(used)} used, {len(told) - len(used)} rejected; "
        f"{len(died)} crashes; of {seen.total()} frames used {seen['wrong']} are another frame than said, "
        f"{seen['unreadable']} are too damaged to tell; {len(promised)} shorter than their header says, "
        f"{len(unflagged)} of them unflagged"
    )
    held = len(told) == len(paths) and not bad and not unflagged and not died
    return Shown(held, figures if held else f"{figures}; {bad[:9]} {unflagged[:9]} {died[:9]}")


def _frames(shown: Sequence[tuple[int, int | None]]) -> Counter[str]:
    """How many frames are right, wrong and unreadable. Time counts from the first frame that there is, whichever."""
    starts = Counter(number * STEP_US - pts for pts, number in shown if number is not None)
    ((start, _),) = starts.most_common(1) or [(0, 0)]
    return Counter(
        "unreadable" if number is None else "right" if number * STEP_US - pts == start else "wrong"
        for pts, number in shown
    )


def _ratios(used: Sequence[Told]) -> dict[str, float]:
    """The ``decoded_ratio`` of each, by the recipes' own SQL."""
    signals = [
        row(
            Signal,
            n,
            video_id=VideoId(one["name"]),
            n_frames=len(one["watched"]),
            pts_us=np.array([pts for pts, _ in one["watched"]], np.int64),
            start_us=one["watched"][0][0],
            end_us=one["end_us"],
        )
        for n, one in enumerate(used)
    ]
    connection = duckdb.connect()
    tables: dict[str, tuple[type[Row], Sequence[Row]]] = {
        "signals": (Signal, signals),
        "probes": (Probe, [one["probe"] for one in used]),
    }
    for name, (row_type, rows) in tables.items():
        connection.register(name, to_table(row_type, rows))
    found = connection.execute(f"SELECT video_id, decoded_ratio FROM ({query('media')})").fetchall()
    return dict(found)


BAR = Bar(
    "T2", "of mutated films no frame is used that is another one than it is said to be; what is short is flagged", show
)
