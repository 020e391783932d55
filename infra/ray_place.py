"""A place for workers: a Ray that starts here and ends with the run, or a cluster that is joined."""

import logging
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from infra.machine import cores, has_gpu, memory_gb
from infra.profile import Profile
from schemas.errors import BadInput, ToolDown
from stages.stage import Needs

HERE = "127.0.0.1"
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Otherwise a driver under `uv run` has every worker run uv again, and none ever starts.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
JOINING = (
    "a cluster with tokens needs RAY_AUTH_MODE=token and its own in RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH here, one "
    "without needs RAY_AUTH_MODE=disabled"
)


class RayPlace:
    """Ray, up and joined. A Ray that this process has already joined is used as it is, and left running."""

    def __init__(self, profile: Profile) -> None:
        self._folder: Path | None = None
        address = profile.ray.address
        _set_environment(is_local=not address)
        import ray

        self.ray: Any = ray
        _hush()
        self._is_guest = bool(ray.is_initialized())
        if self._is_guest:
            return
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
        try:
            ray.init(address=address, **quiet) if address else self._start(profile, quiet)
        except Exception as error:  # Ray raises a bare one where a node does not come up in time
            self.leave()
            if address:
                raise ToolDown(f"cannot join Ray at {address!r}: {error}; {JOINING}") from error
            raise ToolDown(f"cannot start Ray here: {error}; try --engine inline, which needs no Ray") from error

    def _start(self, profile: Profile, quiet: dict[str, Any]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rushes-ray-"))
        self.ray.init(
            address="local",
            num_cpus=max(1, round(profile.workers.cpus or cores())),
            num_gpus=None if has_gpu() else 0,
            object_store_memory=profile.ray.object_store_mb * 2**20,
            include_dashboard=False,
            _node_ip_address=HERE,
            _memory=(profile.workers.memory_gb or memory_gb()) * 1e9,
            _temp_dir=str(self._folder),
            **quiet,
        )

    def nodes(self) -> list[Needs]:
        """What each machine has: CPUs, GPUs, memory in gigabytes."""
        alive = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        return [
            Needs(cpus=node.get("CPU", 0), gpus=node.get("GPU", 0), memory_gb=node.get("memory", 0) / 1e9)
            for node in alive
        ]

    @property
    def is_ours(self) -> bool:
        """Whether this Ray was started here, for this run alone."""
        return self._folder is not None

    def leave(self) -> None:
        """Ends the Ray that was started here, with all its processes; leaves one that was joined."""
        if self._is_guest:
            return
        self.ray.shutdown()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def checked(needs: Needs, made_by: str, fitted: Needs | None) -> Needs:
    """What a worker will ask for. Raises BadInput when no machine has it, before anything has begun."""
    if fitted is None:
        raise BadInput(
            f"{made_by} needs {needs.gpus:g} GPUs and {needs.memory_gb:g} GB of memory, which no machine here has; "
            "give the profile's [ray] address of a cluster that has, or raise its [workers] memory_gb"
        )
    return fitted


def _set_environment(*, is_local: bool) -> None:
    """Ray reads its settings from the environment, once, when it is imported or started."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if not is_local:
        # Ray's own rule would take any token in the home folder, and to a cluster without tokens nobody gets through.
        has_token = bool({"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys())
        os.environ.setdefault("RAY_AUTH_MODE", "token" if has_token else "disabled")
        return
    # A Ray of our own listens on this machine only, and to nobody who does not know the token of this run.
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    if os.environ["RAY_AUTH_MODE"] == "token" and not os.environ.get("RAY_AUTH_TOKEN_PATH"):
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _hush() -> None:
    """Keeps Ray from printing to the user's terminal that a worker died; our own log says it, with the cell."""
    from ray._private import worker

    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_, **__: None
