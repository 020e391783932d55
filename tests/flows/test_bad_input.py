"""Bad input through the real command line: one clear line, the right exit code, every file accounted for."""

import json
import os
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flows.films import Film, Take, write_all

pytestmark = pytest.mark.slow

RUSHES = str(Path(sys.executable).with_name("rushes"))


def rushes(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    command = [RUSHES, *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=400, check=False, **more)  # type: ignore[call-overload,no-any-return]


def build(footage: Path | str, to: Path, *more: str, **how: object) -> subprocess.CompletedProcess[str]:
    return rushes("build", "fragments", footage, "--to", to, "--engine", "inline", *more, **how)


def last_line(told: subprocess.CompletedProcess[str]) -> str:
    """What the user reads last; there is no traceback above it."""
    assert "Traceback" not in told.stderr + told.stdout, told.stderr
    line = told.stderr.splitlines()[-1]
    assert line.startswith("rushes: "), told.stderr
    return line


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of three short shots, with a truth beside it."""
    takes = (Take("mural", 1, "static", 40), Take("city", 2, "pan right", 50), Take("table", 3, "static", 36))
    return write_all([Film("film", takes)], tmp_path_factory.mktemp("film"), workers=1)[0]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    told = build(tmp_path / "nowhere", tmp_path / "to")
    assert told.returncode == 2
    assert "no such file or folder" in last_line(told)
    assert "nowhere" in last_line(told)
    assert not (tmp_path / "to").exists()


def test_a_folder_without_video(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").touch()
    told = build(tmp_path / "in", tmp_path / "to")
    assert told.returncode == 2
    assert "passed over: 1 .txt" in last_line(told)


def test_an_unknown_recipe(tmp_path: Path, film: Path) -> None:
    told = rushes("build", "fragment", film, "--to", tmp_path / "to")
    assert told.returncode == 2
    assert "did you mean 'fragments'" in last_line(told)


def test_an_unknown_setting(tmp_path: Path, film: Path) -> None:
    told = build(film, tmp_path / "to", "--set", "sede=8")
    assert told.returncode == 2
    assert "no setting 'sede'; did you mean 'seed'" in last_line(told)


def test_an_unknown_profile(tmp_path: Path, film: Path) -> None:
    told = build(film, tmp_path / "to", "--profile", "moon")
    assert told.returncode == 2
    assert "no profile 'moon'" in last_line(told)


def test_a_manifest_that_lacks_uri(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path,license\nfilm.mp4,CC0\n")
    told = build(tmp_path / "list.csv", tmp_path / "to")
    assert told.returncode == 2
    assert "no column 'uri'" in last_line(told)
    assert "rename 'path' to 'uri'" in last_line(told)


def test_a_folder_that_is_a_file(tmp_path: Path, film: Path) -> None:
    (tmp_path / "to").write_text("a file")
    told = build(film, tmp_path / "to")
    assert told.returncode == 2
    assert "is not a folder; choose another with --to" in last_line(told)


AS_NOBODY = """
import os, sys
from pathlib import Path
from flows.wish import Wish
wish = Wish(recipe="fragments", videos=sys.argv[1:2], to=sys.argv[2])
assert wish.rows and wish.where  # all that they import, nobody may not
os.setuid(65534)
try:
    wish.check()
except ValueError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_folder_that_may_not_be_written(film: Path) -> None:
    """Asked by a process that becomes somebody else: root may write everywhere."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        asked = [sys.executable, "-c", AS_NOBODY, str(film), f"{place}/deeper/to"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert told.stdout == f"cannot write into '{place}': permission denied; choose another folder with --to\n", (
        told.stderr
    )


def test_a_disk_that_is_full(tmp_path: Path, film: Path) -> None:
    """A limit on the size of files stands for the disk: writing beyond it fails in the same place."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    told = build(film, tmp_path / "to", preexec_fn=limit)
    assert told.returncode == 1
    assert "make room there, then run the same command again" in last_line(told)
    again = build(film, tmp_path / "to", "--no-publish")
    assert again.returncode == 0, again.stderr


def test_nothing_but_broken_files_ends_with_one_and_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("a text that somebody named like a film\n" * 9)
    (tmp_path / "empty.mp4").touch()
    told = build(tmp_path, tmp_path / "to")
    assert told.returncode == 1
    assert "nothing was kept" in last_line(told)
    assert "1 not_media" in last_line(told)
    assert "1 empty_file" in last_line(told)
    assert not (tmp_path / "to" / "versions").exists()


def test_every_file_ends_in_exactly_one_outcome_and_a_bad_one_costs_no_other(tmp_path: Path, film: Path) -> None:
    footage = tmp_path / "in"
    footage.mkdir()
    odd = 'it\'s "odd"\nand long.mp4'
    content = film.read_bytes()
    (footage / odd).write_bytes(content)
    (footage / "copy.mp4").write_bytes(content)
    (footage / "cut off.mp4").write_bytes(content[: len(content) // 2])
    (footage / "empty.mp4").touch()
    (footage / "text.mp4").write_text("no film\n")
    sound = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=2", str(footage / "sound only.mp4")]
    subprocess.run(sound, check=True)
    told = build(footage, tmp_path / "to")
    assert told.returncode == 0, told.stderr
    asked = rushes(
        "sql", "SELECT uri, outcome, reason, detail FROM outcomes", "--to", tmp_path / "to", "--format", "jsonl"
    )
    rows = [json.loads(line) for line in asked.stdout.splitlines()]
    became = {Path(row["uri"]).name: (row["outcome"], row["reason"]) for row in rows}
    assert len(rows) == len(became) == 6
    assert Counter(outcome for outcome, _ in became.values()) == {"published": 1, "copy": 1, "rejected": 4}
    assert {became[odd][0], became["copy.mp4"][0]} == {"published", "copy"}
    assert became["empty.mp4"][1] == "empty_file"
    assert became["text.mp4"][1] == "not_media"
    assert became["sound only.mp4"][1] == "no_video_stream"
    assert all(row["detail"] for row in rows if row["outcome"] != "published")
