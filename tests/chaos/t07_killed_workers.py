"""T7: workers killed every two seconds, and a machine taken out of a cluster."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.builds import Build, descendants
from tests.chaos.slow_recipe import write_files, write_slow

EVERY_S, FOR_S, MOST_SLOWER = 2.0, 30.0, 2.0
# A build on a cluster of two machines, one of which goes when the first cells are there. Its workers never leave for
# want of work, so whatever waits for a place on the other would wait for ever.
CLUSTER = """
import sys
from pathlib import Path
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
leaving = cluster.add_node(num_cpus=1)
profile = Path(sys.argv[3]).with_suffix(".toml")
profile.write_text(f'[ray]\\naddress = "{cluster.address}"\\n')
from flows.steps import conclude, planned
from flows.wish import Wish
wish = Wish(recipe=sys.argv[1], videos=[sys.argv[2]], to=sys.argv[3], engine="ray", profile=str(profile))
with planned(wish) as run:
    def leave(report):
        if report.done >= report.parts // 4 and cluster.worker_nodes:
            cluster.remove_node(leaving, allow_graceful=False)
    run.wait("videos", leave)
    print(conclude(run, wish).version.rows)
assert not cluster.worker_nodes, "it never left"
cluster.shutdown()
"""


def show(folder: Path, scale: Scale) -> Shown:
    """Compares an undisturbed build with one whose workers die, and with one whose cluster loses a machine."""
    recipe, footage = write_slow(folder, scale.of(100, 24))
    clean = Build(folder / "clean", [footage], recipe)
    began = time.monotonic()
    clean.done("ray")
    clean_s = time.monotonic() - began
    killed = Build(folder / "killed", [footage], recipe)
    began = time.monotonic()
    kills, status, said = kill_workers(killed, random.Random(scale.seed))
    killed_s = time.monotonic() - began
    same = status == 0 and killed.parquet() == clean.parquet()
    leaves = scale.whole
    left = not leaves or loses_a_machine(recipe, folder)
    return Shown(
        same and left and kills > 0 and killed_s <= MOST_SLOWER * clean_s,
        f"{kills} workers killed in {killed_s:.0f} s ({clean_s:.0f} s undisturbed): "
        + ("every file once, the same bytes" if same else f"status {status}, or other bytes: {said[-200:]}")
        + (f"; a machine of two lost: {'the same bytes' if left else 'NOT the same bytes'}" if leaves else ""),
    )


def kill_workers(build: Build, chance: random.Random) -> tuple[int, int, str]:
    """Runs the build while for half a minute a worker is killed every two seconds: how many, status, what it said."""
    process, kills, last = build.started("ray"), 0, time.monotonic()
    while process.poll() is None:
        time.sleep(0.1)
        if time.monotonic() - last < EVERY_S or kills >= FOR_S / EVERY_S:
            continue
        workers = sorted(pid for pid in descendants(process.pid) if is_worker(pid))
        if workers:
            last = time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
                kills += 1
    return kills, process.returncode, process.communicate()[1]


def is_worker(pid: int) -> bool:
    """Whether this process is making a cell now; one that has not come up yet has nothing to lose."""
    try:
        return b"ray::RayWorker.make" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def loses_a_machine(recipe: str, folder: Path) -> bool:
    """Whether a build on two machines, of which one goes, gives the same bytes as one in a process."""
    footage, to = write_files(folder / "for a cluster", 40), folder / "cluster"
    clean = Build(folder / "alone", [footage], recipe).done()
    command = [sys.executable, "-c", CLUSTER, recipe, str(footage), str(to)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    if ended.returncode:
        sys.stderr.write(ended.stderr[-2000:])
    return ended.returncode == 0 and Build(to, []).parquet() == clean.parquet()


BAR = Bar(
    "T7",
    "A worker killed every 2 s for half a minute, a machine of two lost: every file accounted for once, the same "
    f"bytes, at most {MOST_SLOWER:.0f} times as long",
    show,
    timed=True,
    in_suite=False,
)
