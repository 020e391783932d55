"""Asking a model over HTTP: ours beside the bare client and two peers, against a server with known latency.

    python benchmarks/asking.py text [--requests 5000] [--in-flight 256] [--curator VENV/bin/python]
    python benchmarks/asking.py pictures [--requests 1000] [--in-flight 32]
    python benchmarks/asking.py limited [--requests 6000]

The server is the rehearsal's teacher in a process of its own, on the same cores, with a latency of 1 s. The ideal is
requests / in flight x latency. ``pictures`` sends four JPEGs of 50 KB with each request. ``limited`` allows 3,000
requests a minute and lets 5 % fail with 429 or 503; those are asked again and count, so the share is that of what the
server got. Each contender is a process; the memory is its largest. The peers
are Ray Data's HTTP processor and bespokelabs-curator, which needs a venv of its own. Prints Markdown.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.asking_others import JPEG, N_PICTURES
from infra.models.room import Room
from infra.profile_models import Cast, ModelPart
from infra.rehearsal.settings import Settings
from infra.rehearsal.start import Place, apart, stats
from schemas.chat import Picture, Reply, Request
from schemas.units import BlobId

LATENCY_S = 1.0
PER_MINUTE = 3000
OTHERS = Path(__file__).with_name("asking_others.py")
# It has a few requests in flight, whatever is asked of it: all of them would take half an hour.
RAY_DATA_REQUESTS = 200
Numbers = dict[str, float]


def ours(asked: argparse.Namespace) -> Numbers:
    """The whole of ours: limits, call log, retries; then all of it once more, out of the log."""
    import openai  # noqa: F401  what others import before they begin, ours imports when it first asks

    part = ModelPart(
        name="teacher",
        revision="1",
        endpoints=(asked.url,),
        in_flight=asked.in_flight,
        requests_per_minute=PER_MINUTE if asked.what == "limited" else 0,
    )
    cast = Cast(models={"teacher": part}, roles={"writer": ("teacher",)})
    parts = tuple(Picture(BlobId(f"{n}.jpg")) for n in range(N_PICTURES)) if asked.what == "pictures" else ()
    requests = [Request("be brief", (f"number {n}", *parts), max_tokens=64) for n in range(asked.requests)]
    with tempfile.TemporaryDirectory(prefix="asking-") as folder:
        taken = []
        for _ in range(2):
            room = Room(cast, Path(folder, "replies"), Path(folder, "log"), lambda _: JPEG)
            begun = time.perf_counter()
            good = sum(isinstance(one, Reply) for one in room.chat("writer")(requests))
            taken.append(time.perf_counter() - begun)
            room.close()
            if good != len(requests):
                raise SystemExit(f"only {good} of {len(requests)} were answered")
    return {"seconds": taken[0], "again_s": taken[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["text", "pictures", "limited"])
    parser.add_argument("--requests", type=int)
    parser.add_argument("--in-flight", type=int)
    parser.add_argument("--only", nargs="*", default=["ours", "openai", "ray data", "curator"])
    parser.add_argument("--curator", metavar="PYTHON", help="a Python that has bespokelabs-curator")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.requests = asked.requests or {"text": 5000, "pictures": 1000, "limited": 6000}[asked.what]
    asked.in_flight = asked.in_flight or {"text": 256, "pictures": 32, "limited": 128}[asked.what]
    if asked.url:
        print(json.dumps(ours(asked) | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        compare(asked)


def compare(asked: argparse.Namespace) -> None:
    limited = asked.what == "limited"
    teacher = Settings(
        latency_s=0.1 if limited else LATENCY_S,
        log_chars=0,
        requests_per_minute=PER_MINUTE if limited else 0,
        faults={"rate_limited": 0.025, "unavailable": 0.025} if limited else {},
    )
    print(f"{asked.what}, {asked.in_flight} in flight, load {os.getloadavg()[0]:.1f}\n")
    print("| | requests | s | of the ideal | MB | peak in flight | violations | again, items/s |\n" + "|---" * 8 + "|")
    for name in asked.only:
        if name == "curator" and not asked.curator:
            print("| curator | not run: give --curator |" + " |" * 6)
        else:
            with apart(teacher) as place:
                print("| " + " | ".join(map(str, line(name, asked, place))) + " |", flush=True)


def line(name: str, asked: argparse.Namespace, place: Place) -> list[object]:
    """One contender's row."""
    requests = min(asked.requests, RAY_DATA_REQUESTS) if name == "ray data" else asked.requests
    started = command(name, asked, requests, place.url)
    done = subprocess.run(started, capture_output=True, text=True, check=False)
    if done.returncode:
        return [name, requests, f"failed: {done.stderr.strip().splitlines()[-1:]}", *[""] * 5]
    found, told = json.loads(done.stdout.splitlines()[-1]), stats(place)
    limited = asked.what == "limited"
    ideal_s = told["requests"] * 60 / PER_MINUTE if limited else requests / asked.in_flight * LATENCY_S
    again = f"{requests / found['again_s']:,.0f}" if "again_s" in found else ""
    share = f"{100 * ideal_s / found['seconds']:.1f} %"
    seen = [told["peak_in_flight"], told["violations"]]
    return [name, requests, f"{found['seconds']:.1f}", share, f"{found['mb']:.0f}", *seen, again]


def command(name: str, asked: argparse.Namespace, requests: int, url: str) -> list[str]:
    """What starts one contender."""
    if name == "ours":
        amounts = ["--requests", str(requests), "--in-flight", str(asked.in_flight)]
        return [sys.executable, __file__, asked.what, *amounts, "--url", url]
    python = asked.curator if name == "curator" else sys.executable
    return [python, str(OTHERS), name, asked.what, str(requests), str(asked.in_flight), url]


if __name__ == "__main__":
    main()
