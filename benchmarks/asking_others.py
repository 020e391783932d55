"""The contenders of ``benchmarks/asking.py`` that are not ours. Imports nothing of ours, so it runs in any venv.

    python benchmarks/asking_others.py NAME text|pictures REQUESTS IN_FLIGHT URL

Prints one line of JSON: seconds, and the largest memory of the process in MB.
"""

import asyncio
import base64
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

JPEG = b"\xff\xd8" + bytes(50_000)
N_PICTURES = 4


@dataclass(frozen=True)
class Load:
    """What is asked: ``what`` is text or pictures."""

    what: str
    requests: int
    in_flight: int
    url: str

    def messages(self, number: int) -> list[Any]:
        """One request."""
        parts: list[Any] = [{"type": "text", "text": f"number {number}"}]
        if self.what == "pictures":
            address = "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()
            parts += [{"type": "image_url", "image_url": {"url": address}}] * N_PICTURES
        return [{"role": "system", "content": "be brief"}, {"role": "user", "content": parts}]


def client(load: Load) -> float:
    """The bare client of openai: a semaphore, nothing kept."""
    from openai import AsyncOpenAI

    async def run() -> float:
        free = asyncio.Semaphore(load.in_flight)
        async with AsyncOpenAI(base_url=load.url, api_key="none", max_retries=3) as api:

            async def one(number: int) -> None:
                async with free:
                    await api.chat.completions.create(model="teacher", max_tokens=64, messages=load.messages(number))

            begun = time.perf_counter()
            await asyncio.gather(*(one(number) for number in range(load.requests)))
            return time.perf_counter() - begun

    return asyncio.run(run())


def ray_data(load: Load) -> float:
    """Ray Data's HTTP processor, with Ray up already: four actors, each of which has one request in flight.

    Release 2.60 awaits the requests of a batch one after the other, so its speed is that of its actors; a small part of
    the requests shows it.
    """
    import ray
    from ray.data.llm import HttpRequestProcessorConfig, build_processor

    actors = 4
    ray.init(num_cpus=actors + 2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    processor = build_processor(
        HttpRequestProcessorConfig(url=f"{load.url}/chat/completions", batch_size=8, concurrency=actors, max_retries=5),
        preprocess=lambda row: {
            "payload": {"model": "teacher", "max_tokens": 64, "messages": load.messages(int(row["id"]))}
        },
        postprocess=lambda row: {"said": str(row["http_response"])[:20]},
    )
    begun = time.perf_counter()
    count = processor(ray.data.range(load.requests, override_num_blocks=2 * actors)).materialize().count()
    took = time.perf_counter() - begun
    ray.shutdown()
    assert count == load.requests, f"only {count} of {load.requests} were answered"
    return took


def curator(load: Load) -> float:
    """bespokelabs-curator, with limits far above what is asked, and bytes as tokens: it would download a tokenizer."""
    import tiktoken

    tokens = tiktoken.Encoding(
        "bytes", pat_str="(?s:.)", mergeable_ranks={bytes([n]): n for n in range(256)}, special_tokens={}
    )
    tiktoken.get_encoding = tiktoken.encoding_for_model = lambda _: tokens
    os.environ |= {"CURATOR_CACHE_DIR": tempfile.mkdtemp(), "TELEMETRY_ENABLED": "0", "CURATOR_VIEWER": "0"}
    from bespokelabs import curator as lab
    from datasets import Dataset

    class Teacher(lab.LLM):
        def prompt(self, row: dict[str, Any]) -> list[Any]:
            return load.messages(row["id"])

        def parse(self, row: dict[str, Any], response: Any) -> dict[str, Any]:
            return {"id": row["id"], "said": str(response)[:20]}

    teacher = Teacher(
        model_name="teacher",
        backend="openai",
        generation_params={"max_tokens": 64},
        backend_params={
            "base_url": load.url,
            "api_key": "none",
            "max_concurrent_requests": load.in_flight,
            "max_requests_per_minute": 1_000_000,
            "max_tokens_per_minute": 10_000_000_000,
        },
    )
    rows = Dataset.from_list([{"id": number} for number in range(load.requests)])
    begun = time.perf_counter()
    count = len(teacher(rows).dataset)
    took = time.perf_counter() - begun
    assert count == load.requests, f"only {count} of {load.requests} were answered"
    return took


CONTENDERS: dict[str, Callable[[Load], float]] = {"openai": client, "ray data": ray_data, "curator": curator}


def main(name: str, what: str, requests: str, in_flight: str, url: str) -> None:
    seconds = CONTENDERS[name](Load(what, int(requests), int(in_flight), url))
    print(json.dumps({"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main(*sys.argv[1:])
