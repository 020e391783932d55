"""``Keeper``: looks after one child process from a thread of its own, so that nobody else has to poll."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import IO, cast

TAIL_BYTES = 8192
_GRACE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class End:
    """How a child ended: its return code, the last of its stderr, its size, its seconds, whether it ran out of time."""

    rc: int
    stderr_tail: str
    peak_rss_bytes: int
    wall_s: float
    late: bool


class Keeper:
    """Drains a child's stderr into a bounded tail, ends its whole group at the deadline or on request, and reaps it."""

    def __init__(self, process: subprocess.Popen[bytes], wall_s: float) -> None:
        self._process, self._stderr = process, cast("IO[bytes]", process.stderr)
        self._tail = b""
        self._started = time.monotonic()
        self._deadline = self._started + wall_s
        self._wake, self._woken = os.pipe()
        self._lock = threading.Lock()
        self._end: End | None = None
        self._thread = threading.Thread(target=self._keep, name=f"keeper-{process.pid}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask for the child's end. Does nothing where it has ended already."""
        with self._lock:
            if self._end is None:
                os.write(self._woken, b"!")

    def join(self) -> End:
        """Wait until the child has ended and been reaped."""
        self._thread.join()
        return cast("End", self._end)

    def _keep(self) -> None:
        exited = os.pidfd_open(self._process.pid)
        poll = select.poll()
        for descriptor in (exited, self._stderr.fileno(), self._wake):
            poll.register(descriptor, select.POLLIN)
        late = False
        signals = [signal.SIGTERM, signal.SIGKILL]
        until = self._deadline
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)}
            if self._stderr.fileno() in ready and not self._drain():
                poll.unregister(self._stderr)
            if exited in ready:
                break
            if self._wake in ready:
                poll.unregister(self._wake)
                signals = [signal.SIGKILL]
            elif time.monotonic() < until:
                continue
            else:
                late = True
            if signals:
                self._signal(signals.pop(0))
            until = time.monotonic() + _GRACE_S
        os.close(exited)
        self._reap(late)

    def _drain(self) -> bool:
        block = os.read(self._stderr.fileno(), 65536)
        self._tail = (self._tail + block)[-TAIL_BYTES:]
        return bool(block)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _reap(self, late: bool) -> None:
        """Take the rest of stderr and the resource use; the group goes first: until reaped, its number is its own."""
        self._signal(signal.SIGKILL)
        os.set_blocking(self._stderr.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            while self._drain():
                pass
        _, status, usage = os.wait4(self._process.pid, 0)
        rc = self._process.returncode = os.waitstatus_to_exitcode(status)
        self._stderr.close()
        with self._lock:
            self._end = End(
                rc=rc,
                stderr_tail=self._tail.decode("utf-8", "replace"),
                peak_rss_bytes=usage.ru_maxrss * 1024,
                wall_s=time.monotonic() - self._started,
                late=late,
            )
            os.close(self._wake)
            os.close(self._woken)
