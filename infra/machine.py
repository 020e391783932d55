"""What this machine lets us use: cores and memory, as far as its control group says."""

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """The cores that this process may use: those it may run on, less where a CPU quota allows less. At least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, period = (*_words(CGROUP / "cpu.max"), "max", "1")[:2]
    return max(1, min(allowed, int(quota) // int(period))) if quota.isdigit() else allowed


def memory_gb() -> float:
    """The memory that this process may use, in gigabytes: the machine's, or less where a limit says so."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = (*_words(CGROUP / "memory.max"), "max")[0]
    return (min(total, int(limit)) if limit.isdigit() else total) / 1e9


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except OSError:
        return []


def has_gpu() -> bool:
    """Whether this machine has a GPU that we could use."""
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()
