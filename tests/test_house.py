"""The form of the source: what a reader of any file here may rely on."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("schemas", "stages", "storage", "infra", "flows")
SOURCES = sorted(path for folder in (*PACKAGES, "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
MAX_FILE_LINES, MAX_FUNCTION_LINES = 300, 50

# Words that say nothing about what is inside.
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "base", "misc", "data", "process"}
# In pieces, so that this file does not find itself.
TRACES = re.compile(
    "|".join(["/wo" + "rk/", "/ro" + "ot/", "/tmp/pl" + "an", r"\.py" + "env", "pyp" + r"i\.org", "python" + "hosted"])
)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def tracked() -> list[Path]:
    """The files that a clone would have; an unpacked archive has no others but what set-up made."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in SOURCES:
        for node in functions(path):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                long[f"{named(path)}:{node.name}"] = lines
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {named(path): path.relative_to(ROOT).with_suffix("").parts for path in SOURCES}
    assert [name for name, words in parts.items() if EMPTY_WORDS & {w for part in words for w in part.split("_")}] == []


def test_nothing_can_be_pickled_at_rest() -> None:
    """Ray pickles what passes between our own processes; what lies on a disk is JSON, Parquet or text."""
    writers = re.compile(
        r"\b(?:import|from) (?:pickle|cloudpickle|dill|joblib|shelve)\b|torch\.(?:load|save)|allow_pickle"
    )
    ours = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in PACKAGES]
    assert [named(path) for path in ours if writers.search(path.read_text("utf-8"))] == []


def test_package_files_are_empty() -> None:
    assert [named(path) for path in SOURCES if path.name == "__init__.py" and path.read_text("utf-8").strip()] == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = {}
    for path in tracked():
        lines = path.read_text("utf-8", errors="replace").splitlines() if path.stat().st_size < 2_000_000 else []
        if hits := [number for number, line in enumerate(lines, 1) if TRACES.search(line)]:
            found[named(path)] = hits
    assert found == {}


def test_no_tracked_file_is_large() -> None:
    """A clone stays quick: media for tests is made on the spot, pictures in the docs are small."""
    assert {named(path): size for path in tracked() if (size := path.stat().st_size) > 1_000_000} == {}


def test_the_packages_that_are_imported_are_ours() -> None:
    """Their names are general, so another distribution could shadow them."""
    ask = f"import {', '.join(PACKAGES)}\nfor p in ({', '.join(PACKAGES)}): print(p.__file__)"
    told = subprocess.run([sys.executable, "-P", "-c", ask], cwd="/", capture_output=True, text=True, check=True)
    assert told.stdout.split("\n")[:-1] == [str(ROOT / package / "__init__.py") for package in PACKAGES]


def test_decisions_have_a_number_each_and_say_what_and_why() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert pages
    numbers = [page.name[:5] for page in pages]
    assert all(re.fullmatch(r"\d{4}-", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    for page in pages:
        first, *rest = page.read_text("utf-8").splitlines()
        assert first.startswith(f"# {page.name[:4]}. "), page.name
        assert {"## Why", "## What follows"} <= set(rest), page.name


def lock(name: str) -> dict[str, str]:
    """Version by distribution."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_by_hash_and_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"://|--index-url|--find-links", text)
    assert all("--hash=sha256:" in pin for pin in re.split(r"\n(?=[a-z])", text.strip()))


def test_the_locks_hold_what_the_project_asks_for_and_no_torch() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    run, dev = lock("requirements.lock"), lock("requirements-dev.lock")
    names = [re.split(r"[\[<>=!]", line)[0] for line in asked["dependencies"]]
    assert [name for name in names if name not in run] == []
    extra = [re.split(r"[\[<>=!]", line)[0] for line in asked["optional-dependencies"]["dev"]]
    assert [name for name in extra if name not in dev] == []
    assert {name: dev[name] for name in run} == run
    assert "torch" not in dev


def test_torch_is_pinned_once_and_ci_does_not_pass_by_skipping_it() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["models"]
    assert [f"TORCH={pin} " in (ROOT / "infra/setup.sh").read_text("utf-8") for pin in asked] == [True]
    assert "REQUIRE_TORCH=1" in (ROOT / ".ci/run").read_text("utf-8")


def test_fastapi_stays_where_prefect_flows_run() -> None:
    """From 0.151 on every flow dies with a TypeError, while `pip check` and `import prefect` find nothing wrong."""
    assert tuple(map(int, lock("requirements.lock")["fastapi"].split("."))) < (0, 151)


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    assert "make test" in (ROOT / "README.md").read_text("utf-8")
    assert "make test" in (ROOT / ".ci/run").read_text("utf-8")
    assert os.access(ROOT / ".ci/run", os.X_OK)


def tool(name: str, *arguments: str) -> None:
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"{' '.join(command)}\n{told.stdout}\n{told.stderr}"


@pytest.mark.slow
def test_every_type_holds() -> None:
    tool("mypy")


@pytest.mark.slow
def test_every_file_is_in_form() -> None:
    tool("ruff", "check", ".")
    tool("ruff", "format", "--check", ".")


@pytest.mark.slow
def test_nobody_imports_upwards() -> None:
    tool("lint-imports")
