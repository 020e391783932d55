"""The set-up script, on machines that lack something: tried in a folder of its own, with a PATH of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cat", "cut", "dirname", "env", "grep", "mktemp", "rm", "sha256sum", "tail", "true")


class Machine:
    """A fresh machine: the project's set-up files, and the programs that are put on it."""

    def __init__(self, folder: Path) -> None:
        self.project, self.bin = folder / "pro ject", folder / "bin"
        for name in ("infra/setup.sh", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.project / name)
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))

    def has(self, name: str, script: str = "exit 0") -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def set_up(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / "bash"), "infra/setup.sh"], cwd=self.project, env={"PATH": str(self.bin), **environment},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    @property
    def log(self) -> str:
        path = self.project / "log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def filmed(machine: Machine) -> Machine:
    """A machine with ffmpeg, where nobody is root and sudo is not installed."""
    for name in ("ffmpeg", "ffprobe"):
        machine.has(name)
    machine.has("id", "echo 1000")
    return machine


def one_line(told: subprocess.CompletedProcess[str]) -> str:
    assert told.returncode == 1
    (line,) = told.stderr.splitlines()
    return line


def test_no_python_is_one_line_with_a_remedy(filmed: Machine) -> None:
    line = one_line(filmed.set_up())
    assert "needs Python 3.11 to 3.14" in line
    assert "apt install python3" in line


def test_an_old_python_is_named(filmed: Machine) -> None:
    filmed.has("python3", 'case "$1" in -V) echo Python 3.9.2;; esac')
    assert "python3 is Python 3.9.2" in one_line(filmed.set_up())


def test_a_python_that_the_user_names_is_not_passed_over(filmed: Machine) -> None:
    filmed.has("old", 'case "$1" in -V) echo Python 3.10.1;; esac')
    (filmed.bin / "python3").symlink_to(sys.executable)
    assert "old is Python 3.10.1" in one_line(filmed.set_up(PYTHON="old"))


def test_a_missing_ffmpeg_without_the_right_to_install_it_is_one_line_with_the_remedy(machine: Machine) -> None:
    machine.has("id", "echo 1000")
    machine.has("apt-get")
    assert one_line(machine.set_up()) == (
        "set-up: ffmpeg is missing. Install it (Debian, Ubuntu: sudo apt install ffmpeg) and run this again."
    )


def test_a_missing_ffmpeg_is_installed_where_that_needs_no_password(machine: Machine) -> None:
    machine.has("id", "echo 1000")
    machine.has("sudo", '[ "$1" = -n ] && shift; "$@"')
    machine.has("apt-get", 'echo "$@" >> log')
    told = machine.set_up()
    assert "set-up: installing ffmpeg (apt)" in told.stdout
    assert machine.log.splitlines() == ["-q update", "-q install -y --no-install-recommends ffmpeg"]


def test_a_failing_apt_is_one_line_with_its_last_words(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("apt-get", 'case "$2" in install) echo "E: No space left"; exit 100;; esac')
    assert "apt could not install ffmpeg: E: No space left" in one_line(machine.set_up())


def test_a_python_without_venv_is_given_it(filmed: Machine) -> None:
    filmed.has("id", "echo 0")
    filmed.has("apt-get", 'echo "$@" >> log; exit 100')
    filmed.has("python3", 'case "$2" in *version_info*) echo 3.12;; *) exit 1;; esac')
    assert "apt could not install python3.12-venv" in one_line(filmed.set_up())
    assert filmed.log.splitlines()[-1].endswith("python3.12-venv")


def test_a_machine_that_is_set_up_is_left_alone_and_nothing_is_said(filmed: Machine) -> None:
    (filmed.project / ".venv").mkdir()
    pinned = "cat requirements.lock pyproject.toml infra/setup.sh | sha256sum"
    digest = subprocess.run(["bash", "-c", pinned], cwd=filmed.project, capture_output=True, text=True, check=True)
    (filmed.project / ".venv/.installed").write_text(f"{digest.stdout.strip()} {os.path.realpath(filmed.project)}")
    told = filmed.set_up()
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
