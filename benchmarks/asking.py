"""Asking a model over HTTP: ours beside the bare client and Ray Data's processor, against a server with known latency.

    python benchmarks/asking.py text [--requests 5000] [--in-flight 256]
    python benchmarks/asking.py pictures [--requests 1000] [--in-flight 32]
    python benchmarks/asking.py limited [--requests 6000]

The server is the rehearsal's teacher in a process of its own, on the same cores, with a latency of 1 s. The ideal is
requests / in flight x latency. ``pictures`` sends four JPEGs of 50 KB with each request. ``limited`` allows 3,000
requests a minute and lets 5 % fail with 429 or 503. Each contender is a process; the memory is its largest. Prints
Markdown.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.models.room import Room
from infra.profile_models import Cast, ModelPart
from infra.rehearsal.settings import Settings
from infra.rehearsal.start import apart, stats
from schemas.chat import Picture, Reply, Request
from schemas.units import BlobId

LATENCY_S = 1.0
JPEG = b"\xff\xd8" + bytes(50_000)
PER_MINUTE = 3000
Numbers = dict[str, float]


def ours(asked: argparse.Namespace) -> Numbers:
    """The whole of ours: limits, call log, retries; then all of it once more, out of the log."""
    part = ModelPart(
        name="teacher",
        revision="1",
        endpoints=(asked.url,),
        in_flight=asked.in_flight,
        requests_per_minute=PER_MINUTE if asked.what == "limited" else 0,
    )
    cast = Cast(models={"teacher": part}, roles={"writer": ("teacher",)})
    parts = tuple(Picture(BlobId(f"{n}.jpg")) for n in range(4)) if asked.what == "pictures" else ()
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


def client(asked: argparse.Namespace) -> Numbers:
    """The bare client of openai: a semaphore, nothing kept."""
    from openai import AsyncOpenAI

    async def run() -> float:
        free = asyncio.Semaphore(asked.in_flight)
        async with AsyncOpenAI(base_url=asked.url, api_key="none", max_retries=3) as api:

            async def one(number: int) -> None:
                async with free:
                    await api.chat.completions.create(
                        model="teacher", max_tokens=64, messages=_messages(asked.what, number)
                    )

            begun = time.perf_counter()
            await asyncio.gather(*(one(number) for number in range(asked.requests)))
            return time.perf_counter() - begun

    return {"seconds": asyncio.run(run())}


def ray_data(asked: argparse.Namespace) -> Numbers:
    """Ray Data's HTTP processor, with Ray up already."""
    import ray
    from ray.data.llm import HttpRequestProcessorConfig, build_processor

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    size = 64
    config = HttpRequestProcessorConfig(
        url=f"{asked.url}/chat/completions", batch_size=size, concurrency=max(1, asked.in_flight // size), max_retries=5
    )
    processor = build_processor(
        config,
        preprocess=lambda row: {
            "payload": {"model": "teacher", "max_tokens": 64, "messages": _messages(asked.what, int(row["id"]))}
        },
        postprocess=lambda row: {"said": str(row["http_response"])[:20]},
    )
    rows = ray.data.range(asked.requests, override_num_blocks=max(1, asked.requests // size))
    begun = time.perf_counter()
    count = processor(rows).materialize().count()
    took = time.perf_counter() - begun
    ray.shutdown()
    if count != asked.requests:
        raise SystemExit(f"only {count} of {asked.requests} were answered")
    return {"seconds": took}


def _messages(what: str, number: int) -> list[Any]:
    parts: list[Any] = [{"type": "text", "text": f"number {number}"}]
    if what == "pictures":
        address = "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()
        parts += [{"type": "image_url", "image_url": {"url": address}}] * 4
    return [{"role": "system", "content": "be brief"}, {"role": "user", "content": parts}]


CONTENDERS: dict[str, Callable[[argparse.Namespace], Numbers]] = {"ours": ours, "openai": client, "ray data": ray_data}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["text", "pictures", "limited"])
    parser.add_argument("--requests", type=int)
    parser.add_argument("--in-flight", type=int)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--one")
    parser.add_argument("--url")
    asked = parser.parse_args()
    asked.requests = asked.requests or {"text": 5000, "pictures": 1000, "limited": 6000}[asked.what]
    asked.in_flight = asked.in_flight or {"text": 256, "pictures": 32, "limited": 128}[asked.what]
    if asked.one:
        found = CONTENDERS[asked.one](asked)
        print(json.dumps(found | {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        compare(asked)


def compare(asked: argparse.Namespace) -> None:
    limited = asked.what == "limited"
    ideal = asked.requests * 60 / PER_MINUTE if limited else asked.requests / asked.in_flight * LATENCY_S
    teacher = Settings(
        latency_s=0.1 if limited else LATENCY_S,
        log_chars=0,
        requests_per_minute=PER_MINUTE if limited else 0,
        faults={"rate_limited_wait": 0.025, "unavailable": 0.025} if limited else {},
    )
    print(
        f"{asked.requests} requests, {asked.in_flight} in flight, ideal {ideal:.1f} s, load {os.getloadavg()[0]:.1f}\n"
    )
    print("| | s | of the ideal throughput | MB | peak in flight | violations | again, items/s |\n" + "|---" * 7 + "|")
    for name in asked.only:
        with apart(teacher) as place:
            command = [sys.executable, __file__, asked.what, "--one", name, "--url", place.url]
            command += ["--requests", str(asked.requests), "--in-flight", str(asked.in_flight)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"| {name} | failed: {done.stderr.strip().splitlines()[-1:]} |" + " |" * 5)
                continue
            found, told = json.loads(done.stdout.splitlines()[-1]), stats(place)
        again = f"{asked.requests / found['again_s']:,.0f}" if "again_s" in found else ""
        share = f"{100 * ideal / found['seconds']:.1f} %"
        facts = (
            f"{found['seconds']:.1f}",
            share,
            f"{found['mb']:.0f}",
            told["peak_in_flight"],
            told["violations"],
            again,
        )
        print(f"| {name} | " + " | ".join(map(str, facts)) + " |", flush=True)


if __name__ == "__main__":
    main()
