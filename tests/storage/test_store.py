"""An object store through fsspec: what is tried again, what is refused, and how that is told."""

from pathlib import Path

import pytest

from schemas.errors import BadInput, ToolDown
from storage.store import Store, is_address
from storage.store_probe import probe
from storage.store_send import send
from tests.storage.object_store import HASTY, Asked, Reply, before, fault, leading_to, nobody, passed_on

pytestmark = pytest.mark.slow


def test_what_is_put_is_there_and_what_is_removed_is_gone(address: str) -> None:
    store = Store(address)
    assert store.read("a/b") is None
    assert store.facts("a/b") is None
    store.put("a/b", b"content")
    assert store.read("a/b") == b"content"
    facts = store.facts("a/b")
    assert facts
    assert facts.size_bytes == 7
    assert store.below("a") == ["a/b"]
    store.remove(["a/b", "a/c"])
    assert store.read("a/b") is None
    assert store.facts("a") is None, "what has nothing below it is no object"


def test_a_server_that_honours_conditions_passes_the_probe_and_nothing_is_left_of_it(address: str) -> None:
    store = Store(address)
    found = probe(store)
    assert found.tells_md5
    assert found.lists
    assert found.now
    assert store.below("") == []


def test_a_store_that_ignores_the_condition_is_refused(s3: str, address: str) -> None:
    with before(s3, lambda _: "unconditional"), pytest.raises(BadInput, match="ignores the condition `If-None-Match"):
        probe(Store(address))


def test_a_store_that_lets_several_create_one_object_at_once_is_refused(s3: str, address: str) -> None:
    def lenient(asked: Asked) -> str | None:
        return "unconditional" if asked.path.endswith("/race") else None

    with before(s3, lenient), pytest.raises(BadInput, match="let 6 of 6 writers at once create one object"):
        probe(Store(address))


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (503, "ServiceUnavailable")])
def test_what_may_pass_is_tried_again(s3: str, address: str, status: int, code: str) -> None:
    def busy(asked: Asked) -> Reply | None:
        return fault(status, code) if asked.number in faulty else None

    with before(s3, busy) as proxy:
        faulty = range(1, 5)
        Store(address, HASTY).put("one", b"1")
        faulty = range(len(proxy.asked) + 1, len(proxy.asked) + 5)
        assert Store(address, HASTY).read("one") == b"1"
    assert len(proxy.asked) >= 10


def test_a_store_that_fails_for_ever_is_given_up_in_one_line(s3: str, address: str) -> None:
    with before(s3, lambda _: fault(503, "SlowDown")), pytest.raises(ToolDown) as given_up:
        Store(address, HASTY).put("one", b"1")
    assert f"{address}/one" in str(given_up.value)
    assert "run the same command again" in str(given_up.value)
    assert "\n" not in str(given_up.value)


def test_a_lost_answer_to_a_put_that_succeeded_is_no_other_writer(s3: str, address: str) -> None:
    def lossy(asked: Asked) -> str | None:
        return "lost" if asked.method == "PUT" and asked.number < 3 else None

    with before(s3, lossy) as proxy:
        store = Store(address, HASTY)
        assert store.put_new("one", b"mine")
        assert not store.put_new("one", b"yours")
    assert len(proxy.wrote()) >= 3


def test_what_is_there_already_is_not_sent_again(s3: str, address: str, tmp_path: Path) -> None:
    files = {}
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name * 50)
        files[f"folder/{name}"] = tmp_path / name
    with before(s3, passed_on) as proxy:
        store = Store(address, HASTY)
        assert send(store, files, is_new=True, tells_md5=True) == 3
        store.put("folder/b", b"B" * 50)  # as long, and other bytes
        written = len(proxy.wrote())
        assert send(store, files, is_new=False, tells_md5=True) == 1
        assert len(proxy.wrote()) == written + 1
    assert store.read("folder/b") == b"b" * 50


def test_bytes_that_change_on_the_way_are_sent_again_or_told(s3: str, address: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a" * 50)
    store = Store(address, HASTY)
    real, times = store.put_file, 0

    def spoiling(name: str, path: Path) -> None:
        nonlocal times
        times += 1
        real(name, path)
        if times <= spoilt:
            store.put(name, b"A" * 50)

    store.put_file = spoiling  # type: ignore[method-assign]
    spoilt = 2
    assert send(store, {"a": tmp_path / "a"}, is_new=True, tells_md5=True) == 1
    assert store.read("a") == b"a" * 50
    spoilt, times = 3, 0
    with pytest.raises(ToolDown, match="3 times what was stored was not what was sent"):
        send(store, {"a": tmp_path / "a"}, is_new=True, tells_md5=True)


def test_a_bucket_that_is_not_there_is_named(address: str) -> None:
    for act in (lambda store: store.read("a"), lambda store: store.put("a", b""), probe):
        with pytest.raises(BadInput, match=r"s3://nowhere/x: there is no such bucket"):
            act(Store("s3://nowhere/x", HASTY))


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"])
def test_a_refusal_names_the_address_and_where_credentials_come_from_and_no_secret(
    s3: str, address: str, code: str
) -> None:
    with before(s3, lambda _: fault(403, code)) as proxy, pytest.raises(BadInput) as refused:
        Store(address, HASTY).put("one", b"1")
    assert address in str(refused.value)
    assert "AWS_ACCESS_KEY_ID" in str(refused.value)
    assert "canary" not in str(refused.value)
    assert len(proxy.asked) == 1, "a refusal is not asked for again"


def test_without_credentials_the_message_says_where_they_come_from(s3: str) -> None:
    with leading_to(s3) as _, pytest.MonkeyPatch.context() as without:
        without.delenv("AWS_ACCESS_KEY_ID")
        without.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(BadInput, match="credentials come from the environment"):
            Store("s3://films/x", HASTY).put("one", b"1")


def test_an_endpoint_at_which_nobody_answers_is_told_with_the_address() -> None:
    with leading_to(nobody()), pytest.raises(ToolDown, match=r"s3://films/x/one: no answer .*AWS_ENDPOINT_URL"):
        Store("s3://films/x", HASTY).put("one", b"1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("s3://", "names no bucket"),
        ("s4://bucket/x", "no kind of store is called 's4'"),
        ("gs://bucket/x", "needs a package that is not installed"),
        ("s3://AKIA:canary@bucket/x", "must not hold a name or a key"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_in_a_line(given: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        Store(given)
    assert "canary" not in str(refused.value)


def test_an_address_is_told_from_a_folder() -> None:
    assert is_address("s3://bucket/x")
    assert not is_address("dataset")
    assert not is_address("file:///srv/dataset")
