"""A chat server on loopback that answers as a test tells it, request by request, and keeps what it was asked."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answerer = Callable[["Server", dict[str, Any]], Awaitable[web.StreamResponse] | web.StreamResponse]


def completion(text: str | None = "hello", finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    """The JSON of a chat completion."""
    message = {"role": "assistant", "content": text, "refusal": more.pop("refusal", None)}
    return {
        "id": "x",
        "object": "chat.completion",
        "model": "teacher-1",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    } | more


def says(text: str | None = "hello", finish: str | None = "stop", **more: Any) -> web.Response:
    """A good response."""
    return web.json_response(completion(text, finish, **more))


def fails(status: int, message: str = "no", headers: dict[str, str] | None = None, **more: Any) -> web.Response:
    """An error as OpenAI's servers write it."""
    return web.json_response({"error": {"message": message} | more}, status=status, headers=headers)


@dataclass
class Server:
    """``answer`` is called for each chat completion; ``calls`` are the bodies in order, ``at`` when they came."""

    answer: Answerer
    models: list[str] | int = field(default_factory=lambda: ["teacher"])
    calls: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: list[web.Request] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    url: str = ""

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.calls.append(body)
        self.at.append(time.monotonic())
        self.headers.append(dict(request.headers))
        self.raw.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self.answer(self, body)
            return await answer if isinstance(answer, Awaitable) else answer
        finally:
            self.in_flight -= 1
            self.raw.remove(request)

    async def list_models(self, request: web.Request) -> web.Response:
        if isinstance(self.models, int):
            return fails(self.models, f"no entry for {request.headers.get('Authorization')}")
        return web.json_response({"data": [{"id": name} for name in self.models]})


@contextmanager
def serving(answer: Answerer, **facts: Any) -> Generator[Server]:
    """A server that is up."""
    server = Server(answer, **facts)
    loop = asyncio.new_event_loop()
    app = web.Application(client_max_size=2**28)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_get("/v1/models", server.list_models)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def up() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"

    loop.run_until_complete(up())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
