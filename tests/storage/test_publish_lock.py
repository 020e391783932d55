"""One publisher per workspace."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import Busy
from storage.publish_lock import LOCK, _myself, publishing


def test_a_living_publisher_is_waited_for_by_name(tmp_path: Path) -> None:
    with (
        publishing(tmp_path),
        pytest.raises(Busy, match=f"process {os.getpid()} on .* is publishing"),
        publishing(tmp_path),
    ):
        pass
    assert not (tmp_path / LOCK).exists()


def test_the_lock_of_a_dead_process_is_broken(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    (tmp_path / LOCK).write_text(json.dumps(_myself() | {"pid": child.pid}))
    with publishing(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("other", [{"began": "1"}, {"boot": "another start of the machine"}])
def test_the_lock_of_an_older_process_of_the_same_number_is_broken(tmp_path: Path, other: dict[str, str]) -> None:
    (tmp_path / LOCK).write_text(json.dumps(_myself() | other))
    with publishing(tmp_path):
        pass


def test_the_lock_of_another_machine_is_respected(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(json.dumps(_myself() | {"host": "elsewhere"}))
    with pytest.raises(Busy, match="elsewhere"), publishing(tmp_path):
        pass
    assert (tmp_path / LOCK).exists()


def test_a_lock_that_was_cut_off_while_being_written_is_broken(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text('{"pid": 1')
    with publishing(tmp_path):
        pass


def test_of_many_who_find_a_dead_lock_each_publishes_alone(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(json.dumps(_myself() | {"began": "1"}))
    (tmp_path / "count").write_text("0")
    running = [subprocess.Popen([sys.executable, "-c", RACE, str(tmp_path)]) for _ in range(4)]
    assert [child.wait(60) for child in running] == [0, 0, 0, 0]
    assert (tmp_path / "count").read_text() == "80"


# Adds 20 to a file, one at a time: an addition is lost whenever two hold the lock at once.
RACE = """
import sys
from pathlib import Path
from schemas.errors import Busy
from storage.publish_lock import publishing
folder, done = Path(sys.argv[1]), 0
while done < 20:
    try:
        with publishing(folder):
            count = folder / "count"
            count.write_text(str(int(count.read_text()) + 1))
            done += 1
    except Busy:
        continue
"""
