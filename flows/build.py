"""The Prefect flow ``build``: a run with a task per table, and what came of it as artifacts.

Prefect owns when a run happens and shows how it goes; what is done is decided by what is committed in the workspace
alone. The tasks wait for tables of one run, which drives its engine from the flow's process
(docs/decisions/0050-prefect.md says why not a task per video).
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.futures import PrefectFuture, wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task
from prefect.utilities.annotations import quote

from flows.show import words
from flows.steps import Result, conclude, planned
from flows.wish import Wish
from infra.board import TableReport
from infra.run import Run
from schemas.errors import ToolDown

RETRY_DELAYS_S = [30.0, 120.0]
LOGGED_STEPS = 4
RUNNER: Any = ThreadPoolTaskRunner(max_workers=100)

T = TypeVar("T")


def _is_worlds_fault(_: Task[..., Any], __: TaskRun, state: State[Any]) -> bool:
    """Whether a task run failed for a reason that may be gone in a while."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, ToolDown)


@task(
    name="table",
    task_run_name="{table}",
    retries=len(RETRY_DELAYS_S),
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=_is_worlds_fault,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def build_table(run: Run, table: str) -> dict[str, Any]:
    """Waits until the table is complete, and logs how it goes. A retry puts back what failed in the whole run."""
    logger = get_run_logger()
    context = TaskRunContext.get()
    if context and context.task_run.run_count > 1:
        for one in run.tables:
            run.retry(one)
    shown = 0

    def tell(report: TableReport) -> None:
        nonlocal shown
        step = report.done * LOGGED_STEPS // max(1, report.parts)
        if step > shown and report.done < report.parts:
            shown = step
            logger.info("%s: %d of %d parts, %d rows", table, report.done, report.parts, report.rows)

    report = run.wait(table, tell)
    logger.info("%s: complete, %s", table, words(report).strip())
    return asdict(report)


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish_version(run: Run, wish: Wish) -> Result:
    """Counts the funnel and publishes a version; both become artifacts."""
    result = conclude(run, wish)
    create_table_artifact(key="funnel", table=result.funnel.table(), description="From footage to dataset")
    create_markdown_artifact(key="dataset", markdown=_markdown(result), description="What was published, and where")
    return result


@flow(name="build", task_runner=RUNNER, persist_result=False)
def build(  # noqa: PLR0913, PLR0917 -- a flow's parameters are read off its signature
    recipe: str,
    videos: list[str],
    to: str,
    work: str = "",
    engine: Literal["ray", "inline"] = "ray",
    profile: str = "local",
    settings: dict[str, Any] | None = None,
    workers: int = 0,
    publish: bool = True,
    budget_usd: float = 0,
    budget_tokens: int = 0,
) -> Result:
    """Builds a dataset: what is missing is made, what is there stays. Paths are relative to where the flow runs."""
    wish = Wish(
        recipe=recipe,
        videos=videos,
        to=to,
        work=work,
        engine=engine,
        profile=profile,
        settings=settings or {},
        workers=workers,
        publish=publish,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
    )
    wish.probe()
    with planned(wish) as run:
        waits = [build_table.submit(as_it_is(run), table) for table in run.tables]
        _raise_first(waits)
        return publish_version(as_it_is(run), as_it_is(wish))


def as_it_is(value: T) -> T:
    """The value as an argument of a task that Prefect neither searches for futures nor copies."""
    return cast("T", quote(value))


def _raise_first(waits: Sequence[PrefectFuture[Any]]) -> None:
    """Waits for all tables. Raises what made one fail: the error of the earliest, not of those that hung on it."""
    wait(list(waits))
    for one in waits:
        one.result()


def _markdown(result: Result) -> str:
    rows = "\n".join(f"| {step.name} | {step.rows:,} | {step.why} |" for step in result.funnel.steps)
    lines = ["| step | rows | turned away on the way |", "|---|---:|---|", rows, ""]
    if result.version is None:
        return "\n".join([*lines, "No version was published."])
    lines.append(f"Dataset: {_link(result.version.address)}")
    if result.report:
        lines.append(f"\nReport: {_link(result.report)}")
    return "\n".join(lines)


def _link(address: str) -> str:
    return f"[{address}]({address if '://' in address else Path(address).as_uri()})"


def run_flow(wish: Wish) -> Result:
    """The result of the wish as a flow run in this process."""
    return build(
        recipe=wish.recipe,
        videos=list(wish.videos),
        to=wish.to,
        work=wish.work,
        engine=wish.engine,
        profile=wish.profile,
        settings=dict(wish.settings),
        workers=wish.workers,
        publish=wish.publish,
        budget_usd=wish.budget_usd,
        budget_tokens=wish.budget_tokens,
    )
