"""HTTP/1.1 on loopback, as small as it can be: the server shares its cores with the client that it is there to test.

Bare handlers on two cores took 60 to 90 us of CPU per request this way, 150 to 190 us with aiohttp and over 400 us with
uvicorn; and a server of our own can also break the rules, which is half of what it is for.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

MOST_BYTES = 256_000_000
DRIP_S = 0.1
LINGER_OFF = struct.pack("ii", 1, 0)
Way = Literal["whole", "reset", "silence", "drip", "short", "comments"]


@dataclass(frozen=True)
class Call:
    """One HTTP request: the path without its query, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Sent:
    """One HTTP response, and the way in which it reaches the client: whole, or broken in a way that has a name."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    way: Way = "whole"


Handler = Callable[[Call], Awaitable[Sent]]


class BadRequest(ValueError):
    """The client does not speak HTTP/1.1 as this server understands it."""


class Line(asyncio.Protocol):
    """One connection: requests in, one after the other; ``handle`` answers each."""

    def __init__(self, handle: Handler, lines: set["Line"]) -> None:
        self._handle, self._lines = handle, lines
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._head: tuple[Call, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Notes the connection."""
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport  # type: ignore[assignment]  # a stream's transport
        self._lines.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Gives up what was being answered: nobody waits for it any more."""
        self._lines.discard(self)
        if self._task:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Takes in bytes; starts to answer as soon as a request is whole."""
        self._received += data
        if self._task is None:
            self._next()

    def close(self) -> asyncio.Task[None] | None:
        """Ends the connection at once; gives what was being answered on it, cancelled."""
        if self._transport:
            self._transport.abort()
        if self._task:
            self._task.cancel()
        return self._task

    def _next(self) -> None:
        try:
            call = self._taken()
        except (BadRequest, ValueError) as wrong:
            self._write(_whole(Sent(400, str(wrong).encode(), "text/plain", {"connection": "close"})))
            self._end()
            return
        if call:
            self._task = self._loop.create_task(self._answer(call))

    def _taken(self) -> Call | None:
        """The next whole request, taken out of what was received."""
        if self._head is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return None
            self._head = _parsed(bytes(self._received[:end]))
            del self._received[: end + 4]
        head, size = self._head
        if len(self._received) < size:
            return None
        body = bytes(self._received[:size])
        del self._received[:size]
        self._head = None
        return Call(head.method, head.path, head.query, head.headers, body)

    async def _answer(self, call: Call) -> None:
        sent = await self._handle(call)
        await self._send(sent)
        self._task = None
        if sent.way in ("short", "comments", "drip") or call.headers.get("connection", "").lower() == "close":
            self._end()
        elif self._received:
            self._next()

    async def _send(self, sent: Sent) -> None:
        if sent.way == "reset":
            self._reset()
        elif sent.way == "silence":
            await self._loop.create_future()
        elif sent.way == "drip":
            await self._drip(_whole(sent))
        elif sent.way == "comments":
            await self._comments()
        else:
            self._write(_whole(sent, extra=50 if sent.way == "short" else 0))

    def _reset(self) -> None:
        if self._transport:
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
            self._transport.abort()

    async def _drip(self, whole: bytes) -> None:
        for at in range(len(whole)):
            self._write(whole[at : at + 1])
            await asyncio.sleep(DRIP_S)

    async def _comments(self) -> None:
        self._write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        while self._transport and not self._transport.is_closing():
            self._write(b": still here\n\n")
            await asyncio.sleep(DRIP_S)

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _end(self) -> None:
        if self._transport:
            self._transport.close()


def _parsed(head: bytes) -> tuple[Call, int]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    if not version.startswith("HTTP/1."):
        raise BadRequest(f"not an HTTP/1.1 request: {first[:80]!r}")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "transfer-encoding" in headers:
        raise BadRequest("send a Content-Length: chunked bodies are not read here")
    size = int(headers.get("content-length", "0"))
    if not 0 <= size <= MOST_BYTES:
        raise BadRequest(f"a body of {size} bytes is refused; the most is {MOST_BYTES}")
    path, _, query = target.partition("?")
    return Call(method, path, query, headers, b""), size


def _whole(sent: Sent, extra: int = 0) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items())
    size = len(sent.body) + extra
    head = f"HTTP/1.1 {sent.status} {HTTPStatus(sent.status).phrase}\r\ncontent-type: {sent.kind}\r\n"
    return f"{head}content-length: {size}\r\n{more}\r\n".encode("latin-1") + sent.body
