"""Vectors over HTTP: of length 1, in order, asked for once, within limits and budget; a model that changes is found."""

import base64
import json
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.env import WorkerEnv
from infra.models.raw import BadEnvelope
from infra.models.room import Room
from infra.models.served_embedder import lots, opened
from infra.profile_models import Budget, Cast
from infra.rehearsal import start
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from schemas.errors import BudgetSpent, ModelDrift, Unsupported
from storage.blobs import Blobs
from tests.infra.models.asking import QUICK, part

pytestmark = pytest.mark.slow
TEXTS = [f"a man lifts crate number {number}" for number in range(150)]


@pytest.fixture
def teacher() -> Generator[tuple[Teacher, str]]:
    made = Teacher(Settings(models={"teacher": 1.0}))
    with start.in_thread(made) as place:
        yield made, place.url


def vectors(folder: Path, url: str, texts: Sequence[str], budget: Budget | None = None, **facts: Any) -> Any:
    cast = Cast(models={"m": part(url, **facts)}, roles={"embedder": ("m",)}, budget=budget or Budget())
    with closing(Room(cast, folder / "replies", folder / "log", lambda _: b"", habits=QUICK)) as room:
        env = WorkerEnv(Blobs(folder), folder, models=room)
        found = env.embedder().texts(texts)
        return found, room.tally.taken()


def test_each_text_gets_a_vector_of_length_one_in_order(teacher: tuple[Teacher, str], tmp_path: Path) -> None:
    found, _ = vectors(tmp_path, teacher[1], TEXTS)
    assert found.dtype == np.float32
    assert found.shape == (150, 64)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    alone, _ = vectors(tmp_path / "other", teacher[1], TEXTS[70:71])
    assert np.array_equal(alone[0], found[70])
    assert len({tuple(row) for row in found}) == 150


def test_what_was_embedded_is_not_asked_for_again(teacher: tuple[Teacher, str], tmp_path: Path) -> None:
    server, url = teacher
    first, cost = vectors(tmp_path, url, TEXTS, usd_per_million_in=2.0)
    n_asked = len(server.log.entries)
    again, _ = vectors(tmp_path, url, [*reversed(TEXTS), "one more"])
    assert np.array_equal(again[:150], first[::-1])
    assert n_asked == 3
    assert [entry["asked"] for entry in server.log.since(n_asked)] == ["one more"]
    tokens = sum(entry["tokens_in"] for entry in server.log.since()[:n_asked])
    assert cost["teacher@1"]["tokens_in"] == tokens
    assert cost["teacher@1"]["cost_usd"] == pytest.approx(2e-6 * tokens)


def test_two_workers_with_the_same_texts_pay_once(tmp_path: Path) -> None:
    server = Teacher(Settings(models={"teacher": 1.0}, latency_s=0.5))
    with start.in_thread(server) as place, ThreadPoolExecutor(2) as workers:
        both = [workers.submit(vectors, tmp_path, place.url, texts) for texts in (TEXTS[:40], TEXTS[20:60])]
        (first, _), (second, _) = (one.result(60) for one in both)
    assert np.array_equal(first[20:], second[:20])
    paid = sum(entry["tokens_in"] for entry in server.log.since())
    assert paid == sum(max(1, len(text) // 4) for text in TEXTS[:60])


def test_a_budget_and_limits_hold(teacher: tuple[Teacher, str], tmp_path: Path) -> None:
    with pytest.raises(BudgetSpent):
        vectors(tmp_path, teacher[1], TEXTS, budget=Budget(tokens=50))
    assert not teacher[0].log.entries


def test_faults_of_the_server_are_waited_out(tmp_path: Path) -> None:
    server = Teacher(Settings(models={"teacher": 1.0}, requests_per_minute=2, window_s=0.5))
    with start.in_thread(server) as place:
        found, _ = vectors(tmp_path, place.url, TEXTS, in_flight=3)
    assert found.shape == (150, 64)
    assert any(entry["status"] == 429 for entry in server.log.since())


def test_another_length_is_another_model(tmp_path: Path) -> None:
    with start.in_thread(Teacher(Settings(models={"teacher": 1.0}))) as place:
        vectors(tmp_path, place.url, TEXTS[:2])
    with (
        start.in_thread(Teacher(Settings(models={"teacher": 1.0}, dimensions=32))) as place,
        pytest.raises(ModelDrift, match="vectors of 32 numbers, and gave 64"),
    ):
        vectors(tmp_path, place.url, TEXTS[:4])


def test_pictures_are_not_for_this_api(teacher: tuple[Teacher, str], tmp_path: Path) -> None:
    cast = Cast(models={"m": part(teacher[1])}, roles={"embedder": ("m",)})
    with (
        closing(Room(cast, tmp_path, tmp_path / "log", lambda _: b"")) as room,
        pytest.raises(Unsupported, match="cannot see 2 pictures"),
    ):
        room.embedder("embedder").pictures(["a.jpg", "b.jpg"])  # type: ignore[list-item]


def body(*vectors: Any, **more: Any) -> bytes:
    rows = [{"index": number, "embedding": vector} for number, vector in enumerate(vectors)]
    return json.dumps({"data": rows, "model": "m"} | more).encode()


def test_numbers_come_as_such_or_as_bytes() -> None:
    packed = base64.b64encode(np.array([3, 4], "<f4").tobytes()).decode()
    for told in (body([3, 4]), body(packed)):
        [vector], tokens, said = opened("application/json", told, 1, 9)
        assert vector == pytest.approx([0.6, 0.8])
        assert (tokens, said) == (9, "m")
    assert opened("application/json", body([1.0], usage={"prompt_tokens": 5}), 1, 9)[1] == 5


@pytest.mark.parametrize(
    "told",
    [
        b"<html>",
        b'{"data": 5}',
        body([1.0], [1.0]),
        body([]),
        body([0.0, 0.0]),
        body(["a"]),
        body("not base64!"),
        body([1e308, 1e308]).replace(b"1e+308", b"Infinity"),
        body([10**400]),
        json.dumps({"data": [{"index": float("inf"), "embedding": [1.0]}]}).encode(),
        json.dumps({"data": [{"index": 1, "embedding": [1.0]}]}).encode(),
    ],
)
def test_what_is_no_vector_is_never_taken_for_one(told: bytes) -> None:
    with pytest.raises(BadEnvelope):
        opened("application/json", told, 1, 9)


def test_lots_hold_what_a_request_may_hold() -> None:
    assert [len(lot) for lot in lots({str(n): "short" for n in range(150)})] == [64, 64, 22]
    assert [len(lot) for lot in lots({str(n): "x" * 60_000 for n in range(3)})] == [1, 1, 1]
