"""Killed in the middle, and run again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import sources, toy
from tests.infra.building import build, everything

pytestmark = pytest.mark.slow

BUILD = """
import sys
from pathlib import Path
from tests.builders import sources, toy
from tests.infra.building import build
build(toy(), sources("anna", "bob", "carl.flag-kill", "dora", folder=sys.argv[1]), Path(sys.argv[2]))
"""

FULL = """
import resource, signal, sys
from pathlib import Path
from schemas.errors import DiskFull
from tests.builders import sources, toy
from tests.infra.building import build

build(toy(), sources("anna"), Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))
try:
    build(toy(shout=True), sources("anna"), Path(sys.argv[1]))
except DiskFull as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
build(toy(shout=True), sources("anna"), Path(sys.argv[1]))
"""
ROOT = Path(__file__).resolve().parents[2]


def run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, timeout=120, check=False, capture_output=True, text=True)


def test_a_full_disk_is_one_line_leaves_nothing_half_written_and_can_be_gone_on_from(tmp_path: Path) -> None:
    ended = run(FULL, str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("cannot write ")
    assert ended.stdout.endswith("make room there, then run the same command again\n")
    assert [path for path in (tmp_path / "cells").rglob("*") if path.name.startswith(".")] == []


def test_a_run_that_was_killed_goes_on_to_the_same_cells(tmp_path: Path) -> None:
    (tmp_path / "flag-kill").touch()
    ended = run(BUILD, str(tmp_path), str(tmp_path / "killed"))
    assert ended.returncode == -signal.SIGKILL
    left = {path.name for path in (tmp_path / "killed" / "cells" / "toy_videos").rglob("*.parquet")}
    assert left == {"00000.parquet", "00001.parquet"}, "some of the work was done, not all"
    given = sources("anna", "bob", "carl.flag-kill", "dora", folder=tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed").rglob("*.parquet")}
    resumed = everything(build(toy(), given, tmp_path / "killed"))
    assert resumed == everything(build(toy(), given, tmp_path / "undisturbed"))
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps, "what was done is not done again"
