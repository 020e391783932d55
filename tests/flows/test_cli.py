"""The command line as a user meets it: real processes, exit codes, one clear line for what went wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.cli_docs import markdown
from tests.flows.toys import write_footage, write_toy

RUSHES = str(Path(sys.executable).with_name("rushes"))


def rushes(*arguments: object, cwd: Path | None = None, **more: object) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    command = [RUSHES, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False, **more)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy recipe and its footage, and a dataset that was built of them."""
    folder = tmp_path_factory.mktemp("place")
    write_toy(folder)
    write_footage(folder / "footage")
    told = rushes("build", "toy_notes.py", "footage", "--to", "dataset", "--engine", "inline", cwd=folder)
    assert told.returncode == 0, told.stderr
    (folder / "told").write_text(told.stdout + "\n---\n" + told.stderr)
    return folder


def one_line(told: subprocess.CompletedProcess[str]) -> str:
    lines = told.stderr.splitlines()
    assert len(lines) == 1, told.stderr
    assert "Traceback" not in told.stderr
    return lines[0]


def test_help_is_there_at_once() -> None:
    began = time.monotonic()
    told = rushes("--help")
    assert told.returncode == 0
    assert time.monotonic() - began < 5  # far under a second on a free machine; this machine may be busy
    for command in ("build", "plan", "sql", "explain", "recipes", "doctor", "verify", "demo", "status"):
        assert f" {command} " in told.stdout


def test_help_imports_nothing_heavy() -> None:
    ask = "import sys, flows.cli; print(sorted({m.split('.')[0] for m in sys.modules}))"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    heavy = {"av", "duckdb", "numpy", "pandas", "prefect", "pyarrow", "ray", "sklearn", "great_expectations"}
    assert heavy.isdisjoint(eval(told.stdout))


@pytest.mark.slow
def test_a_build_tells_a_line_per_table_and_ends_with_funnel_and_paths(place: Path) -> None:
    out, err = (place / "told").read_text().split("\n---\n")
    lines = [line for line in err.splitlines() if not line.startswith("rushes: the sandbox lacks")]
    assert [line.split()[0] for line in lines] == ["sources", "videos", "heavy", "notes", "checking"]
    assert "1 empty_file, 1 duplicate" in out
    assert str(place / "dataset" / "versions" / "1") in out


@pytest.mark.slow
def test_the_same_build_again_has_nothing_to_do(place: Path) -> None:
    told = rushes("build", "toy_notes.py", "footage", "--to", "dataset", "--engine", "inline", cwd=place)
    assert told.returncode == 0
    assert told.stderr.count("(nothing to do)") == 4
    assert "(nothing has changed since)" in told.stdout
    assert [path.name for path in (place / "dataset" / "versions").iterdir() if path.name.isdigit()] == ["1"]


@pytest.mark.slow
def test_a_plan_counts_what_a_changed_setting_leaves_to_do_and_writes_nothing(place: Path) -> None:
    told = rushes("plan", "toy_notes.py", "footage", "--to", "dataset", "--set", "at_least=2", cwd=place)
    assert told.returncode == 0, told.stderr
    counts = {line.split()[0]: line.split()[1:3] for line in told.stdout.splitlines()[1:5]}
    assert counts == {"sources": ["5", "0"], "videos": ["5", "0"], "heavy": ["0", "5"], "notes": ["0", "5"]}
    assert rushes("plan", "toy_notes.py", "footage", "--to", "nowhere", cwd=place).returncode == 0
    assert not (place / "nowhere").exists()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "table"])
def test_sql_prints_rows_in_every_form(place: Path, form: str) -> None:
    query = "SELECT text, length(text) AS n FROM notes ORDER BY text"
    told = rushes("sql", query, "--to", "dataset", "--format", form, cwd=place)
    assert told.returncode == 0, told.stderr
    rows = [{"text": "weighs 4", "n": 8}, {"text": "weighs 5", "n": 8}]
    if form == "json":
        assert json.loads(told.stdout) == rows
    elif form == "jsonl":
        assert [json.loads(line) for line in told.stdout.splitlines()] == rows
    elif form == "csv":
        assert told.stdout == "text,n\nweighs 4,8\nweighs 5,8\n"
    else:
        assert [line.split() for line in told.stdout.splitlines()] == [
            ["text", "n"],
            ["weighs", "4", "8"],
            ["weighs", "5", "8"],
        ]


