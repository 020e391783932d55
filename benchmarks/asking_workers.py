"""Four workers on Ray ask one model together, within limits that hold for all of them: what the server counts.

    python benchmarks/asking_workers.py [--workers 4] [--requests 6000] [--per-minute 3000]

The server is the rehearsal's teacher: 0.1 s of latency, 5 % of replies 429 or 503, and a count of every request that
arrives beyond the limit in any window of a minute. What is asked again counts, so the share of the allowed rate is that
of what the server got. The workers share one desk, an actor, as in a run. Prints Markdown.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ray

from infra.models.desk import Desk
from infra.models.gate import RayDoor
from infra.models.room import Room
from infra.profile_models import Budget, Cast, ModelPart
from infra.rehearsal.settings import Settings
from infra.rehearsal.start import apart, stats
from schemas.chat import Reply, Request


@ray.remote(num_cpus=0)
class Worker:
    """One of several that ask."""

    def __init__(self, cast: Cast, folder: str, number: int, desk: Any) -> None:
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        at = Path(folder)
        self._number = number
        self._room = Room(cast, at / "replies", at / "log", lambda _: b"", f"worker {number}", RayDoor(desk))

    def ask(self, many: int) -> int:
        """How many of so many requests were answered."""
        requests = [Request("be brief", (f"worker {self._number} number {n}",), max_tokens=64) for n in range(many)]
        good = sum(isinstance(one, Reply) for one in self._room.chat("writer")(requests))
        self._room.close()
        return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--per-minute", type=int, default=3000)
    asked = parser.parse_args()
    faults = {"rate_limited": 0.025, "unavailable": 0.025}
    teacher = Settings(latency_s=0.1, log_chars=0, requests_per_minute=asked.per_minute, faults=faults)
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory(prefix="asking-") as folder, apart(teacher) as place:
        part = ModelPart(
            name="teacher", revision="1", endpoints=(place.url,), in_flight=128, requests_per_minute=asked.per_minute
        )
        cast = Cast(models={"teacher": part}, roles={"writer": ("teacher",)})
        desk = ray.remote(num_cpus=0)(Desk).remote(cast.models, Budget())
        workers = [Worker.remote(cast, folder, number, desk) for number in range(asked.workers)]  # type: ignore[attr-defined]
        begun = time.perf_counter()
        good = sum(ray.get([worker.ask.remote(asked.requests // asked.workers) for worker in workers]))
        took, told = time.perf_counter() - begun, stats(place)
    ray.shutdown()
    share = 100 * told["requests"] * 60 / asked.per_minute / took
    print("| workers | requests | answered | s | of the allowed rate | violations | load |\n" + "|---" * 7 + "|")
    facts = (asked.workers, asked.requests, good, f"{took:.1f}", f"{share:.1f} %", told["violations"])
    print(f"| {' | '.join(map(str, facts))} | {os.getloadavg()[0]:.1f} |")


if __name__ == "__main__":
    main()
