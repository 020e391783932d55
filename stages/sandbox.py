"""Runs a program that touches footage in a child process that can harm nothing else: the only way media is opened.

Layers, each as far as the machine allows (``layers()`` says which hold): its own session, killed with its parent;
limits on address space, CPU time, file size, open files and wall time; no core dump; an environment without our
secrets; an empty working directory; Landlock, so that libraries and the named inputs are all it can open; no sockets.
The inside half is ``stages/sandbox_child.py``.
"""

import ast
import marshal
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal, cast

from schemas.errors import Reason, ToolDown
from stages import sandbox_child
from stages.sandbox_keeper import End, Keeper

Ended = Literal["exit", "signal", "deadline", "flood", "stopped"]
MEBI = 2**20
_ROOT = Path(__file__).resolve().parent.parent
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache", "/etc/alternatives", "/dev/urandom")
_MACHINE = ("/sys/devices/system/cpu", "/proc/cpuinfo", "/proc/meminfo")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one child may use: seconds of wall clock and of CPU; bytes of memory, of each file written and of stdout."""

    wall_s: float = 60
    cpu_s: int = 60
    memory_bytes: int = 2048 * MEBI
    file_bytes: int = 0
    stdout_bytes: int = 64 * MEBI
    open_files: int = 64


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a child ended. ``rc`` is negative for a signal; 0 proves nothing about the footage.

    ``peak_rss_bytes`` is the kernel's figure and an upper bound: this process's own size when it started the child
    counts, too.
    """

    rc: int
    stdout: bytes
    stderr_tail: str
    peak_rss_bytes: int
    wall_s: float
    ended: Ended

    @property
    def failure(self) -> Reason | None:
        """Why the child did not come to its own end: none when it exited by itself, whatever its status."""
        if self.ended == "deadline" or self.rc == -signal.SIGXCPU:
            return "decode_timeout"
        if self.ended == "flood" or self.rc == -signal.SIGXFSZ:
            return "decode_budget"
        if any(sign in self.stderr_tail for sign in ("Cannot allocate memory", "MemoryError", "bad_alloc")) and self.rc:
            return "decode_oom"
        return "decode_crash" if self.ended == "signal" else None


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Which layers of the sandbox hold on this machine."""

    session: bool
    parent_death: bool
    rlimits: bool
    landlock_abi: int
    files: bool
    sockets: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the layers that do not hold."""
        return tuple(
            name for name in ("session", "parent_death", "rlimits", "files", "sockets") if not getattr(self, name)
        )


