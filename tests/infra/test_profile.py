from pathlib import Path

import pytest

from infra.profile import PROFILES, Profile, load
from schemas.errors import BadInput


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_profile_that_we_ship_can_be_read(path: Path) -> None:
    assert isinstance(load(path.stem), Profile)


def test_the_local_profile_says_what_holds_without_one() -> None:
    assert load("local") == Profile()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[worker]\ncpus = 2", "unknown key 'worker'; did you mean 'workers'"),
        ("[workers]\ncpu = 2", "workers: unknown key 'cpu'; did you mean 'cpus'"),
        ("[workers]\ncpus = 'two'", "workers: cpus is 'two'; it must be a number"),
        ("[workers]\ncpus = -1", "cpus is -1"),
        ("[workers]\ncpus = inf", "cpus is inf"),
        ("[workers]\ncpus = true", "cpus is True"),
        ("[batch_rows]\nWatchVideos = 0", "batch_rows.WatchVideos is 0; it must be a whole number from 1"),
        ("[ray]\naddress = 5", "address is 5; it must be a str"),
        ("workers = 3", "workers is 3; it must be a dict"),
        ("[retries]\nwait_s = [1, 'x']", "wait_s is 'x'"),
        ("no toml", "cannot be read"),
    ],
)
def test_a_mistake_is_named_by_its_key(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        load(str(path))
    assert told in str(error.value)
    assert str(path) in str(error.value)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[workers]\ncpus = 3\n[batch_rows]\nWatchVideos = 4\n")
    profile = load(str(path))
    assert (profile.workers.cpus, profile.batch_rows["WatchVideos"]) == (3, 4)


def test_a_profile_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="no profile 'locl': give one of cluster, local, teacher"):
        load("locl")
