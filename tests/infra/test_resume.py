"""Killed in the middle, and run again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.builders import sources, toy
from tests.infra.building import build, everything

BUILD = """
import sys
from pathlib import Path
from tests.builders import sources, toy
from tests.infra.building import build
build(toy(), sources("anna", "bob", "carl.flag-kill", "dora", folder=sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_run_that_was_killed_goes_on_to_the_same_cells(tmp_path: Path) -> None:
    (tmp_path / "flag-kill").touch()
    command = [sys.executable, "-c", BUILD, str(tmp_path), str(tmp_path / "killed")]
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(command, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL
    left = {path.name for path in (tmp_path / "killed" / "cells" / "toy_videos").rglob("*.parquet")}
    assert left == {"00000.parquet", "00001.parquet"}, "some of the work was done, not all"
    given = sources("anna", "bob", "carl.flag-kill", "dora", folder=tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed").rglob("*.parquet")}
    resumed = everything(build(toy(), given, tmp_path / "killed"))
    assert resumed == everything(build(toy(), given, tmp_path / "undisturbed"))
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps, "what was done is not done again"
