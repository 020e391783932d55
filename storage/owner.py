"""Which process something belongs to, so that what the dead left behind can be told from what the living write."""

import hashlib
import os
import socket
from functools import cache
from pathlib import Path


@cache
def machine() -> str:
    """8 hexadecimal digits that stand for this start of this machine, and this space of process numbers on it."""
    return hashlib.sha256("\n".join([socket.gethostname(), boot(), _numbers()]).encode()).hexdigest()[:8]


def boot() -> str:
    """What changes with each start of the machine; empty where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _numbers() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def began(pid: int) -> str:
    """When the process began, in clock ticks since boot: a reused process number has another. Empty for a dead one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def mark() -> str:
    """A word that stands for this process, as far as anybody can tell later: ``machine-pid-began``."""
    pid = os.getpid()
    return f"{machine()}-{pid}-{began(pid)}"


def is_dead(word: str) -> bool:
    """Whether the process of this mark surely runs no more. Of another machine's nobody here can know."""
    where, _, process = word.partition("-")
    pid, _, when = process.partition("-")
    return where == machine() and pid.isdigit() and began(int(pid)) != when
