"""A server that speaks S3, on this machine and in a process of its own, and a proxy before it that misbehaves."""

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from storage.store import Patience, Store

BUCKET = "films"
SERVE = """
import sys
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""
# Short pauses: what is tried again here is there at once.
HASTY = Patience(tries=7, first_s=0.01, longest_s=0.05)


@contextmanager
def served() -> Iterator[str]:
    """The endpoint of a server with one empty bucket; the environment leads there as long as it runs."""
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            endpoint = f"http://127.0.0.1:{int(server.stdout.readline())}"
            with leading_to(endpoint):
                Store(f"s3://{BUCKET}").files.mkdir(BUCKET)
                yield endpoint
        finally:
            server.kill()


@contextmanager
def leading_to(endpoint: str, **more: str) -> Iterator[None]:
    """The environment of somebody whose store is there."""
    told = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "canary-of-the-store",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with patch.dict(os.environ, told | more):
        forget_clients()
        yield
    forget_clients()


def forget_clients() -> None:
    """fsspec keeps its clients, and they keep the endpoint that they were made with."""
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()


def nobody() -> str:
    """An endpoint at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@dataclass(frozen=True)
class Asked:
    """One request as it came: number (from 1), method and path, and its headers."""

    number: int
    method: str
    path: str
    headers: dict[str, str]


Reply = tuple[int, bytes]
Mood = Callable[[Asked], Reply | str | None]
"""What the proxy does with a request: None passes it on; ``"lost"``, too, and loses the answer; ``"unconditional"``,
too, but without its condition; a status with a body is answered in the server's place."""


class Proxy(ThreadingHTTPServer):
    """What stands before a server. ``asked`` is every request that came, in order."""

    def __init__(self, endpoint: str, mood: Mood) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(endpoint)
        self.mood = mood
        self.asked: list[Asked] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The endpoint that it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that is killed leaves its connections as they are."""

    def held(self) -> threading.Lock:
        """As long as it is held, no request is let in."""
        return self._lock

    def heard(self, method: str, path: str, headers: dict[str, str]) -> Asked:
        """The request, noted."""
        with self._lock:
            self.asked.append(Asked(len(self.asked) + 1, method, path, headers))
            return self.asked[-1]

    def wrote(self) -> list[str]:
        """The paths that were written to."""
        return [one.path for one in self.asked if one.method in ("PUT", "POST")]


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._pass
        raise AttributeError(name)

    def _pass(self) -> None:
        body = self._body()
        headers = dict(self.headers)
        wish = self.server.mood(self.server.heard(self.command, self.path, headers))
        if isinstance(wish, tuple):
            self._answer(wish[0], {"Content-Type": "application/xml"}, wish[1])
            return
        if wish == "unconditional":
            headers = {name: value for name, value in headers.items() if name.lower() != "if-none-match"}
        link = http.client.HTTPConnection(self.server.target.hostname or "", self.server.target.port, timeout=30)
        link.request(self.command, self.path, body, headers)
        answer = link.getresponse()
        content = answer.read()
        link.close()
        if wish == "lost":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._answer(answer.status, dict(answer.getheaders()), content)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        del self.headers["Transfer-Encoding"]
        self.headers["Content-Length"] = str(sum(map(len, chunks)))
        return b"".join(chunks)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        is_head = self.command == "HEAD"
        self.send_header("Content-Length", headers.get("Content-Length", "0") if is_head else str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content)


@contextmanager
def before(endpoint: str, mood: Mood) -> Iterator[Proxy]:
    """A proxy before that endpoint; the environment leads to it."""
    with Proxy(endpoint, mood) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            with leading_to(proxy.url):
                yield proxy
        finally:
            proxy.shutdown()


def fault(status: int, code: str) -> Reply:
    """An answer in S3's words."""
    return status, f"<Error><Code>{code}</Code><Message>So said the store.</Message></Error>".encode()


def passed_on(_: Asked) -> None:
    """The mood of a proxy that only counts."""
