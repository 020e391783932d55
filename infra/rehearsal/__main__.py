"""The teacher on its own: ``python -m infra.rehearsal --port 0 --latency 0.2`` prints its address as one JSON line."""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import signal
import sys
import threading
from collections.abc import Sequence

from infra.rehearsal.settings import Settings, from_json
from infra.rehearsal.start import Place, serve
from infra.rehearsal.teacher import Teacher
from schemas.errors import RushesError

NUMBERS = (
    "seed",
    "latency_s",
    "latency_spread",
    "batch_s",
    "requests_per_minute",
    "tokens_per_minute",
    "fault_attempts",
)
RATES = ("faults", "defects", "models")
TEXTS = ("structured", "key", "truth", "answerers")


def main(arguments: Sequence[str] | None = None) -> int:
    """Answers until it is asked to end; with ``--settings -``, until standard input ends."""
    options = _options(arguments)
    try:
        settings = _settings(options)
        teacher = Teacher(settings)
    except RushesError as wrong:
        print(f"rehearsal: {wrong}", file=sys.stderr)
        return 2
    try:
        asyncio.run(_serve(teacher, options.port, with_input=options.settings == "-"))
    except OSError as wrong:
        print(f"rehearsal: cannot listen on port {options.port}: {wrong}; use --port 0", file=sys.stderr)
        return 1
    return 0


def rates(text: str) -> dict[str, float]:
    """Rates by name out of ``name=rate,name=rate``. Raises ValueError."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    return {name.strip(): float(rate) for name, _, rate in pairs}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.rehearsal", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--settings", default="", help="all settings as one JSON object; - reads it from standard input"
    )
    for name in NUMBERS:
        kind = type(getattr(Settings(), name))
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=None)
    for name in RATES:
        parser.add_argument(f"--{name}", type=rates, default=None, metavar="NAME=RATE,...")
    for name in TEXTS:
        parser.add_argument(f"--{name}", default=None)
    return parser.parse_args(arguments)


def _settings(options: argparse.Namespace) -> Settings:
    stored = sys.stdin.readline() if options.settings == "-" else options.settings
    given = {name: getattr(options, name) for name in (*NUMBERS, *RATES, *TEXTS)}
    return dataclasses.replace(
        from_json(stored or "{}"), **{name: value for name, value in given.items() if value is not None}
    )


async def _serve(teacher: Teacher, port: int, *, with_input: bool) -> None:
    loop = asyncio.get_running_loop()
    enough = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, enough.set)
    if with_input:
        threading.Thread(target=_until_end_of_input, args=(loop, enough), daemon=True).start()
    await serve(teacher, port, _tell, enough)


def _until_end_of_input(loop: asyncio.AbstractEventLoop, enough: asyncio.Event) -> None:
    sys.stdin.read()
    with contextlib.suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(enough.set)


def _tell(place: Place) -> None:
    print(json.dumps({"url": place.url, "port": place.port}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
