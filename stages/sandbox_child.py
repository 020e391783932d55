"""Confines the process it runs in, then becomes the wanted program: the inside half of ``stages.sandbox``.

Started as a script by ``python -I -S`` for every touch of footage, so it imports next to nothing: no json, re, typing,
pathlib or signal. Its arguments are a spec (a marshalled dict, in hex) and then the program with its own arguments.
Confining happens here, and not in a ``preexec_fn``, because running Python between fork and exec is unsafe in a process
with threads, which a Ray worker is.
"""

import _signal  # type: ignore[import-not-found]  # `signal` without its enums, which cost more than all the rest
import ctypes
import marshal
import os
import resource
import sys

FAILED = 125
"""The exit status when the sandbox itself failed and the program did not run; stderr then starts with ``MARK``."""
MARK = "rushes-sandbox:"
MODULE = "python:"

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_SYSCALLS = {  # what no decoder needs: sockets, looking into other processes, ways around this filter
    "x86_64": (0xC000003E, (41, 101, 310, 311, 321, 425)),
    "aarch64": (0xC00000B7, (198, 117, 270, 271, 280, 425)),
}


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


class _Filter(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("filters", ctypes.POINTER(_Filter))]


def die_with(parent: int) -> bool:
    """Whether the kernel will kill this process when its parent's thread ends; leaves at once if it is gone already."""
    if sys.platform != "linux" or _LIBC.prctl(_PR_SET_PDEATHSIG, _signal.SIGKILL, 0, 0, 0) != 0:
        return False
    if os.getppid() != parent:
        os._exit(FAILED)
    return True


def cap(limits: dict[str, int]) -> bool:
    """Whether every limit (``AS``, ``CPU``, ... in the units of ``setrlimit``) is in force."""
    held = True
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(which)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:  # the soft CPU limit sends SIGXCPU, the hard one a second later SIGKILL
            resource.setrlimit(which, (bound, bound + (name == "CPU" and bound != hard)))
        except (ValueError, OSError):
            held = False
    return held


def landlock_abi() -> int:
    """The kernel's Landlock version, 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_LIBC.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def wall_in(readable: list[str], writable: list[str], listable: list[str]) -> bool:
    """Whether from now on only these trees and files can be opened, no TCP used and no outside process signalled."""
    abi = landlock_abi()
    if abi == 0:
        return False
    handled = _ALL_BY_ABI[min(abi, 5)]
    rules = _Ruleset(handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _LIBC.syscall(_LANDLOCK_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    for path in readable:
        _allow(ruleset, path, _EXECUTE | _READ_FILE | _READ_DIR)
    for path in listable:
        _allow(ruleset, path, _READ_DIR)
    for path in writable:
        _allow(ruleset, path, handled & ~_EXECUTE)
    _allow(ruleset, "/dev/null", _READ_FILE | _WRITE_FILE)
    held: bool = _LIBC.syscall(_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint32(0)) == 0
    os.close(ruleset)
    return held


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine: nothing to allow
    if not os.path.isdir(path):  # noqa: PTH112  # pathlib costs as much as the rest of this file
        rights &= _EXECUTE | _READ_FILE | _WRITE_FILE
    rule = _Beneath(rights, opened)
    _LIBC.syscall(_LANDLOCK_ADD, ruleset, ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint32(0))
    os.close(opened)


def no_sockets() -> bool:
    """Whether making a socket, tracing a process and the like now fail with "not permitted" (a seccomp filter)."""
    if sys.platform != "linux" or os.uname().machine not in _SYSCALLS:
        return False
    architecture, denied = _SYSCALLS[os.uname().machine]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    refuse = len(denied) + 2  # where the refusing line lies, counted from the line that loads the call's number
    lines = [_Filter(load, 0, 0, 4), _Filter(equal, 0, refuse + 1, architecture), _Filter(load, 0, 0, 0)]
    lines.append(_Filter(at_least, refuse - 1, 0, 0x40000000))  # the x32 twins of the calls
    lines += [_Filter(equal, len(denied) - at, 0, number) for at, number in enumerate(denied)]
    lines += [_Filter(give, 0, 0, 0x7FFF0000), _Filter(give, 0, 0, 0x00050000 | 1)]
    program = _Program(len(lines), (_Filter * len(lines))(*lines))
    return bool(_LIBC.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) == 0)


def confine(parent: int, limits: dict[str, int], **paths: list[str]) -> dict[str, int]:
    """Put every layer up and say which hold. ``paths`` are those of ``wall_in``."""
    parent_death = die_with(parent)
    privileges = sys.platform == "linux" and _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    files = privileges and wall_in(**paths)
    sockets = privileges and no_sockets()
    return {
        "session": os.getsid(0) == os.getpid(),
        "parent_death": parent_death,
        "rlimits": cap(limits),
        "landlock_abi": landlock_abi(),
        "files": files,
        "sockets": sockets,
    }


def main() -> None:
    """Confine this process, then be the program: another executable, or one of our modules in this interpreter."""
    try:
        spec, program, arguments = marshal.loads(bytes.fromhex(sys.argv[1])), sys.argv[2], sys.argv[3:]
        path = spec.pop("path")
        layers = confine(**spec)
        if program == "layers:":
            sys.stdout.write(repr(layers))
            return
        if not program.startswith(MODULE):
            for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # ignored by Python, and so by what it becomes
                _signal.signal(number, _signal.SIG_DFL)
            os.execv(program, [program, *arguments])
    except (OSError, ValueError, MemoryError) as error:
        sys.stderr.write(f"{MARK} {error}\n")
        sys.exit(FAILED)
    sys.argv = [program, *arguments]
    sys.path[:] = path
    import runpy  # only here: an executable does not need it, and it is a third of the start

    runpy.run_module(program.removeprefix(MODULE), run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
