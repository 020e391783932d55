"""Starting and stopping the teacher: in a thread of this process, or as a process beside it."""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from infra.rehearsal.wire import Line
from schemas.errors import ToolDown

HERE = "127.0.0.1"
PATIENCE_S = 30
BACKLOG = 1024


@dataclass(frozen=True)
class Place:
    """Where a teacher can be reached."""

    port: int

    @property
    def root(self) -> str:
        """The server's address."""
        return f"http://{HERE}:{self.port}"

    @property
    def url(self) -> str:
        """What an OpenAI client calls ``base_url``."""
        return f"{self.root}/v1"


async def serve(teacher: Teacher, port: int, began: Callable[[Place], None], enough: asyncio.Event) -> None:
    """Answers on loopback until it is enough; tells ``began`` where. Port 0 takes a free one."""
    lines: set[Line] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(teacher.handle, lines), HERE, port, backlog=BACKLOG)
    try:
        began(Place(server.sockets[0].getsockname()[1]))
        await enough.wait()
    finally:
        server.close()
        answering = [task for line in list(lines) if (task := line.close())]
        await asyncio.gather(*answering, return_exceptions=True)


@contextlib.contextmanager
def in_thread(teacher: Teacher, port: int = 0) -> Iterator[Place]:
    """The teacher's place while it answers from a thread of this process. Raises ToolDown when the port is taken."""
    told: Future[Place] = Future()
    loop = asyncio.new_event_loop()
    enough = asyncio.Event()

    def run() -> None:
        try:
            loop.run_until_complete(serve(teacher, port, told.set_result, enough))
        except OSError as wrong:
            told.set_exception(ToolDown(f"the rehearsal's teacher cannot listen on port {port}: {wrong}; use port 0"))
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="rehearsal", daemon=True)
    thread.start()
    try:
        yield told.result(PATIENCE_S)
    finally:
        with contextlib.suppress(RuntimeError):  # the loop is closed already: it never began
            loop.call_soon_threadsafe(enough.set)
        thread.join(PATIENCE_S)


@contextlib.contextmanager
def apart(settings: Settings) -> Iterator[Place]:
    """The teacher's place while it answers from a process of its own, which ends with this one at the latest."""
    command = [sys.executable, "-m", "infra.rehearsal", "--settings", "-"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield _place_of(child, settings)
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for stream in (child.stdout, child.stderr):
            stream.close()  # type: ignore[union-attr]  # it is a pipe


def _place_of(child: subprocess.Popen[str], settings: Settings) -> Place:
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise ToolDown("the rehearsal's teacher has no pipes")
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(settings.to_json() + "\n")
        child.stdin.flush()
    line = child.stdout.readline()
    if not line:
        raise ToolDown(f"the rehearsal's teacher did not start: {child.stderr.read()[-2000:]}")
    return Place(int(json.loads(line)["port"]))


def stats(place: Place) -> dict[str, Any]:
    """The sums over all that was asked of the teacher there."""
    return _got(f"{place.root}/rehearsal/stats")  # type: ignore[no-any-return]  # an object


def entries(place: Place, number: int = 0) -> list[dict[str, Any]]:
    """The log of the teacher there, from the entry at that place on."""
    return _got(f"{place.root}/rehearsal/log?from={number}")  # type: ignore[no-any-return]  # a list


def _got(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as told:
        return json.load(told)
