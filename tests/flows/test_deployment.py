"""What ``prefect.yaml`` deploys, on a real server with a real worker."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun

from flows.prefect_api import check_reachable
from schemas.errors import ToolDown
from tests.flows.toys import write_footage, write_toy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PREFECT = str(Path(sys.executable).with_name("prefect"))
PATIENCE_S = 180
T = TypeVar("T")


@dataclass
class Server:
    """A Prefect server of our own: its address, and the environment in which everything finds it."""

    url: str
    env: dict[str, str]
    log: Path

    def prefect(self, *arguments: str) -> None:
        command = [PREFECT, "--no-prompt", *arguments]
        told = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=120)
        assert told.returncode == 0, told.stdout + told.stderr

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [PREFECT, *arguments], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )


def until(what: Callable[[], T | None], told: Callable[[], str]) -> T:
    """What ``what`` gives as soon as it gives something."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if (found := what()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"nothing after {PATIENCE_S} s; {told()}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process with all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(20)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    server = Server(url, os.environ | {"PREFECT_HOME": str(home), "PREFECT_API_URL": url}, home / "log")

    def is_up() -> bool | None:
        try:
            check_reachable(url, timeout_s=5)
        except ToolDown:
            return None
        return True

    process = server.start("server", "start", "--no-ui", "--host", "127.0.0.1", "--port", str(port))
    try:
        until(is_up, server.log.read_text)
        yield server
    finally:
        end(process)


async def _order(url: str, parameters: dict[str, Any]) -> FlowRun:
    async with PrefectClient(url) as client:
        deployment = await client.read_deployment_by_name("build/nightly")
        [schedule] = deployment.schedules
        assert getattr(schedule.schedule, "cron", None) == "0 2 * * *"
        assert deployment.concurrency_options
        assert deployment.concurrency_options.collision_strategy == "CANCEL_NEW"
        return await client.create_flow_run_from_deployment(deployment.id, parameters=parameters)


async def _final(url: str, run: FlowRun) -> str | None:
    async with PrefectClient(url) as client:
        state = (await client.read_flow_run(run.id)).state
        return f"{state.type.value}: {state.message}" if state and state.is_final() else None


async def _traces(url: str, run: FlowRun) -> tuple[dict[str, str], dict[str, str]]:
    """States of the task runs by name, and artifacts by key."""
    async with PrefectClient(url) as client:
        tasks = await client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        artifacts = await client.read_artifacts(artifact_filter=wanted)
        states = {task.name: task.state.type.value if task.state else "" for task in tasks}
        return states, {str(artifact.key): str(artifact.data) for artifact in artifacts}


def test_the_nightly_deployment_runs_on_a_worker_to_its_end(prefect_server: Server, tmp_path: Path) -> None:
    url = prefect_server.url
    prefect_server.prefect("work-pool", "create", "local", "--type", "process")
    prefect_server.prefect("deploy", "--all")
    footage, recipe = write_footage(tmp_path / "footage"), write_toy(tmp_path)
    to = tmp_path / "dataset"
    asked = {"recipe": str(recipe), "videos": [str(footage)], "to": str(to), "engine": "inline"}
    run = asyncio.run(_order(url, asked))
    worker = prefect_server.start("worker", "start", "--pool", "local")
    try:
        ended = until(lambda: asyncio.run(_final(url, run)), prefect_server.log.read_text)
    finally:
        end(worker)
    assert ended.startswith("COMPLETED"), prefect_server.log.read_text()
    states, artifacts = asyncio.run(_traces(url, run))
    assert {states[name] for name in ("sources", "videos", "heavy", "notes")} == {"COMPLETED"}
    assert '"turned away": "1 empty_file, 1 duplicate"' in artifacts["funnel"]
    assert (to / "versions" / "1" / "manifest.json").exists()


def test_the_command_line_runs_the_flow_where_an_api_is_configured(prefect_server: Server, tmp_path: Path) -> None:
    footage, recipe = write_footage(tmp_path / "footage"), write_toy(tmp_path)
    command = [str(Path(sys.executable).with_name("rushes")), "build", str(recipe), str(footage)]
    command += ["--to", str(tmp_path / "dataset"), "--engine", "inline"]
    env = prefect_server.env | {"PREFECT_LOGGING_LEVEL": "INFO"}
    told = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert told.returncode == 0, told.stderr
    assert "Finished in state Completed" in told.stderr + told.stdout
    assert "1 empty_file, 1 duplicate" in told.stdout
    assert (tmp_path / "dataset" / "versions" / "1" / "manifest.json").exists()


def test_an_api_that_does_not_answer_is_told_in_one_line(tmp_path: Path) -> None:
    footage, recipe = write_footage(tmp_path / "footage"), write_toy(tmp_path)
    command = [str(Path(sys.executable).with_name("rushes")), "build", str(recipe), str(footage)]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        env = os.environ | {"PREFECT_API_URL": url}
        told = subprocess.run(
            [*command, "--to", str(tmp_path / "d")], env=env, capture_output=True, text=True, check=False
        )
    assert told.returncode == 1
    [line] = told.stderr.splitlines()
    assert f"the Prefect API {url} does not answer" in line
    assert "prefect server start" in line
