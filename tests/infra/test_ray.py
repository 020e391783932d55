import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from infra.engine import engine
from infra.profile import Profile, Workers
from infra.ray_place import RayPlace
from infra.run import Run
from schemas.errors import BadInput, StageBroken, ToolDown
from schemas.media import Source
from schemas.rejects import Reject
from stages.graph import given
from stages.stage import Needs, Stage
from storage.layout import Workspace
from tests.builders import Name, ToyVideo, ToyWord, sources, totals, toy
from tests.infra.building import build, everything, rejects, rows, run_of

pytestmark = pytest.mark.slow
NAMES = ("anna", "bob.mp4", "carl", "x.bad", "dora", "anna.copy", "odd")
ROOT = Path(__file__).resolve().parents[2]
ALONE = """
import os, signal, sys
from pathlib import Path
from tests.builders import sources, toy
from tests.infra.building import run_of
folder = Path(sys.argv[1])

def children(pid):
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            yield int(stat.parent.name)
            yield from children(int(stat.parent.name))

with run_of(toy(), sources("anna", "bob.flag-kill", folder=folder), folder / "data", "ray") as run:
    run.wait("toy_videos")
    (folder / "pids").write_text(" ".join(map(str, children(os.getpid()))))
    if sys.argv[2] != "ended":
        signal.raise_signal(signal.SIGINT if sys.argv[2] == "interrupted" else signal.SIGKILL)
    run.built()
"""

TWICE = """
import gc, sys
from pathlib import Path
from infra.ray_engine import RayEngine
from infra.run import Run
from storage.layout import Workspace
from tests.builders import sources, toy

class Forgetful(RayEngine):
    def submit(self, order):
        before.clear()
        gc.collect()
        super().submit(order)

before = []
for name in ("first", "second"):
    engine = Forgetful()
    with Run(toy(), sources("anna"), Workspace(Path(sys.argv[1]) / name), engine) as run:
        print(len(run.built().tables))
    before.append(engine)
    del engine, run
"""


class Paint(Stage[ToyVideo, ToyWord, None], version=1, needs=Needs(cpus=1, gpus=1)):
    """Wants a GPU."""

    def run(self, rows: Sequence[ToyVideo], tool: None) -> Iterator[ToyWord | Reject]:
        raise AssertionError("never runs")


def test_ray_makes_the_same_cells_as_this_process_does(tmp_path: Path, ray_cluster: RayPlace) -> None:
    for recipe in (toy(shout=True), totals()):
        alone = build(recipe, sources(*NAMES), tmp_path / "inline")
        assert everything(build(recipe, sources(*NAMES), tmp_path / "ray", "ray")) == everything(alone)


def test_a_dead_workers_cell_is_made_by_another(tmp_path: Path, ray_cluster: RayPlace) -> None:
    (tmp_path / "flag-kill").touch()
    built = build(toy(), sources("anna", "bob.flag-kill", folder=tmp_path), tmp_path / "data", "ray")
    assert [row["video_id"] for row in rows(built, "toy_marks")] == ["anna", "bob"]
    assert rejects(built, "toy_videos") == []


def test_what_kills_its_worker_every_time_is_turned_away_and_the_rest_lives(
    tmp_path: Path, ray_cluster: RayPlace
) -> None:
    names = [f"v{number:02d}" for number in range(40)]
    built = build(toy(), sources(*names, "v99.kill"), tmp_path, "ray")
    assert sorted(row["video_id"] for row in rows(built, "toy_videos")) == names
    (killer,) = rejects(built, "toy_videos")
    assert (killer["reason"], killer["uri"]) == ("worker_crash", "/footage/v99.kill")
    assert not list((tmp_path / "scratch").glob("*.journal"))


def test_what_hangs_is_found_and_turned_away_and_the_rest_lives(tmp_path: Path, ray_cluster: RayPlace) -> None:
    given_names = sources("anna", "bob.hang", "carl")
    impatient = Profile(workers=Workers(hang_s=0.5))
    with Run(toy(), given_names, Workspace(tmp_path), engine("ray"), profile=impatient) as run:
        built = run.built()
    assert [row["video_id"] for row in rows(built, "toy_videos")] == ["anna", "carl"]
    (hung,) = rejects(built, "toy_videos")
    assert (hung["reason"], hung["uri"]) == ("worker_crash", "/footage/bob.hang")
    (told,) = (tmp_path / "runs").glob("*.hangs.txt")
    assert "builders.py" in told.read_text(), "where it hung is known"


