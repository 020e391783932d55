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
        ("[max_reject_ratio]\nName = 1.5", "max_reject_ratio.Name is 1.5; it must be a number from 0 to 1"),
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


MODEL = "name = 'm'\nrevision = '1'\nendpoints = ['http://localhost:1/v1']\n"
HELD = "kind = 'transformers'\nname = 'm'\nrevision = '1'\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[models.a]\nnam = 'm'", "models.a: unknown key 'nam'; did you mean 'name'"),
        ("[models.a]\nkey = 'sk-canary-123456'", "models.a: unknown key 'key'"),
        ("[models.a]\nrevision = '1'", "models.a: name is missing"),
        (f"[models.a]\n{MODEL}kind = 'magic'", "kind is 'magic'; known are openai"),
        (f"[models.a]\n{MODEL}gpus = 1", "gpus is for kind 'transformers', and this is 'openai'"),
        (f"[models.a]\n{HELD}in_flight = 3", "in_flight is for kind 'openai', and this is 'transformers'"),
        (f"[models.a]\n{HELD}gpus = 2", "gpus is 2; one worker holds a model on one GPU"),
        (f"[models.a]\n{HELD}dtype = 'int4'", "dtype is 'int4'; known are auto, float32"),
        ("[models.a]\nname = '/my/model'\n" + HELD.replace("name = 'm'\n", ""), "its path goes into the key folder"),
        (f"[models.a]\n{MODEL}mode = 'later'", "mode is 'later'; known are live, batch"),
        (f"[models.a]\n{MODEL}in_flight = 0", "in_flight is 0; it must be a whole number from 1"),
        (f"[models.a]\n{MODEL}key_env = 'sk-canary-123456'", "key_env is not the name of an environment variable"),
        (f"[models.a]\n{MODEL.replace('http:', 'ftp:')}", "'ftp://localhost:1/v1' is no plain http(s) address"),
        (f"[models.a]\n{MODEL.replace('1/v1', '1/v1?key=canary')}", "keys go by key_env"),
        (f"[models.a]\n{MODEL.replace('//', '//me:canary@')}", "keys go by key_env"),
        (f"[models.a]\n{MODEL}[models.b]\n{MODEL}", "models a and b are both m@1"),
        (f"[models.teacher]\n{MODEL}[roles]\nwriter = 'techer'", "did you mean 'teacher'?"),
        (f"[models.a]\n{MODEL}[roles]\nblind = ['a', 'a']", "roles.blind names a model twice"),
        ("[roles]\nwriter = []", "writer is []; it must be a word or a list of words"),
        ("[budget]\nusd = -1", "usd is -1"),
        ("[budget]\ntokens = 1.5", "tokens is 1.5; it must be a whole number"),
    ],
)
def test_a_mistake_about_models_is_named_and_no_key_is_shown(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        load(str(path))
    assert told in str(error.value)
    assert "canary" not in str(error.value)


def test_models_and_roles_are_read_as_they_are_written() -> None:
    profile = load("teacher")
    assert profile.roles["blind"] == ("small", "teacher")
    assert profile.cast.identities()["writer"] == ("gpt-5-mini@2026-08-01",)
    assert (profile.budget.usd, profile.budget.tokens) == (20.0, 5_000_000)
    assert profile.models["teacher"].cost(1e6, 1e6) == 2.25


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("#" * 1_000_001, "larger than 1,000,000 bytes"),
        ("x = " + "[" * 100_000, "nested too deep"),
        (f"[workers]\ncpus = {'9' * 5_000}", "cannot be read: Exceeds the limit"),
        (f"[workers]\ncpus = {'9' * 400}", "cpus is 99999"),
        (f"[ray]\naddress = '{'x' * 3_000}'", "address is 'xxxx"),
        ("[ray]\naddress = ''\naddress = 'sk-canary-1'", r"after 'address'"),
    ],
)
def test_what_no_profile_holds_is_refused_in_one_line_without_a_value(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        load(str(path))
    assert told in str(error.value)
    assert "canary" not in str(error.value)
    assert len(str(error.value)) < 500
