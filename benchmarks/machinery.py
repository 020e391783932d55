"""What the machinery costs: planning, a run with nothing to do, and a build beside the same work run bare.

    python benchmarks/machinery.py planning
    python benchmarks/machinery.py idle
    python benchmarks/machinery.py toy [--repeats 5]
    python benchmarks/machinery.py recipe fragments --footage DIR [--repeats 3]

Prints one line of JSON per measurement. Run it on a machine that does nothing else.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bare import run_bare
from benchmarks.toys import busy, many_tables
from flows.recipe_book import recipe as known_recipe
from infra.engine import engine
from infra.order import Order, blueprint
from infra.profile import Profile, Workers
from infra.run import Run
from infra.schedule import Schedule
from schemas.media import Source
from schemas.units import SourceId
from stages.graph import Rows
from storage.counts import Counts
from storage.deal import PART_BYTES, deal, plan_parts
from storage.indexes import Index, stem_of, write_index
from storage.layout import Workspace, rows_path

N_SOURCES, N_PARTS = 100_000, 1000
TWO_CORES = Profile(workers=Workers(cpus=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["planning", "idle", "toy", "recipe"])
    parser.add_argument("name", nargs="?", default="fragments")
    parser.add_argument("--footage", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="machinery-") as folder:
        if asked.what == "planning":
            planning(Path(folder))
        elif asked.what == "idle":
            idle(Path(folder))
        elif asked.what == "toy":
            beside_bare(busy(), plain_sources(16), Path(folder), asked.repeats)
        else:
            beside_bare(known_recipe(asked.name).rows({}), videos(asked.footage), Path(folder), asked.repeats)


def plain_sources(n: int, size: int = 10**7) -> list[Source]:
    """Sources that no file stands behind, of the sizes that footage has."""
    return [
        Source(source_id=SourceId(""), uri=f"/footage/{number:06d}.mp4", size_bytes=size + number, changed_us=number)
        for number in range(n)
    ]


def videos(folder: Path) -> list[Source]:
    """The files of a folder as sources."""
    return [
        Source(
            source_id=SourceId(""), uri=path.as_uri(), size_bytes=path.stat().st_size,
            changed_us=path.stat().st_mtime_ns // 1000,
        )
        for path in sorted(folder.resolve().iterdir())
        if path.is_file()
    ]  # fmt: skip


def planning(folder: Path) -> None:
    """The time and the memory to plan 100,000 sources that were never seen, and then again once they are dealt."""
    given = plain_sources(N_SOURCES)
    before = peak_mb()
    seconds, dealt = timed(lambda: plan_parts(folder, given))
    tell(
        "plan 100,000 new sources",
        seconds=seconds,
        peak_rss_mb=peak_mb(),
        of_which_sources_mb=before,
        parts=len(dealt.parts),
    )
    seconds, _ = timed(lambda: deal(folder, given))
    tell("deal and commit them", seconds=seconds, peak_rss_mb=peak_mb())
    seconds, _ = timed(lambda: deal(folder, given))
    tell("deal them again, all known", seconds=seconds, peak_rss_mb=peak_mb())


def idle(folder: Path) -> None:
    """A run over 1000 parts and 20 tables in which every cell lies there. They are stand-ins: nobody opens them."""
    recipe, given = many_tables(20), plain_sources(N_PARTS, size=PART_BYTES)
    workspace = Workspace(folder)
    fill(recipe, given, workspace)
    with Run(recipe, given, workspace, engine("ray"), profile=TWO_CORES) as run:
        cells = sum(len(table.cells) for table in run.built().tables)
    for _ in range(3):
        seconds, _ = timed(lambda: idle_run(recipe, given, workspace))
        tell("run with nothing to do", seconds=seconds, cells=cells, peak_rss_mb=peak_mb())


def idle_run(recipe: Rows[Any], given: list[Source], workspace: Workspace) -> None:
    """A whole run that finds everything done."""
    with Run(recipe, given, workspace, engine("ray"), profile=TWO_CORES) as run:
        run.built()


def fill(recipe: Rows[Any], given: list[Source], workspace: Workspace) -> None:
    """Puts a stand-in where every cell of a finished run would lie."""
    plans = {rows.table: blueprint(rows, workspace, Profile()) for rows in recipe.walk()}
    schedule = Schedule(recipe, plans, deal(plans["sources"].folder, given))
    counts = {table: Counts(plan.folder) for table, plan in plans.items()}
    waiting: list[Order] = list(schedule.begin())
    while waiting:
        order = waiting.pop()
        folder = plans[order.table].folder
        folder.mkdir(parents=True, exist_ok=True)
        if order.part is None:
            index = Index({part: stem_of(part, "0" * 16) for part in schedule.parts}, {})
            for stem in index.rows.values():
                rows_path(folder, stem).touch()
            write_index(folder / order.target, index)
        else:
            rows_path(folder, order.target).touch()
        counts[order.table].note(order.target, (1, 0))
        waiting += schedule.done(order)
    for count in counts.values():
        count.keep()


def beside_bare(recipe: Rows[Any], given: list[Source], folder: Path, repeats: int) -> None:
    """A build on Ray beside the same stages run bare in two processes, in turns, so that noise hits both alike.

    Beside the wall time the CPU time of all processes together: on a busy machine only that says anything.
    """
    ways: dict[str, Callable[[], float]] = {
        "bare": lambda: cpu_of(lambda: run_bare(recipe, given, folder / "bare", 2)),
        "ray": lambda: build(recipe, given, Workspace(folder / "ray"), "ray"),
    }
    starts = [timed(partial(start_of_ray, folder / f"start{n}")) for n in range(3)]
    start_s, start_cpu_s = (statistics.median(values) for values in zip(*starts, strict=True))
    tell("fixed start of ray, and its end", seconds=start_s, cpu_s=start_cpu_s)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            taken[name].append(timed(way))
            shutil.rmtree(folder / name, ignore_errors=True)
    bare_s, bare_cpu_s = (statistics.median(values) for values in zip(*taken["bare"], strict=True))
    ray_s, ray_cpu_s = (statistics.median(values) for values in zip(*taken["ray"], strict=True))
    tell("wall", bare_s=bare_s, ray_s=ray_s, ratio=(ray_s - start_s) / bare_s, runs=taken)
    tell("cpu", bare_s=bare_cpu_s, ray_s=ray_cpu_s, ratio=(ray_cpu_s - start_cpu_s) / bare_cpu_s)


def start_of_ray(folder: Path) -> float:
    """A build of next to nothing: what remains is Ray's start and end."""
    return build(busy(seconds=0.0), plain_sources(2), Workspace(folder), "ray")


