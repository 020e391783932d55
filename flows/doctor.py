"""What this machine has and lacks for Rushes, and the remedy for each lack."""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import Literal

from flows.prefect_api import api_url, check_reachable
from infra.machine import cores, memory_gb
from schemas.errors import RushesError

Look = Callable[[], Iterator["Finding"]]
State = Literal["has", "lacks", "could use"]
ENOUGH_DISK_GB, ENOUGH_MEMORY_GB = 2.0, 2.0
APT = "Debian, Ubuntu: apt-get install ffmpeg"

SANDBOX = {
    "session": ("a child's own children may outlive it", "Linux or macOS"),
    "parent_death": ("a child may outlive a worker that was killed", "Linux"),
    "rlimits": ("a bomb may fill memory or disk", "raise the hard limits (ulimit -H) of the account that runs Rushes"),
    "files": (
        "a decoder that was taken over could read other files",
        "Linux 5.13 with Landlock (cat /sys/kernel/security/lsm), in a container whose seccomp profile allows it",
    ),
    "sockets": (
        "a decoder that was taken over could reach the network",
        "Linux on x86-64 or arm64 with seccomp; until then run Rushes where there is no network (unshare -n)",
    ),
}
"""What it means that a layer of the sandbox is missing, and the remedy."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Only what it ``lacks`` keeps Rushes from working."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def findings(folder: Path) -> Iterator[Finding]:
    """Every finding, one after the other; ``folder`` is where datasets would go. What breaks a look is a lack."""
    looks: dict[str, Look] = {**LOOKS, "room": partial(_room, folder)}
    for name, look in looks.items():
        try:
            yield from look()
        except Exception as error:  # noqa: BLE001 -- a doctor reports what is broken, however it is broken
            yield Finding(name, "lacks", f"{type(error).__name__}: {error}", "infra/setup.sh installs what is pinned")


def _python() -> Iterator[Finding]:
    fits = (3, 11) <= sys.version_info < (3, 15)
    yield Finding(
        "Python", "has" if fits else "lacks", platform.python_version(), "" if fits else "Python 3.11 to 3.14"
    )


def _programs() -> Iterator[Finding]:
    for name in ("ffmpeg", "ffprobe"):
        path = shutil.which(name)
        if path is None:
            yield Finding(name, "lacks", "not on PATH", APT)
            continue
        said = subprocess.run([path, "-version"], capture_output=True, text=True, check=True, timeout=20).stdout
        yield Finding(name, "has", f"{said.split()[2]} ({path})")


def _readers() -> Iterator[Finding]:
    """The other builds of FFmpeg: PyAV and decord bring their own."""
    import av

    libraries = {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()}
    bundled = f"FFmpeg {av.ffmpeg_version_info}" if hasattr(av, "ffmpeg_version_info") else "FFmpeg"
    yield Finding("PyAV", "has", f"{av.__version__} with {bundled}, libavcodec {libraries.get('libavcodec')}")
    import decord

    names = sorted(path.name for path in files("decord") or () if "libavcodec" in path.name)
    yield Finding("decord", "has", f"{decord.__version__} with {names[0] if names else 'the system FFmpeg'}")


def _sandbox() -> Iterator[Finding]:
    from stages.sandbox import layers

    found = layers()
    holds = [name for name in SANDBOX if getattr(found, name)]
    detail = f"holds: {', '.join(holds)}" + (f" (Landlock ABI {found.landlock_abi})" if found.landlock_abi else "")
    yield Finding("sandbox", "has", detail)
    for name in found.missing:
        without, remedy = SANDBOX[name]
        yield Finding(f"sandbox: {name}", "could use", f"missing; {without}", remedy)


def _packages() -> Iterator[Finding]:
    for package in ("ray", "prefect", "duckdb", "pyarrow", "great-expectations", "fastapi"):
        try:
            found = version(package)
        except PackageNotFoundError:
            yield Finding(package, "lacks", "not installed", "infra/setup.sh installs what requirements.lock pins")
            continue
        too_new = package == "fastapi" and tuple(map(int, found.split(".")[:2])) >= (0, 151)
        remedy = "pip install 'fastapi<0.151': with this one every Prefect flow fails" if too_new else ""
        yield Finding(package, "lacks" if too_new else "has", found, remedy)


def _ray() -> Iterator[Finding]:
    mode = os.environ.get("RAY_AUTH_MODE", "token")
    started = "a Ray that we start listens on 127.0.0.1 alone, without a dashboard"
    if mode == "token":
        yield Finding("Ray", "has", f"token authentication; {started}")
        return
    remedy = "unset RAY_AUTH_MODE: whoever reaches a Ray without tokens runs what he likes on it"
    yield Finding("Ray", "could use", f"RAY_AUTH_MODE is {mode!r}; {started}", remedy)


def _prefect_server() -> Iterator[Finding]:
    url = api_url()
    if not url:
        yield Finding(
            "Prefect API", "could use", "none configured: `rushes build` runs bare", "PREFECT_API_URL, see README.md"
        )
        return
    try:
        check_reachable(url)
    except RushesError as error:
        yield Finding("Prefect API", "lacks", f"{url} does not answer", str(error))
    else:
        yield Finding("Prefect API", "has", url)


def _torch() -> Iterator[Finding]:
    """Whether models can run in this process, and on what."""
    if importlib.util.find_spec("torch") is None:
        yield Finding("torch", "could use", "none: models run only behind servers", "infra/setup.sh models")
        return
    import torch

    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    yield Finding("torch", "has", f"{torch.__version__} on {'; '.join(gpus) or 'the CPU'}")


def _gpu() -> Iterator[Finding]:
    program = shutil.which("nvidia-smi")
    if program is None:
        yield Finding("GPU", "could use", "none; only models in the process would need one")
        return
    asked = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    yield Finding(
        "GPU",
        "has" if said.returncode == 0 else "could use",
        "; ".join(said.stdout.splitlines()) or said.stderr.strip(),
    )


def _room(folder: Path) -> Iterator[Finding]:
    enough = memory_gb() >= ENOUGH_MEMORY_GB
    detail = f"{cores()} cores, {memory_gb():.1f} GB of memory"
    yield Finding(
        "machine", "has" if enough else "lacks", detail, "" if enough else f"{ENOUGH_MEMORY_GB:g} GB of memory"
    )
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free / 1e9
    state: State = "has" if free >= ENOUGH_DISK_GB else "lacks"
    yield Finding(
        "disk", state, f"{free:.1f} GB free in {there}", "" if state == "has" else "free some, or choose another --to"
    )
    if not os.access(there, os.W_OK):
        yield Finding("folder", "lacks", f"{there} cannot be written", "choose another folder with --to")
    home = Path.home()
    if not os.access(home, os.W_OK):
        yield Finding(
            "home",
            "lacks",
            f"{home} cannot be written; Ray and Prefect keep files there",
            "set HOME to a folder of yours",
        )


LOOKS: dict[str, Look] = {
    "Python": _python,
    "ffmpeg": _programs,
    "readers": _readers,
    "sandbox": _sandbox,
    "packages": _packages,
    "Ray": _ray,
    "Prefect API": _prefect_server,
    "torch": _torch,
    "GPU": _gpu,
}
