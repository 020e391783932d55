import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from schemas.errors import DiskFull
from storage.files import FEW, Landing, forget, land_new, temporary
from storage.layout import Workspace
from storage.owner import is_dead, mark
from storage.sweep import sweep

WRITES_TOO_MUCH = """
import resource, signal, sys
from pathlib import Path
from schemas.errors import DiskFull
from storage.files import Landing
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with Landing() as landing:
        landing.path(Path(sys.argv[1])).write_bytes(bytes(100_000))
except DiskFull as error:
    print(error)
"""


def test_files_of_a_landing_come_into_being_together(tmp_path: Path) -> None:
    names = [f"{number}.txt" for number in range(FEW + 2)]
    with Landing() as landing:
        for name in names:
            landing.path(tmp_path / "deep" / name).write_text(name)
        assert not [path for path in (tmp_path / "deep").iterdir() if not path.name.startswith(".")]
    assert {path.name: path.read_text() for path in (tmp_path / "deep").iterdir()} == {name: name for name in names}


def test_a_landing_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), Landing() as landing:
        landing.path(tmp_path / "a").write_text("a")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "cell.parquet"
    command = [sys.executable, "-c", WRITES_TOO_MUCH, str(target)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.startswith(f"cannot write {target}: File too large; make room there")
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DiskFull, match="choose a folder that you may write to"):
        Landing().path(tmp_path / "file" / "below" / "a")


def test_of_two_who_want_a_name_the_first_gets_it(tmp_path: Path) -> None:
    def writing(text: str) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            path.write_text(text)

        return write

    assert land_new(tmp_path / "deal", writing("first"))
    assert not land_new(tmp_path / "deal", writing("second"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["first"]


def left_by_the_dead(final: Path) -> Path:
    """A temporary file of a process that is no more."""
    asks = (
        "import sys; from pathlib import Path; from storage.files import temporary; print(temporary(Path(sys.argv[1])))"
    )
    said = subprocess.run([sys.executable, "-c", asks, str(final)], capture_output=True, text=True, check=True).stdout
    left = Path(said.strip())
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_text("half")
    return left


def test_a_dead_writers_file_goes_at_once_and_a_living_ones_stays(tmp_path: Path) -> None:
    dead, alive = left_by_the_dead(tmp_path / "a.parquet"), temporary(tmp_path / "a.parquet")
    elsewhere = tmp_path / dead.name.replace(mark().split("-")[0], "0123abcd")
    for path in (alive, elsewhere):
        path.write_text("half")
    for path in (dead, alive, elsewhere):
        forget(path)
    assert set(tmp_path.iterdir()) == {alive, elsewhere}, "of another machine's processes nobody here can know"
    assert not is_dead(mark())


def test_a_run_begins_by_removing_what_the_dead_left_beside_blobs_and_dealings(tmp_path: Path) -> None:
    left = [left_by_the_dead(tmp_path / name) for name in ("blobs/.incoming/ab", "cells/sources/f/deals/0", "catalog")]
    living = temporary(tmp_path / "blobs/.incoming/ab")
    living.touch()
    sweep(Workspace(tmp_path))
    assert [path for path in (*left, living) if path.exists()] == [living]
