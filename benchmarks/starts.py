"""What a run costs before and after its work: whole commands that find nothing to do, or next to nothing.

    python benchmarks/starts.py [--repeats 5]

One film of a second is built once; then `rushes build` is run again with nothing changed (inline, on Ray, under a
Prefect server), and with a changed seed, which makes Ray start and do a second's work. Prefect's own server is started
anew for its turn, with its database kept, and its start counts. Prints one line of JSON per way, medians of the
repeats.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from flows.prefect_api import check_reachable  # noqa: E402
from schemas.errors import ToolDown  # noqa: E402

BIN = Path(sys.executable).parent
BARE = {**os.environ, "PREFECT_API_URL": ""}


def build(film: Path, to: Path, *options: str, env: dict[str, str] | None = None) -> None:
    """A whole `rushes build`, started as a program."""
    command = [str(BIN / "rushes"), "build", "fragments", str(film), "--to", str(to), *options]
    subprocess.run(command, env=env or BARE, stdout=subprocess.DEVNULL, check=True)


@contextmanager
def prefect_server(home: Path) -> Iterator[dict[str, str]]:
    """The environment in which a Prefect server is found that has just come up."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    env = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
    command = [str(BIN / "prefect"), "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", port]
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while process.poll() is None:
            try:
                check_reachable(env["PREFECT_API_URL"], timeout_s=1)
                break
            except ToolDown:
                time.sleep(0.05)  # nothing tells when it is up
        yield env
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def under_prefect(film: Path, to: Path, home: Path) -> None:
    with prefect_server(home) as env:
        build(film, to, "--engine", "inline", env=env)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="starts-") as folder:
        film, to, apart, home = (Path(folder, name) for name in ("film.mp4", "dataset", "apart", "prefect"))
        source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=1"]
        subprocess.run(["ffmpeg", "-v", "error", *source, str(film)], check=True)
        build(film, to, "--engine", "inline")
        under_prefect(film, apart, home)
        seeds = count(100)
        ways: dict[str, Callable[[], None]] = {
            "inline, nothing to do": lambda: build(film, to, "--engine", "inline"),
            "ray, nothing to do": lambda: build(film, to, "--engine", "ray"),
            "inline, items anew": lambda: build(film, to, "--engine", "inline", "--set", f"seed={next(seeds)}"),
            "ray, items anew": lambda: build(film, to, "--engine", "ray", "--set", f"seed={next(seeds)}"),
            "Prefect's server started, inline, nothing to do": lambda: under_prefect(film, apart, home),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(asked.repeats):
            for name, way in ways.items():
                begun = time.perf_counter()
                way()
                taken[name].append(round(time.perf_counter() - begun, 2))
        for name, seconds in taken.items():
            told = {"what": name, "seconds": statistics.median(seconds), "all": sorted(seconds)}
            print(json.dumps({**told, "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}))


if __name__ == "__main__":
    main()
