import errno
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from infra.env import WorkerEnv
from infra.profile_models import Cast
from schemas.errors import BadInput, DiskFull, ToolDown
from storage.blobs import Blobs


@pytest.fixture
def env(tmp_path: Path) -> WorkerEnv:
    return WorkerEnv(Blobs(tmp_path / "blobs"), tmp_path / "downloads")


def test_a_local_path_is_itself_even_where_nothing_is(env: WorkerEnv) -> None:
    assert env.path("/footage/a b.mp4") == Path("/footage/a b.mp4")


def test_a_file_address_may_hold_any_name_that_a_disk_can(env: WorkerEnv, tmp_path: Path) -> None:
    strange = tmp_path / "a'b\n%20\udcff#?.mp4"
    assert env.path(strange.as_uri()) == strange


def test_what_is_far_is_fetched_once_per_state(env: WorkerEnv) -> None:
    far = fsspec.filesystem("memory")
    far.pipe("/footage/one.mp4", b"first")
    local = env.path("memory://footage/one.mp4")
    assert (local.read_bytes(), local.suffix) == (b"first", ".mp4")
    stamp = local.stat().st_mtime_ns
    assert env.path("memory://footage/one.mp4") == local
    assert local.stat().st_mtime_ns == stamp
    far.rm("/footage/one.mp4")
    far.pipe("/footage/one.mp4", b"second, longer")
    assert env.path("memory://footage/one.mp4").read_bytes() == b"second, longer"


def test_what_is_not_there_is_a_path_where_nothing_is_far_as_near(env: WorkerEnv) -> None:
    assert not env.path("memory://footage/none.mp4").exists()


class Unchanging(MemoryFileSystem):  # type: ignore[misc]  # fsspec tells no types
    """Takes every address for one that never changes and may be there, as fsspec does those of ``https://``."""

    protocol = "unchanging"

    def ukey(self, path: str) -> str:
        return path

    def get_file(self, rpath: str, lpath: str, **more: Any) -> None:
        if "closed" in rpath:
            raise PermissionError(errno.EACCES, "Forbidden")
        if "full" in rpath:
            raise OSError(errno.ENOSPC, "full")
        super().get_file(rpath, lpath, **more)


@pytest.fixture
def unchanging() -> str:
    fsspec.register_implementation(Unchanging.protocol, Unchanging, clobber=True)
    return "unchanging:/"


def test_what_turns_out_not_to_be_there_while_it_is_fetched_is_not_there(env: WorkerEnv, unchanging: str) -> None:
    assert not env.path(f"{unchanging}/none.mp4").exists()
    assert not [left for left in env.downloads.glob("*") if left.is_file()]


def test_a_place_that_refuses_is_not_our_disk(env: WorkerEnv, unchanging: str) -> None:
    with pytest.raises(ToolDown, match=r"unchanging://closed.mp4 cannot be fetched: .*Forbidden"):
        env.path(f"{unchanging}/closed.mp4")


def test_our_full_disk_is_not_the_place(env: WorkerEnv, unchanging: str) -> None:
    with pytest.raises(DiskFull, match="make room there"):
        env.path(f"{unchanging}/full.mp4")


def test_an_address_that_nobody_can_read_is_bad_input(env: WorkerEnv) -> None:
    with pytest.raises(BadInput, match="no reader for the address gopher"):
        env.path("gopher://old/footage.mp4")


def test_a_role_without_a_model_is_bad_input(env: WorkerEnv) -> None:
    with pytest.raises(BadInput, match="no model for role 'captioner'"):
        env.chat("captioner")


def test_blobs_go_through(env: WorkerEnv) -> None:
    assert env.get(env.put(b"x", ".bin")) == b"x"


def test_without_a_profile_s_embedder_there_is_one_that_needs_no_download(tmp_path: Path) -> None:
    embedder = WorkerEnv(Blobs(tmp_path), tmp_path).embedder()
    assert Cast().identities() == {"embedder": (embedder.model,)} == {"embedder": ("hashed-ngrams@1",)}
    assert embedder.texts(["a red cup"]).shape == (1, 1024)
