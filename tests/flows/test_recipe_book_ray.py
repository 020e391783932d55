"""A recipe file of the user's by the real command on the default engine: its workers find it, wherever it lies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.toys import write_footage, write_toy

pytestmark = pytest.mark.slow
RUSHES = str(Path(sys.executable).with_name("rushes"))


def test_a_recipe_file_in_another_folder_is_built_on_ray(tmp_path: Path) -> None:
    recipes, elsewhere = tmp_path / "recipes", tmp_path / "elsewhere"
    recipes.mkdir()
    elsewhere.mkdir()
    footage = write_footage(tmp_path / "footage")
    command = [
        RUSHES,
        "build",
        str(write_toy(recipes)),
        str(footage),
        "--to",
        str(tmp_path / "data"),
        "--engine",
        "ray",
    ]
    as_a_user_has_it = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    ended = subprocess.run(
        command, cwd=elsewhere, env=as_a_user_has_it, capture_output=True, text=True, timeout=180, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "data" / "versions" / "1" / "manifest.json").exists()
