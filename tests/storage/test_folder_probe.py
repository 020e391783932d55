"""A file system that cannot do what a workspace needs is found out before anything is built."""

from pathlib import Path
from typing import Any

import pytest

from schemas.errors import BadInput, DiskFull
from storage.folder_probe import probe_folder


def test_a_local_disk_passes_and_nothing_is_left_of_the_probe(tmp_path: Path) -> None:
    probe_folder(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []


@pytest.mark.parametrize(
    ("method", "lack"), [("hardlink_to", "no hard links"), ("replace", "no atomic rename"), ("read_bytes", "no hard")]
)
def test_a_mount_without_links_or_renames_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, lack: str
) -> None:
    def refuse(self: Path, *arguments: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(BadInput, match=f"{lack}.*--to s3://bucket/prefix"):
        probe_folder(tmp_path)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_mount_that_links_over_what_is_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overwrite(self: Path, target: Path) -> None:
        self.write_bytes(target.read_bytes())

    monkeypatch.setattr(Path, "hardlink_to", overwrite)
    with pytest.raises(BadInput, match="no hard links"):
        probe_folder(tmp_path)


def test_a_mount_whose_locks_hold_nobody_up_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", lambda *_: None)
    with pytest.raises(BadInput, match="no file locks"):
        probe_folder(tmp_path)


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull, match="No space left"):
        probe_folder(tmp_path)
