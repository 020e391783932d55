"""The worked examples of CONTRIBUTING.md, run as they stand there, in a copy of the source tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("schemas", "stages", "storage", "infra", "flows", "tests", "pyproject.toml")
BLOCK = re.compile(r"^```(?:python|sql)\n(?:#|--) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, str]:
    """Code by the path that its first line gives."""
    return dict(BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8")))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The house, with the examples moved in."""
    folder = tmp_path_factory.mktemp("house")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    for name, code in examples().items():
        assert not (folder / name).exists(), f"{name} is in the house already"
        (folder / name).write_text(code, "utf-8")
    return folder


def run(house: Path, *command: str) -> str:
    told = subprocess.run(
        [sys.executable, "-m", *command], cwd=house, capture_output=True, text=True, timeout=300, check=False
    )
    assert told.returncode == 0, f"{' '.join(command)}\n{told.stdout}\n{told.stderr}"
    return told.stdout


def test_there_is_an_example_of_a_table_a_stage_a_recipe_and_a_test() -> None:
    folders = {Path(name).parent.as_posix() for name in examples()}
    assert {"schemas", "stages", "flows/recipes", "tests/stages"} <= folders


def test_the_examples_are_in_form(house: Path) -> None:
    python = [name for name in examples() if name.endswith(".py")]
    run(house, "ruff", "check", *python)
    run(house, "ruff", "format", "--check", *python)


@pytest.mark.slow
def test_the_types_of_the_examples_hold(house: Path) -> None:
    python = [name for name in examples() if name.endswith(".py")]
    run(house, "mypy", "--cache-dir", str(house / ".mypy_cache"), *python)


def test_the_tests_of_the_examples_pass(house: Path) -> None:
    tests = [name for name in examples() if name.startswith("tests/")]
    assert "passed" in run(house, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", *tests)


def test_the_recipe_is_found_by_its_name_and_prints_its_plan(house: Path) -> None:
    show = "import flows.recipe_book as book; print(book.recipe('quick_films').rows({'most_seconds': 3}))"
    (house / "show_plan.py").write_text(show, "utf-8")
    lines = run(house, "show_plan").splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["rhythms", "quick_films"]
    assert "MeasureRhythm(least_shots=2)" in lines[-2]