def build(recipe: Rows[Any], given: list[Source], workspace: Workspace, engine_name: str) -> float:
    """A whole run. Gives the CPU seconds of all processes that it had."""

    def run() -> None:
        with Run(recipe, given, workspace, engine(engine_name), profile=TWO_CORES) as run:
            run.built()
            living.append(cpu_of_children())

    living: list[float] = []
    before = os.times()
    run()
    after = os.times()
    return sum(after[:2]) - sum(before[:2]) + living[0]


def cpu_of(action: Callable[[], Any]) -> float:
    """The CPU seconds that this process and those of its children that have ended spend on an action."""
    before = os.times()
    action()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def cpu_of_children() -> float:
    """The CPU seconds so far of all living descendants of this process."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            stats[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    family = {os.getpid()}
    for _ in stats:
        family |= {pid for pid, (parent, _) in stats.items() if parent in family}
    ticks = sum(spent for pid, (_, spent) in stats.items() if pid in family and pid != os.getpid())
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that an action takes, and what it gives."""
    begun = time.perf_counter()
    given = action()
    return time.perf_counter() - begun, given


def peak_mb() -> float:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tell(what: str, **numbers: Any) -> None:
    """One line of JSON, with how busy the machine was."""
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in numbers.items()}
    print(
        json.dumps({"what": what, **rounded, "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}), flush=True
    )


if __name__ == "__main__":
    main()
