"""Versions on an object store: there once their manifest is, never mixed, finished or removed by whoever comes next."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.manifest import canonical
from storage.owner import mark
from storage.store import Store
from tests.storage.object_store import HASTY, Asked, before, passed_on
from tests.storage.versions_by_hand import publish, sealed, stored, versions

pytestmark = pytest.mark.slow


def test_a_version_is_there_once_its_manifest_is(s3: str, address: str, tmp_path: Path) -> None:
    with before(s3, passed_on) as proxy:
        assert publish(address, tmp_path, "first") == 1
    written = [path.rpartition("/versions/1/")[2] for path in proxy.wrote() if "/versions/1/" in path]
    assert written[-1] == "manifest.json", "the manifest is the last to be written"
    assert sorted(written[:-1]) == ["README.md", "images/ab/one.jpg", "samples/train-00000.parquet"]
    assert stored(address, 1).faults() == []
    assert Store(address).below("claims") == []


def test_the_latest_is_found_without_a_hint_with_a_wrong_one_and_without_a_list(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ("first", "second", "third"):
        publish(address, tmp_path / words, words)
    for hint in (b'{"version": 1}', b'{"version": 9}', b"no JSON", b"[]", b'{"version": "x"}'):
        Store(address).put("latest.json", hint)
        found = versions(address).latest()
        assert found
        assert found.number == 3
    Store(address).remove(["latest.json"])
    monkeypatch.setattr(Store, "within", lambda self, folder: [])  # a list that shows nothing yet
    found = versions(address).latest()
    assert found
    assert found.number == 3


def test_the_same_content_again_writes_nothing(s3: str, address: str, tmp_path: Path) -> None:
    assert publish(address, tmp_path / "a", "first") == 1
    with before(s3, passed_on) as proxy:
        assert publish(address, tmp_path / "b", "first") == 1
    assert proxy.wrote() == []


def test_two_publishers_at_once_get_a_number_each_and_never_mix(address: str, tmp_path: Path) -> None:
    publish(address, tmp_path / "before", "before")
    words = [f"publisher {number}" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda one: publish(address, tmp_path / one, one), words))
    assert sorted(numbers) == [2, 3, 4, 5]
    for one, number in zip(words, numbers, strict=True):
        version = stored(address, number)
        assert version.manifest.inputs == one
        assert version.faults() == []
    assert Store(address).below("claims") == []


def test_two_who_claim_the_same_content_write_one_version(address: str, tmp_path: Path) -> None:
    first, second = versions(address), versions(address)
    one, other = tmp_path / "one", tmp_path / "other"
    number = first.next_number("words")
    manifest, same = sealed(one, number, "words"), sealed(other, number, "words")
    with ThreadPoolExecutor(2) as pool:
        placed = list(
            pool.map(lambda given: given[0].place(*given[1:]), [(first, one, manifest), (second, other, same)])
        )
    assert placed == [True, True]
    assert stored(address, number).faults() == []


def test_one_who_was_overtaken_finds_the_number_taken(s3: str, address: str, tmp_path: Path) -> None:
    slow = versions(address)
    number = slow.next_number("slow")
    assert publish(address, tmp_path / "fast", "fast") == number
    assert not slow.place(tmp_path / "slow", sealed(tmp_path / "slow", number, "slow"))
    assert slow.next_number("slow") == number + 1
    assert stored(address, number).manifest.inputs == "fast"
    assert stored(address, number).faults() == []


def test_a_number_that_is_published_between_a_look_and_a_claim_is_left_alone(
    s3: str, address: str, tmp_path: Path
) -> None:
    slow = versions(address)
    number = slow.next_number("slow")
    publish(address, tmp_path / "fast", "fast")
    assert Store(address).read(f"claims/{number}.json") is None, "so that a claim alone would not show it"
    assert not slow.place(tmp_path / "slow", sealed(tmp_path / "slow", number, "slow"))
    assert stored(address, number).faults() == []


def test_what_the_dead_left_is_removed_and_its_number_is_never_used_again(address: str, tmp_path: Path) -> None:
    store = Store(address)
    where, _, began = mark().partition("-")[0], 0, "1"
    store.put(
        "claims/1.json", canonical({"inputs": "theirs", "content": "x", "by": f"{where}-1-{began}", "token": "t"})
    )
    store.put("versions/1/samples/train-00000.parquet", b"half a version")
    assert publish(address, tmp_path, "ours") == 2
    assert store.below("versions/1") == ["versions/1/manifest.json"]
    assert store.below("claims") == []
    assert versions(address).manifest(1) is None
    latest = versions(address).latest()
    assert latest
    assert latest.number == 2


def test_a_claim_of_another_machine_is_left_alone_until_it_is_a_day_old(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(address)
    store.put("claims/1.json", canonical({"inputs": "theirs", "content": "x", "by": "elsewhere-1-1", "token": "t"}))
    store.put("versions/1/README.md", b"half a version")
    assert publish(address, tmp_path / "a", "ours") == 2
    assert store.read("versions/1/README.md") == b"half a version"
    monkeypatch.setattr("storage.store_versions.FORGOTTEN_S", -24 * 3600)
    assert publish(address, tmp_path / "b", "more") == 3
    assert store.read("versions/1/README.md") is None


def test_one_who_was_taken_for_dead_takes_the_next_number_and_leaves_nothing_behind(
    s3: str, address: str, tmp_path: Path
) -> None:
    def given_up(asked: Asked) -> None:
        """While the slow one sends its last file, somebody else gives its version up."""
        if asked.method == "PUT" and asked.path.endswith("README.md") and not done:
            done.append(True)
            Store(address).put("versions/1/manifest.json", canonical({"abandoned": 1}))

    done: list[bool] = []
    with before(s3, given_up):
        assert publish(address, tmp_path, "slow") == 2
    store = Store(address)
    assert store.below("versions/1") == ["versions/1/manifest.json"]
    assert store.below("claims") == []
    assert stored(address, 2).faults() == []


def test_every_fault_of_a_stored_version_is_found(address: str, tmp_path: Path) -> None:
    publish(address, tmp_path, "first")
    store = Store(address)
    content = bytearray(store.read("versions/1/samples/train-00000.parquet") or b"")
    content[7] ^= 16
    store.put("versions/1/samples/train-00000.parquet", bytes(content))
    store.put("versions/1/README.md", b"short")
    store.remove(["versions/1/images/ab/one.jpg"])
    store.put("versions/1/images/ab/two.jpg", b"nobody's")
    found = [(fault.path, fault.kind) for fault in stored(address, 1).faults()]
    assert found == [
        ("README.md", "damaged"),
        ("images/ab/one.jpg", "missing"),
        ("images/ab/two.jpg", "extra"),
        ("samples/train-00000.parquet", "damaged"),
    ]


def test_a_claim_says_who_and_for_what_and_holds_no_secret(s3: str, address: str, tmp_path: Path) -> None:
    claims = []

    def look(asked: Asked) -> None:
        if asked.method == "PUT" and asked.path.endswith("README.md"):
            claims.append(Store(address, HASTY).read("claims/1.json"))

    with before(s3, look):
        publish(address, tmp_path, "first")
    facts = json.loads(claims[0] or b"")
    assert set(facts) == {"by", "content", "inputs", "sha256", "token"}
    assert facts["inputs"] == "first"
    assert "canary" not in str(claims)
