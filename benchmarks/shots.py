"""Shot boundaries on films whose every boundary is known: ours beside PySceneDetect and TransNetV2.

    python benchmarks/shots.py [--films DIR] [--seeds 7 11 13] [--python .bench/bin/python]

Without ``--films`` they are made: by ``../shared/tools/make_films.py`` where that lies beside the repository, else of
painted scenes. A boundary counts as found where a new shot begins within it, two frames more on either side.
``--python`` names an interpreter that has what is in ``benchmarks/requirements.txt``; what it lacks is left out.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from schemas.media import Shot, Signal, Video
from stages.cut import CutShots
from stages.watch import WatchVideos
from tests.builders import FakeEnv, row
from tests.stages import scenes

ROOT = Path(__file__).resolve().parents[1]
MAKER = ROOT.parent / "shared" / "tools" / "make_films.py"
KINDS = ("cut", "dissolve", "fade", "wipe")
TOLERANCE = 2
Found = list[tuple[int, str | None]]
"""The first frame of each new shot, with the kind of boundary where the detector tells it."""


def films(seeds: list[int], folder: Path) -> Iterator[Path]:
    """The films of these seeds, made where they are missing."""
    for seed in seeds:
        into = folder / f"seed-{seed}"
        if not list(into.glob("*.mp4")):
            if MAKER.exists():
                command = [sys.executable, str(MAKER), str(into), "--seed", str(seed)]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            else:
                painted(into, seed)
        yield from sorted(into.glob("*.mp4"))


def painted(into: Path, seed: int, n_films: int = 3, n_shots: int = 14) -> None:
    """Films of painted scenes (tests/stages/scenes.py), with slow camera moves, for where there is no footage."""
    rng = random.Random(seed)
    into.mkdir(parents=True, exist_ok=True)
    for number in range(n_films):
        pieces: list[Any] = []
        transitions, at, head = [], 0, 0
        shots = [_painted_shot(rng) for _ in range(n_shots)]
        for shot, following in zip(shots, [*shots[1:], None], strict=True):
            kind = rng.choices(KINDS, [70, 14, 10, 6])[0] if following is not None else "end"
            span = 0 if kind in ("cut", "end") else rng.randint(10, 24)
            pieces.append(shot[head : len(shot) - span])
            at, head = at + len(pieces[-1]), span
            if span:
                pieces.append(_mixed(kind, shot[-span:], following[:span]))
            if kind != "end":
                transitions.append({"kind": kind, "first_frame": at, "last_frame": at + max(span, 1) - 1})
            at += span
        _encode(into / f"film_{number:02d}", np.concatenate(pieces), transitions)


def _painted_shot(rng: random.Random) -> Any:
    move = {"pan": rng.uniform(-0.006, 0.006), "tilt": rng.uniform(-0.004, 0.004), "zoom": rng.uniform(-0.003, 0.003)}
    return scenes.camera(rng.randrange(10**6), rng.randint(50, 120), **move)


def _mixed(kind: str, old: Any, new: Any) -> Any:
    if kind == "wipe":
        return scenes.wipe(old, new, "left")
    return (scenes.fade if kind == "fade" else scenes.dissolve)(old, new)


def _encode(path: Path, pictures: Any, transitions: list[dict[str, Any]]) -> None:
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv444p", "-s", "64x36", "-r", "25", "-i", "-"]
    how = ["-vf", "scale=640:360:flags=bicubic", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-v", "error", "-y", *raw, *how, str(path.with_suffix(".mp4"))]
    subprocess.run(command, input=np.ascontiguousarray(pictures).tobytes(), check=True)
    path.with_suffix(".json").write_text(json.dumps({"fps": 25.0, "transitions": transitions}))


def ours(paths: list[Path]) -> tuple[str, float, dict[str, Found]]:
    started = time.perf_counter()
    found = {str(path): _shots(path) for path in paths}
    return f"ours, CutShots version {CutShots.version}", time.perf_counter() - started, found


def _shots(path: Path) -> Found:
    video = row(Video, uri=str(path), size_bytes=path.stat().st_size)
    signals = [one for one in WatchVideos().run([video], FakeEnv()) if isinstance(one, Signal)]
    times = np.concatenate([one.pts_us for one in signals])
    shots = [one for one in CutShots().run(signals, None) if isinstance(one, Shot)]
    return [(int(np.searchsorted(times, one.start_us)), one.opened_by) for one in shots[1:]]


def theirs(name: str, python: str, paths: list[Path]) -> tuple[str, float, dict[str, Found]] | None:
    """What another detector finds, a process for each film, or None where it is not installed."""
    version, seconds = "", 0.0
    found: dict[str, Found] = {}
    for path in paths:
        command = [python, str(ROOT / "benchmarks" / "shots_others.py"), name, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"it failed with status {done.returncode}"]
            print(f"{name}: left out at {path.name}: {said[-1]}")
            return None
        answer = json.loads(done.stdout.splitlines()[-1])
        version, seconds = answer["version"], seconds + answer["seconds"]
        found[str(path)] = [(at, None) for at in answer["found"][str(path)]]
    return version, seconds, found


@dataclass
class Score:
    hit: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    extra: int = 0
    named: int = 0

    def add(self, found: Found, truth: list[dict[str, Any]]) -> None:
        left = sorted(found, key=lambda one: one[0])
        for known in truth:
            low, high = known["first_frame"] - TOLERANCE, known["last_frame"] + 1 + TOLERANCE
            match = next((one for one in left if low <= one[0] <= high), None)
            if match is None:
                self.missed[known["kind"]] += 1
                continue
            left.remove(match)
            self.hit[known["kind"]] += 1
            self.named += match[1] == known["kind"]
        self.extra += len(left)

    def line(self) -> str:
        hits, missed = self.hit.total(), self.missed.total()
        precision, recall = hits / max(hits + self.extra, 1), hits / max(hits + missed, 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        kinds = " · ".join(_share(self.hit[kind], self.missed[kind]) for kind in KINDS)
        named = f"{self.named / max(hits, 1):.2f}" if self.named else "—"
        return f"{f1:.3f} | {precision:.3f} | {recall:.3f} | {kinds} | {named}"


def _share(hit: int, missed: int) -> str:
    return f"{hit / (hit + missed):.2f}" if hit + missed else "—"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[7, 11, 13])
    parser.add_argument("--python", default=str(ROOT / ".bench" / "bin" / "python"))
    parser.add_argument("--only", nargs="*", default=["ours", "content", "adaptive", "transnet"])
    asked = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="rushes-films-") as folder:
        paths = sorted(asked.films.rglob("*.mp4")) if asked.films else list(films(asked.seeds, Path(folder)))
        compare(paths, asked.python, asked.only)


def compare(paths: list[Path], python: str, only: list[str]) -> None:
    groups = sorted({path.parent for path in paths})
    print(f"{len(paths)} films, {MAKER.name if MAKER.exists() else 'painted'}\n")
    print(
        "| detector | films | F1 | precision | recall | cut · dissolve · fade · wipe | kinds named | seconds |\n"
        + "|---" * 8
        + "|"
    )
    if "ours" in only:
        report("", paths, groups, ours(paths))
    for name in (one for one in only if one != "ours"):
        found = theirs(name, python, paths) if Path(python).exists() else None
        if found:
            report("" if name == "transnet" else name, paths, groups, found)
    if not Path(python).exists():
        print(f"others left out: there is no {python}; see benchmarks/requirements.txt")


def report(name: str, paths: list[Path], groups: list[Path], found: tuple[str, float, dict[str, Found]]) -> None:
    version, seconds, shots = found
    for group in [*groups, None] if len(groups) > 1 else [None]:
        score = Score()
        for path in paths:
            if group in (None, path.parent):
                score.add(shots[str(path)], json.loads(path.with_suffix(".json").read_text())["transitions"])
        took = "" if group else f"{seconds:.1f}"
        print(f"| {version} {name} | {group.name if group else 'all'} | {score.line()} | {took} |", flush=True)


if __name__ == "__main__":
    main()
