"""Watching and cutting beside ffmpeg that only decodes, and beside PySceneDetect's detect-adaptive.

    python benchmarks/watch_speed.py [FILM...] [--repeats 5] [--python .bench/bin/python] [--threads 2]

Without films two are made: 1080p and 480p, H.264, 130 seconds. Contenders take turns; medians are told. Ours starts a
sandboxed child for every film and otherwise runs in this process; the others are started as programs, and so is
``ours, started as well``.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SHAPES = {"1080p": "1920x1080", "480p": "854x480"}


def make(path: Path, shape: str) -> Path:
    """A film of moving test pictures with grain and a cut every ten seconds."""
    scene = f"testsrc2=s={shape}:r=25:d=130,noise=alls=8:allf=t,hue=h='90*floor(t/10)'"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", scene, "-c:v", "libx264", "-preset", "veryfast"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


def ours(film: Path) -> float:
    """Seconds to the shots of the film, in this process and its sandboxed child."""
    from schemas.media import Shot, Signal, Video
    from stages.cut import CutShots
    from stages.watch import WatchVideos
    from tests.builders import FakeEnv, row

    video = row(Video, uri=str(film), size_bytes=film.stat().st_size)
    started = time.perf_counter()
    signals = [one for one in WatchVideos().run([video], FakeEnv()) if isinstance(one, Signal)]
    shots = [one for one in CutShots().run(signals, None) if isinstance(one, Shot)]
    took = time.perf_counter() - started
    assert shots, "no shots: something is broken"
    return took


def program(command: list[str]) -> float:
    """Seconds that a program takes from start to end."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(film: Path, threads: int, repeats: int, python: str) -> None:
    decode = ["ffmpeg", "-v", "error", "-nostdin", "-threads", str(threads), "-i", str(film), "-f", "null", "-"]
    adaptive = [python, str(ROOT / "benchmarks" / "shots_others.py"), "adaptive", str(film)]
    contenders: dict[str, Callable[[], float]] = {
        f"ffmpeg -threads {threads} -f null -": lambda: program(decode),
        "ours: WatchVideos and CutShots": lambda: ours(film),
        "ours, started as well": lambda: program([sys.executable, __file__, "--one", str(film)]),
    }
    if Path(python).exists():
        contenders["PySceneDetect detect-adaptive"] = lambda: program(adaptive)
    else:
        print(f"PySceneDetect left out: there is no {python}; see benchmarks/requirements.txt")
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, run in contenders.items():
            taken[name].append(run())
    base = statistics.median(next(iter(taken.values())))
    print(f"\n{film.name}, {film.stat().st_size / 1e6:.0f} MB\n\n| | median s | all | to ffmpeg |\n|---|---|---|---|")
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        each = " ".join(f"{second:.2f}" for second in sorted(seconds))
        print(f"| {name} | {median:.2f} | {each} | {median / base:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, nargs="*")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", default=str(ROOT / ".bench" / "bin" / "python"))
    parser.add_argument("--one", type=Path)
    asked = parser.parse_args()
    if asked.one:
        ours(asked.one)
        return
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, ffmpeg {version}")
    with tempfile.TemporaryDirectory(prefix="rushes-bench-") as folder:
        films = asked.films or [make(Path(folder) / f"{name}.mp4", shape) for name, shape in SHAPES.items()]
        for film in films:
            compare(film, asked.threads, asked.repeats, asked.python)
    print(f"\nlargest process started: {_peak_mib(resource.RUSAGE_CHILDREN)} MiB; ", end="")
    print(f"this one: {_peak_mib(resource.RUSAGE_SELF)} MiB")


def _peak_mib(whose: int) -> int:
    return resource.getrusage(whose).ru_maxrss // 1024


if __name__ == "__main__":
    main()
