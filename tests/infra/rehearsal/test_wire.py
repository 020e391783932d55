"""What a client on the other end of a socket sees, byte by byte."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from infra.rehearsal import start
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from tests.infra.rehearsal.films import body

ASKING = json.dumps(body("hello")).encode()


def call(content: bytes, more: bytes = b"") -> bytes:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n%s\r\n"
    return head % (len(content), more) + content


@contextmanager
def line(settings: Settings) -> Iterator[socket.socket]:
    """A connection to a teacher."""
    with (
        start.in_thread(Teacher(settings)) as place,
        socket.create_connection(("127.0.0.1", place.port), timeout=10) as opened,
    ):
        yield opened


def whole(received: IO[bytes]) -> tuple[bytes, bytes]:
    """The head and the body of the next response."""
    head = b"".join(iter(received.readline, b"\r\n"))
    return head, received.read(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))


def wait_until(holds: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(2000):
        if holds() or tick.wait(0.005):
            return
    raise AssertionError("it never came to hold")


def test_a_request_may_arrive_in_pieces_and_two_at_once() -> None:
    with line(Settings()) as opened:
        sent = call(ASKING) + call(ASKING)
        opened.sendall(sent[:30])
        opened.sendall(sent[30:200])
        opened.sendall(sent[200:])
        received = opened.makefile("rb")
        (head, one), (_, two) = whole(received), whole(received)
    assert head.startswith(b"HTTP/1.1 200 OK")
    texts = [json.loads(told)["choices"][0]["message"]["content"] for told in (one, two)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", call(b"", b"Transfer-Encoding: chunked\r\n"), b"GET /\r\n\r\n"])
def test_what_is_no_request_is_answered_with_400_and_the_end(sent: bytes) -> None:
    with line(Settings()) as opened:
        opened.sendall(sent)
        assert whole(opened.makefile("rb"))[0].startswith(b"HTTP/1.1 400")
        assert opened.recv(1) == b""


def test_a_short_body_ends_before_its_length() -> None:
    with line(Settings(faults={"short_body": 1})) as opened:
        opened.sendall(call(ASKING))
        received = b""
        while piece := opened.recv(65536):
            received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    assert int(head.split(b"content-length: ")[1].split(b"\r\n")[0]) == len(rest) + 50


def test_a_reset_is_a_reset() -> None:
    with line(Settings(faults={"reset": 1})) as opened:
        opened.sendall(call(ASKING))
        with pytest.raises(ConnectionResetError):
            opened.recv(10)


def test_silence_is_silent() -> None:
    with line(Settings(faults={"silence": 1})) as opened:
        opened.sendall(call(ASKING))
        opened.settimeout(0.2)
        with pytest.raises(TimeoutError):
            opened.recv(10)


def test_a_slow_loris_sends_byte_by_byte() -> None:
    with line(Settings(faults={"slow_loris": 1})) as opened:
        opened.sendall(call(ASKING))
        assert [opened.recv(100) for _ in range(3)] == [b"H", b"T", b"T"]


def test_a_stream_of_comments_goes_on() -> None:
    with line(Settings(faults={"sse_forever": 1})) as opened:
        opened.sendall(call(ASKING))
        received = b""
        while received.count(b": still here") < 3:
            received += opened.recv(1000)
    assert b"data:" not in received


def test_a_client_that_leaves_is_noted() -> None:
    teacher = Teacher(Settings(latency_s=30))
    with start.in_thread(teacher) as place:
        with socket.create_connection(("127.0.0.1", place.port), timeout=10) as opened:
            opened.sendall(call(ASKING))
            wait_until(lambda: teacher.log.in_flight == 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_until(lambda: teacher.log.in_flight == 0)
    assert [entry.is_gone for entry in teacher.log.entries] == [True]
    assert teacher.log.stats()["gone"] == 1
