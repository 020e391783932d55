import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import Artifact, TaskRun

from flows.build import build, build_table
from flows.steps import Result
from schemas.errors import BadInput, ToolDown
from tests.flows.toys import write_footage, write_toy

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def prefect_harness() -> Iterator[None]:
    from prefect.testing.utilities import prefect_test_harness  # three seconds, so only where it is used

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def place(tmp_path: Path, prefect_harness: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write_toy(tmp_path)
    write_footage(tmp_path / "footage")
    yield tmp_path
    sys.modules.pop("toy_notes", None)


def run(videos: str = "footage", profile: str = "local") -> Result:
    return build(recipe="toy_notes.py", videos=[videos], to="dataset", engine="inline", profile=profile)


async def _told(flow_run_id: UUID) -> tuple[list[TaskRun], list[Artifact]]:
    async with get_client() as client:
        by_id = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
        tasks = await client.read_task_runs(flow_run_filter=by_id)
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
        )
        return tasks, artifacts


def test_a_build_has_a_task_per_table_and_tells_its_funnel(place: Path) -> None:
    state = build(recipe="toy_notes.py", videos=["footage"], to="dataset", engine="inline", return_state=True)
    assert state.is_completed()
    assert state.state_details.flow_run_id
    tasks, artifacts = asyncio.run(_told(state.state_details.flow_run_id))
    names = {task.name for task in tasks if task.state and task.state.is_completed()}
    assert {"sources", "videos", "heavy", "notes"} < names
    by_key = {artifact.key: artifact for artifact in artifacts}
    assert '"step": "videos", "rows": 3, "turned away": "1 empty_file, 1 duplicate"' in str(by_key["funnel"].data)
    assert str(place / "dataset" / "versions" / "1") in str(by_key["dataset"].data)


def test_a_second_run_makes_nothing_and_publishes_nothing(place: Path) -> None:
    first = run()
    again = run()
    assert first.version
    assert again.version
    assert (first.version.is_new, again.version.is_new) == (True, False)
    assert again.version.path == first.version.path
    assert [step.rows for step in again.funnel.steps] == [5, 3, 2]


def test_a_tool_that_is_down_for_longer_than_the_engine_waits_is_tried_again_by_the_task(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile forbids the engine any try of its own; the flag goes with the first."""
    (place / "hasty.toml").write_text("[retries]\nwait_s = []\n")
    (place / "footage" / "down").touch()
    monkeypatch.setattr(build_table, "retry_delay_seconds", [0.0, 0.0])
    assert run(profile="hasty.toml").funnel.kept == 2


def test_what_the_user_got_wrong_is_not_tried_again(place: Path) -> None:
    with pytest.raises(BadInput, match="no such file or folder"):
        run(videos="nowhere")


def test_a_tool_that_stays_down_fails_the_flow_and_what_is_done_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "hasty.toml").write_text("[retries]\nwait_s = []\n")
    (place / "footage" / "down").touch()
    monkeypatch.setattr(build_table, "retries", 0)
    with pytest.raises(ToolDown, match="the scales are away"):
        run(profile="hasty.toml")
    assert run().funnel.kept == 2