def test_a_bug_comes_through_with_its_traceback(tmp_path: Path, ray_cluster: RayPlace) -> None:
    with run_of(toy(), sources("bob.bug"), tmp_path, "ray") as run, pytest.raises(StageBroken) as told:
        run.wait("toy_marks")
    assert "rows 00000/000000: ZeroDivisionError: a bug, as asked" in str(told.value)
    assert "in run\n" in told.value.__notes__[0]


def test_what_no_machine_can_give_is_told_before_anything_runs(tmp_path: Path, ray_cluster: RayPlace) -> None:
    with pytest.raises(BadInput, match=r"Paint needs 1 GPUs .* which no machine here has"):
        build(given(Source).then(Name()).then(Paint()), sources("a"), tmp_path, "ray")
    assert not list((tmp_path / "cells").glob("toy_*"))


def alone(script: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs the script in a process that has a Ray of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=inherited | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_a_process_may_run_twice_and_forget_the_first_run_during_the_second(tmp_path: Path) -> None:
    ended = alone(TWICE, str(tmp_path))
    first, second = ended.stdout.split() or pytest.fail(ended.stderr)
    assert first == second, ended.stderr


def listening() -> set[str]:
    """The addresses, as /proc writes them, on which processes of this machine's Rays of ours listen."""
    sockets = {
        fields[9]: fields[1].partition(":")[0]
        for kind in ("tcp", "tcp6")
        for fields in (line.split() for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:])
        if fields[3] == "0A"
    }
    ours = [one.parent for one in Path("/proc").glob("[0-9]*/cmdline") if b"rushes-ray-" in one.read_bytes()]
    open_files = [str(file.readlink()) for process in ours for file in process.glob("fd/*") if file.is_symlink()]
    return {sockets[name[8:-1]] for name in open_files if name.startswith("socket:[") and name[8:-1] in sockets}


def test_a_ray_that_does_not_come_up_in_time_is_a_tool_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def late(**_: object) -> None:
        raise Exception("The current node timed out during startup.")  # noqa: TRY002  so Ray does

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", late)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    with pytest.raises(ToolDown, match=r"cannot start Ray here: The current node timed out.*--engine inline"):
        RayPlace(Profile())


def test_a_ray_of_our_own_listens_on_this_machine_alone(ray_cluster: RayPlace) -> None:
    here = {"0100007F", "0" * 24 + "01000000", "0000000000000000FFFF00000100007F"}
    assert listening()
    assert listening() <= here


def gone(pid: int, within_s: float) -> bool:
    """Whether the process ends in time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within_s)[0])
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("how", ["ended", "interrupted", "killed"])
def test_a_ray_of_our_own_says_nothing_and_leaves_nothing(how: str, tmp_path: Path) -> None:
    (tmp_path / "flag-kill").touch()
    temporary = tempfile.mkdtemp(prefix="r", dir="/tmp")
    ended = alone(ALONE, str(tmp_path), how, TMPDIR=temporary)
    assert ended.stdout == ""
    # Where the interrupt comes while Python ends, it says nothing of it either.
    assert ended.stderr.splitlines()[-1:] in ([], ["KeyboardInterrupt"] if how == "interrupted" else [])
    assert ended.returncode == {"ended": 0, "interrupted": -signal.SIGINT, "killed": -signal.SIGKILL}[how]
    pids = (tmp_path / "pids").read_text().split()
    assert len(pids) > 3, "Ray was up"
    # When the driver is killed, Ray's own agents take up to a minute to notice that nobody is left.
    assert [pid for pid in pids if not gone(int(pid), 120 if how == "killed" else 15)] == []
    (log,) = (tmp_path / "data" / "logs").iterdir()
    deaths = [line for line in log.read_text().splitlines() if json.loads(line)["crashed"]]
    assert len(deaths) == 1, "a worker died, and only our log says so"
    if how != "killed":
        Path(temporary).rmdir()
    shutil.rmtree(temporary, ignore_errors=True)
