"""T2: whatever is done to a film's bytes, it is rejected, or only such frames of it are used as are what they seem.

A frame is wrong whose bars are not those of the frame that the file itself puts at that time (``mutant_clock``): a
header that was changed says when frames are shown as a whole one does, and nobody can know better. What is wrong
and hangs on changed bytes is a miss like any other, counted by itself as ``hurt``: the rule listens to demuxers and
decoders (``stages.damage``), and of some damage none says a word.
"""

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
from stages.readers_child import SLACK_US
from stages.watch import WatchVideos
from tests.builders import FakeEnv, row
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.mutant_clock import packets
from tests.chaos.mutants import BASES, mutants
from tests.chaos.pipeline import FLAGGED_BELOW
from tests.footage import N_FRAMES

TESTS = Path(__file__).resolve().parents[1]
AT_ONCE, LONGEST_S = 25, 60
PROMISES = (".mp4", ".mkv", ".webm", ".avi")
"""Containers whose header says how long the film is; broadcasts and fragments do not."""
Told = dict[str, Any]
_NOTHING: Told = {"watched": [], "taken": [], "end_us": 0, "seconds": 0, "died": True}


def show(folder: Path, scale: Scale) -> Shown:
    """Each mutant is probed as always, and watched and read by what the stages' children run, many to a child."""
    (folder / "clips").mkdir()
    paths = [folder / "clips" / one.name for one in mutants(scale.of(1000, 48), scale.seed, folder)]
    for path, one in zip(paths, mutants(len(paths), scale.seed, folder), strict=True):
        path.write_bytes(one.content)
    known = folder / "packets.json"
    known.write_text(json.dumps({name: list(packets(folder / name)) for name in BASES}), "utf-8")
    parts = [paths[at : at + AT_ONCE] for at in range(0, len(paths), AT_ONCE)]
    with ThreadPoolExecutor(2) as workers:
        told = [one for part in workers.map(partial(_told, known), parts) for one in part]
    return _judged(paths, told)


def _told(known: Path, paths: Sequence[Path]) -> list[Told]:
    """What came of each clip: why it was rejected, or the frames of it that are used, as watched and as taken."""
    videos = [row(Video, video_id=VideoId(path.name), uri=str(path), size_bytes=path.stat().st_size) for path in paths]
    probes = {one.video_id: one for one in ProbeVideos().run(videos, FakeEnv()) if isinstance(one, Probe)}
    told: list[Told] = []
    while len(told) < len(paths):
        told += _told_by_a_child(known, paths[len(told) :])
        if len(told) < len(paths):  # the child died of the next one; the others get a new child
            told.append({**_NOTHING, "name": paths[len(told)].name, **_as_in_a_run(videos[len(told)])})
    for one in told:
        one["probe"] = probes.get(VideoId(one["name"]))
        one["is_used"] = not one["why"] and one["probe"] is not None
    return told


def _told_by_a_child(known: Path, paths: Sequence[Path]) -> list[Told]:
    longest_s = LONGEST_S * len(paths)
    limits = sandbox.Limits(wall_s=longest_s, cpu_s=longest_s, memory_bytes=3 << 30, file_bytes=1 << 20)
    argv = sandbox.module("tests.chaos.mutant_child", str(known), *map(str, paths))
    finished = sandbox.run(argv, limits, inputs=(known, *paths, TESTS))
    return [json.loads(line) for line in finished.stdout.splitlines()]


def _as_in_a_run(video: Video) -> Told:
    """How the clip ends that killed the bar's child, when the real stage watches it."""
    (found, *_) = WatchVideos().run([video], FakeEnv())
    return {"why": "" if isinstance(found, Signal) else found.reason}


def _judged(paths: Sequence[Path], told: Sequence[Told]) -> Shown:
    used = [one for one in told if one["is_used"] and one["watched"]]
    judged = {one["name"]: _frames(one["watched"], one["said"]) + _frames(one["taken"], one["said"]) for one in used}
    seen = sum(judged.values(), Counter[str]())
    ratios = _ratios(used)
    n_short = [one["name"] for one in used if len(one["watched"]) < FLAGGED_BELOW * N_FRAMES]
    promised = [name for name in n_short if name.endswith(PROMISES) and not name.endswith("fragmented.mp4")]
    bad = {
        "wrong": [name for name, frames in judged.items() if frames["wrong"]],
        "hurt": [name for name, frames in judged.items() if frames["hurt"]],
        "unflagged": [name for name in promised if ratios[name] >= FLAGGED_BELOW],
        "crashed": [one["name"] for one in told if one.get("died")],
        "slow": [one["name"] for one in told if one["seconds"] > LONGEST_S],
    }
    figures = (
        f"{len(told)} of {len(paths)} mutants with one outcome: {len(used)} used, {len(told) - len(used)} rejected; "
        f"{len(bad['crashed'])} crashes, {len(bad['slow'])} over {LONGEST_S} s; of {seen.total()} frames used "
        f"{seen['wrong']} are another than the file says though the bytes that they hang on are whole, "
        f"{seen['hurt']} that hang on changed bytes, "
        f"{seen['unreadable']} are too damaged to tell; "
        f"{len(promised)} shorter than their header says, {len(bad['unflagged'])} of them unflagged"
    )
    held = len(told) == len(paths) and not any(bad.values())
    missed = "".join(f"; {kind}: {', '.join(names[:12])}" for kind, names in bad.items() if names)
    return Shown(held, figures + missed)


def _frames(shown: Sequence[tuple[int, int | None]], said: tuple[dict[str, list[int]], list[int]]) -> Counter[str]:
    """How many frames are right, wrong, hurt (wrong, and hanging on changed bytes) and unreadable.

    Right is a frame at the time that the file gives it. Times count from the first frame that there is, whichever.
    """
    times_us, hurt_us = said
    late = {pts: [at - pts for at in times_us[str(number)]] for pts, number in shown if number is not None}
    ((start, _),) = Counter(one for ones in late.values() for one in ones).most_common(1) or [(0, 0)]
    judged = Counter[str]()
    for pts, number in shown:
        if number is None:
            judged["unreadable"] += 1
        elif any(abs(one - start) <= SLACK_US for one in late[pts]):
            judged["right"] += 1
        else:
            judged["hurt" if any(abs(at - pts - start) <= SLACK_US for at in hurt_us) else "wrong"] += 1
    return judged


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
