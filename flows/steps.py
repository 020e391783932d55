"""The steps of a build, the same whether Prefect drives them or the command line: begin, table by table, conclude."""

import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from flows.funnel import Funnel, first_rows, funnel
from flows.question_set import QuestionSet
from flows.wish import Wish
from infra.board import TableReport
from infra.engine import engine
from infra.run import Run
from storage.built import Built
from storage.publish import Version, publish

REPORT = "report.html"


@dataclass(frozen=True)
class Result:
    """What came of a build: its funnel, the version that holds it (none where nothing was kept or asked for)."""

    built: Built
    funnel: Funnel
    version: Version | None

    @property
    def report(self) -> str | None:
        """Where the report of the version is, if there is a version."""
        return f"{self.version.address}/{REPORT}" if self.version else None

    def sample(self) -> dict[str, Any] | None:
        """One row of what was kept, whole; none when nothing was."""
        return next(iter(first_rows(self.built, self.built.tables[-1].row_type.table)), None)


@dataclass(eq=False)
class RunWithQuestions(Run):
    """A run over a set of questions, which is laid into the workspace where its stages look for it."""

    questions: QuestionSet

    def start(self) -> None:
        """Lays the questions down, then begins."""
        self.questions.lay(self.workspace)
        super().start()


def planned(wish: Wish) -> Run:
    """The run that the user asked for, not begun. Raises BadInput for whatever is wrong with the wish."""
    wish.check()
    facts: dict[str, Any] = {
        "name": wish.known_recipe.name,
        "summary": wish.known_recipe.summary,
        "settings": wish.all_settings,
        "profile": wish.where,
    }
    run = partial(RunWithQuestions, questions=wish.questions) if wish.questions else Run
    return run(wish.rows, wish.found.sources, wish.workspace, engine(wish.engine), **facts)


def wait_for_all(run: Run, tell: Callable[[TableReport], None], finished: Callable[[TableReport], None]) -> None:
    """Every table of a begun run, all waited for at once. Whatever keeps one from being complete stops the run."""
    with ThreadPoolExecutor(len(run.tables), thread_name_prefix="table") as pool:
        try:
            waiting = [pool.submit(run.wait, table, tell) for table in run.tables]
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for one in [one for one in waiting if one in done]:
                    finished(one.result())
                waiting = [one for one in waiting if one not in done]
        except BaseException:
            run.stop()
            raise


def conclude(run: Run, wish: Wish) -> Result:
    """The funnel of a finished run, and the version that it is published as, unless nothing was kept."""
    built = run.built()
    counted = funnel(built)
    if not (wish.publish and counted.kept):
        return Result(built, counted, None)
    return Result(built, counted, publish(wish.workspace, built, tools=programs(), versions=wish.place.versions))


def programs() -> dict[str, str]:
    """The versions of the programs that runs use."""
    found = {}
    path = shutil.which("ffmpeg")
    with suppress(OSError, subprocess.SubprocessError, IndexError):
        said = subprocess.run([path or "", "-version"], capture_output=True, text=True, check=True, timeout=20).stdout
        found["ffmpeg"] = said.split()[2]
    return found
