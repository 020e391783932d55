"""The frame sampler beside decord, PyAV and ffmpeg alone: 16 exact frames of a long film, and one a second.

    python benchmarks/frames.py [--minutes 10] [--dense 600] [--repeats 5] [--film FILE]

The film is made on the spot: 1080p, 24 frames a second, H.264 with B-frames and a keyframe every 250; every frame
carries its number in a strip at its foot, so that wrong frames are counted. Each contender runs in a process of its
own, start and imports included, and hands over pictures 768 wide; ours also runs its decoder in the sandbox and makes
JPEGs. Contenders take turns. Prints Markdown tables.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.footage import bars, number_in

RATE, WIDE, HIGH = 24, 768, 432
STRIP = 48
LOOP = 60 * RATE
Picture = tuple[int, Any]


def make(path: Path, minutes: int) -> None:
    """A film of so many minutes: a minute of moving test pictures over and over, each with its number at the foot."""
    scene = f"testsrc2=s=1920x1080:r={RATE}:d=60"
    strip = f"[0:v]scale=1920:{STRIP * 1080 // HIGH}:flags=neighbor[strip]"
    graph = f"{strip};{scene}[scene];[scene][strip]overlay=0:H-h:shortest=1,format=yuv420p"
    minute = path.with_name("minute.mp4")
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x2", "-r", str(RATE)]
    command += ["-i", "pipe:0", "-filter_complex", graph, "-c:v", "libx264", "-preset", "veryfast", str(minute)]
    numbers = b"".join(bars(number, 16, 2).tobytes() for number in range(LOOP))
    subprocess.run(command, input=numbers, check=True)
    loop = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", str(path)]
    subprocess.run(loop, check=True)


def ours(path: Path, times: Sequence[int]) -> Iterator[Picture]:
    import io

    from PIL import Image

    from stages.readers import Shape, take

    for taken in take(path, times, Shape(side_px=WIDE, quality=90), "pyav"):
        yield taken.at_us, np.asarray(Image.open(io.BytesIO(taken.jpeg)))


def decord(path: Path, times: Sequence[int]) -> Iterator[Picture]:
    import decord as library

    reader = library.VideoReader(str(path), width=WIDE, height=HIGH, num_threads=os.cpu_count())
    numbers = [at_us * RATE // 1_000_000 for at_us in times]
    for start in range(0, len(times), 64):
        batch = reader.get_batch(numbers[start : start + 64]).asnumpy()
        yield from zip(times[start : start + 64], batch, strict=True)


def pyav_seeking(path: Path, times: Sequence[int]) -> Iterator[Picture]:
    """As its manual says: seek before each time, decode to it."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for at_us in times:
            aim = at_us / 1e6
            container.seek(int(aim / (stream.time_base or 1)), stream=stream)
            for frame in container.decode(stream):
                if frame.time + 1 / RATE > aim + 1e-4:
                    yield at_us, frame.reformat(WIDE, HIGH, "rgb24").to_ndarray()
                    break


def pyav_reading(path: Path, times: Sequence[int]) -> Iterator[Picture]:
    """Decode everything, keep what is wanted."""
    import av

    waiting = list(reversed(times))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if waiting and (frame.time + 1 / RATE) * 1e6 > waiting[-1] + 100:
                yield waiting.pop(), frame.reformat(WIDE, HIGH, "rgb24").to_ndarray()
            if not waiting:
                return