@pytest.mark.slow
def test_sql_changes_nothing_and_says_so_in_one_line(place: Path) -> None:
    told = rushes("sql", "DROP VIEW notes", "--to", "dataset", cwd=place)
    assert told.returncode == 2
    assert "one SELECT" in one_line(told)


@pytest.mark.slow
def test_explain_leads_from_a_row_to_the_file_and_to_what_hangs_on_it(place: Path) -> None:
    asked = rushes(
        "sql", "SELECT video_id FROM notes WHERE text = 'weighs 4'", "--to", "dataset", "--format", "jsonl", cwd=place
    )
    video_id = json.loads(asked.stdout)["video_id"]
    for given in (video_id, video_id[:8], place / "footage" / "a.mp4"):
        told = rushes("explain", given, "--to", "dataset", cwd=place)
        assert told.returncode == 0, told.stderr
        assert "Weigh() version 1" in told.stdout or given not in (video_id, video_id[:8])
        assert "footage/a.mp4" in told.stdout.replace("\n", "")
    told = rushes("explain", video_id, "--to", "dataset", cwd=place)
    assert "notes (1)" in told.stdout
    assert "weighs 4" in told.stdout


@pytest.mark.slow
def test_explain_of_an_id_that_is_none_says_so(place: Path) -> None:
    told = rushes("explain", "nothing-like-it", "--to", "dataset", cwd=place)
    assert told.returncode == 2
    assert "no row has the id 'nothing-like-it'" in one_line(told)


@pytest.mark.slow
def test_status_and_verify_speak_of_the_latest_version(place: Path) -> None:
    told = rushes("status", "--to", "dataset", cwd=place)
    assert told.returncode == 0, told.stderr
    assert "version 1 of toy_notes (at_least=3, word=weighs)" in told.stdout
    assert rushes("verify", "--to", "dataset", cwd=place).returncode == 0


@pytest.mark.slow
def test_verify_finds_a_flipped_bit(place: Path, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", place / "dataset", tmp_path], check=True)
    victim = next((tmp_path / "dataset" / "versions" / "1" / "notes").glob("*.parquet"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    told = rushes("verify", "--to", tmp_path / "dataset")
    assert told.returncode == 1
    assert f"damaged  versions/1/notes/{victim.name}" in told.stdout


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
    assert page.read_text("utf-8") == markdown(), "python -m flows.cli_docs > docs/commands.md"


def test_recipes_lists_settings_with_their_defaults(tmp_path: Path) -> None:
    write_toy(tmp_path)
    told = rushes("recipes", "toy_notes.py", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "One note per file" in told.stdout
    assert "--set at_least=3" in told.stdout


@pytest.mark.slow
def test_doctor_looks_at_everything(tmp_path: Path) -> None:
    told = rushes("doctor", "--to", tmp_path)
    assert told.returncode in (0, 1), told.stderr
    for thing in ("Python", "ffmpeg", "ffprobe", "PyAV", "decord", "sandbox", "ray", "prefect", "GPU", "disk"):
        assert f" {thing}: " in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_keeps_what_is_done_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    recipe = write_toy(tmp_path)
    recipe.write_text(
        recipe.read_text().replace(
            "            content = ",
            "            __import__('time').sleep(600 if 'b.mp4' in source.uri else 0)\n            content = ",
        )
    )
    write_footage(tmp_path / "footage")
    command = [RUSHES, "build", "toy_notes.py", "footage", "--to", "dataset", "--engine", "inline"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "dataset").glob("cells/videos/*/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "run the same command again" in err
    assert "Traceback" not in err