class Child:
    """A running child: read its ``stdout`` (a raw pipe), then ask ``finish()`` how it ended."""

    def __init__(self, process: subprocess.Popen[bytes], keeper: Keeper) -> None:
        self.stdout = cast("IO[bytes]", process.stdout)
        """A raw pipe: a read gives what is there, at least one byte, and nothing at the end."""
        self._keeper = keeper
        self._stopped: Ended | None = None

    def read(self, n_bytes: int) -> bytes | None:
        """Exactly ``n_bytes`` of stdout, or None where the child wrote no more than a part of them."""
        block = bytearray(n_bytes)
        return bytes(block) if self.readinto(memoryview(block)) == n_bytes else None

    def readinto(self, block: memoryview) -> int:
        """Fill ``block`` from stdout and say how many bytes came before its end."""
        filled = 0
        while filled < len(block):
            n_read: int = self.stdout.readinto(block[filled:])  # type: ignore[attr-defined]  # IO[bytes] lacks it
            if not n_read:
                break
            filled += n_read
        return filled

    def stop(self, why: Ended = "stopped") -> None:
        """End the child now, with everything it started."""
        self._stopped = self._stopped or why
        self._keeper.stop()

    def close(self) -> End:
        """Read no more, and wait for the end."""
        self.stdout.close()
        return self._keeper.join()

    def finish(self, stdout: bytes = b"") -> Finished:
        """Wait for the end and say how it was; what was not read of stdout is lost. The deadline still holds."""
        end = self.close()
        if end.rc == sandbox_child.FAILED and sandbox_child.MARK in end.stderr_tail:
            raise ToolDown(
                f"the sandbox could not start the program: {end.stderr_tail.strip()[-300:]}; see `rushes doctor`"
            )
        ended: Ended = "deadline" if end.late else self._stopped or ("signal" if end.rc < 0 else "exit")
        return Finished(
            rc=end.rc,
            stdout=stdout,
            stderr_tail=end.stderr_tail,
            peak_rss_bytes=end.peak_rss_bytes,
            wall_s=end.wall_s,
            ended=ended,
        )


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules, as ``python -m`` would, inside a sandboxed child.

    The child imports from where this process does, but from nothing that the environment or the working directory says.
    """
    return [sandbox_child.MODULE + name, *arguments]


def run(
    argv: Sequence[str], limits: Limits, inputs: Sequence[Path] = (), folder: Path | None = None, stdin: bytes = b""
) -> Finished:
    """Run ``argv`` to its end and give what it wrote. ``inputs`` are the only files of ours that it may read.

    ``folder`` is its working directory and the only place it may write; without one it gets an empty one that is
    removed afterwards.
    """
    with stream(argv, limits, inputs, folder, stdin) as child:
        blocks, left = [], limits.stdout_bytes
        while block := child.stdout.read(_CHUNK):
            blocks.append(block)
            left -= len(block)
            if left < 0:
                child.stop("flood")
                break
        return child.finish(b"".join(blocks)[: limits.stdout_bytes])


@contextmanager
def stream(
    argv: Sequence[str], limits: Limits, inputs: Sequence[Path] = (), folder: Path | None = None, stdin: bytes = b""
) -> Iterator[Child]:
    """Run ``argv`` while the caller reads its stdout; leaving the block ends the child if it still runs.

    A thread of its own looks after deadline, stderr and resource use, so the caller may read as slowly as it likes.
    """
    made = None if folder else tempfile.mkdtemp(prefix="rushes-")
    cwd = str(folder or made)
    try:
        child = _start(argv, limits, [os.fspath(path) for path in inputs], cwd, stdin)
        try:
            yield child
        finally:
            child.stop()
            child.close()
    finally:
        if made:
            shutil.rmtree(made, ignore_errors=True)


def _start(argv: Sequence[str], limits: Limits, inputs: list[str], cwd: str, stdin: bytes) -> Child:
    program = argv[0] if argv[0].startswith(sandbox_child.MODULE) else _find(argv[0])
    spec = {
        "parent": os.getpid(),
        "readable": [*_readable(program), *inputs, *(os.path.realpath(path) for path in inputs)],
        "writable": [cwd],
        "listable": [str(_ROOT)],  # an import looks for its package by listing the folder
        "path": _import_path(),
        "limits": {
            "AS": limits.memory_bytes,
            "CPU": limits.cpu_s,
            "FSIZE": limits.file_bytes,
            "NOFILE": limits.open_files,
            "CORE": 0,
        },
    }
    command = [
        sys.executable,
        "-I",
        "-S",
        "-X",
        "no_debug_ranges",
        sandbox_child.__file__,
        marshal.dumps(spec).hex(),
        program,
        *argv[1:],
    ]
    with _as_file(stdin) as given:
        process = subprocess.Popen(
            command,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env=_environment(cwd),
            start_new_session=True,
        )
    return Child(process, Keeper(process, limits.wall_s))


@lru_cache(maxsize=1)
def layers() -> Layers:
    """Which layers hold on this machine, found out by starting one child."""
    finished = run(["layers:"], Limits(wall_s=20, cpu_s=10))
    return Layers(**ast.literal_eval(finished.stdout.decode()))


def _find(name: str) -> str:
    if name == "layers:":
        return name
    found = shutil.which(name)
    if found is None:
        raise ToolDown(f"the program {name!r} is not on this machine; install it (Debian: apt-get install ffmpeg)")
    return str(Path(found).absolute())


@lru_cache(maxsize=16)
def _readable(program: str) -> tuple[str, ...]:
    if program.startswith(sandbox_child.MODULE):
        own = (str(_ROOT / "stages"), str(_ROOT / "schemas"), sys.prefix, sys.base_prefix)
        return (*_SYSTEM, *_MACHINE, *own, *(path for path in _import_path() if path != str(_ROOT)))
    real = Path(os.path.realpath(program))
    beside = (str(real.parent.parent / "lib"),) if real.parent.name == "bin" else ()
    return (*_SYSTEM, *_MACHINE, program, str(real), *beside)


def _import_path() -> list[str]:
    """Where the child imports from: our packages, the standard library and installed packages, no other folder."""
    installed = {*sysconfig.get_paths().values()}
    kept = [path for path in sys.path if path in installed or Path(path).name in ("site-packages", "dist-packages")]
    library = [path for path in sys.path if path.startswith(sys.base_prefix) and path not in kept]
    return [str(_ROOT), *library, *kept]


def _environment(cwd: str) -> Mapping[str, str]:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": cwd, "TMPDIR": cwd, **threads}


@contextmanager
def _as_file(content: bytes) -> Iterator[IO[bytes] | int]:
    """``content`` as a file to read: a pipe would need a writer of its own."""
    if not content:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file