def ffmpeg_seeking(path: Path, times: Sequence[int]) -> Iterator[Picture]:
    """A process per frame."""
    for at_us in times:
        # ffmpeg drops what begins before the time, so aim a little before the frame that is on screen then
        begins = (at_us * RATE // 1_000_000) / RATE
        yield at_us, _raw(["-ss", f"{max(0, begins - 0.01):.4f}", "-i", str(path), "-frames:v", "1"])[0]


def ffmpeg_reading(path: Path, times: Sequence[int]) -> Iterator[Picture]:
    """One process that decodes everything."""
    chosen = "+".join(f"eq(n,{at_us * RATE // 1_000_000})" for at_us in times)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as script:
        script.write(f"select='{chosen}',scale={WIDE}:{HIGH}")
        script.flush()
        enough = ["-frames:v", str(len(times))]
        pictures = _raw(
            ["-i", str(path), "-filter_script:v", script.name, "-fps_mode", "passthrough", *enough], scaled=True
        )
    yield from zip(times, pictures, strict=True)


def _raw(arguments: list[str], *, scaled: bool = False) -> Any:
    scale = [] if scaled else ["-vf", f"scale={WIDE}:{HIGH}"]
    command = ["ffmpeg", "-v", "error", *arguments, *scale, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, HIGH, WIDE, 3)


Contender = Callable[[Path, Sequence[int]], Iterator[Picture]]
SPARSE: dict[str, Contender] = {
    "ours": ours,
    "decord": decord,
    "PyAV, seeking": pyav_seeking,
    "ffmpeg, a process per frame": ffmpeg_seeking,
}
DENSE: dict[str, Contender] = {
    "ours": ours,
    "decord": decord,
    "PyAV, reading all": pyav_reading,
    "ffmpeg, reading all": ffmpeg_reading,
}


def run_one(name: str, path: Path, times: Sequence[int]) -> None:
    """Be one contender: print which number was seen at each time."""
    contender = (SPARSE | DENSE)[name]
    seen = [(int(at_us), number_in(picture[-STRIP:])) for at_us, picture in contender(path, times)]
    print(json.dumps(seen))


@dataclass(frozen=True)
class Run:
    """Seconds on the clock, seconds of CPU (children included), and how many pictures were the right ones."""

    wall_s: float
    cpu_s: float
    n_right: int


def measure(name: str, path: Path, times: Sequence[int]) -> Run:
    """One run of one contender, in a process of its own."""
    before, started = _cpu_s(), time.perf_counter()
    command = [sys.executable, __file__, "--one", name, "--film", str(path)]
    done = subprocess.run(command, input=json.dumps(times), text=True, capture_output=True, check=False)
    wall_s = time.perf_counter() - started
    seen = json.loads(done.stdout) if done.returncode == 0 else []
    return Run(wall_s, _cpu_s() - before, sum(number == at_us * RATE // 1_000_000 % LOOP for at_us, number in seen))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(title: str, contenders: Sequence[str], path: Path, times: Sequence[int], repeats: int) -> None:
    """One table: contenders take turns, so that what else the machine does hits all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name in contenders:
            runs[name].append(measure(name, path, times))
    print(f"\n**{title}** (medians of {repeats})\n\n| | s | lowest to highest | CPU s | right |\n|---|---|---|---|---|")
    for name, made in runs.items():
        walls = [run.wall_s for run in made]
        spread = f"{min(walls):.2f} to {max(walls):.2f}"
        cpu = statistics.median(run.cpu_s for run in made)
        right = min(run.n_right for run in made)
        print(
            f"| {name} | {statistics.median(walls):.2f} | {spread} | {cpu:.1f} | {right} of {len(times)} |", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=10, help="length of the film")
    parser.add_argument("--dense", type=int, default=600, help="so many seconds of it, a frame of each")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--film", type=Path, help="where the film is, or shall be kept")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        run_one(asked.one, asked.film, json.load(sys.stdin))
        return
    with tempfile.TemporaryDirectory(prefix="rushes-bench-") as folder:
        film = asked.film or Path(folder) / "film.mp4"
        if not film.exists():
            make(film, asked.minutes)
        size = film.stat().st_size / 1e6
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; film of {size:.0f} MB",
            flush=True,
        )
        step = asked.minutes * 60 * 1_000_000 // 32
        compare("16 frames, spread evenly", list(SPARSE), film, [step * n for n in range(1, 32, 2)], asked.repeats)
        seconds = [second * 1_000_000 for second in range(min(asked.dense, asked.minutes * 60))]
        compare(f"One frame a second, {len(seconds)} s", list(DENSE), film, seconds, asked.repeats)


if __name__ == "__main__":
    main()
