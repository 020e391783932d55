"""Whole runs of a recipe that asks: the same on both engines, one budget over all workers, no key anywhere."""

import dataclasses
import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.engine import engine
from infra.profile import Profile, Retries
from infra.profile_models import Budget, ModelPart
from infra.run import Run
from schemas.chat import Reply, Request
from schemas.errors import BadInput, BudgetSpent
from schemas.media import Source
from schemas.rejects import Reject
from stages.ask import Ask
from stages.graph import Rows, given
from stages.quoted import quote
from storage.layout import Workspace
from storage.tables import facts
from tests.builders import Name, ToyVideo, ToyWord, sources
from tests.infra.building import everything, rejects, rows
from tests.infra.models.asking import Pick
from tests.infra.models.server import Server, says, serving

pytestmark = pytest.mark.slow

CANARY = "canary-4f1c9b"


class PickLetter(Ask[ToyVideo, ToyWord], role="writer", version=1):
    """Asks for a letter about each name."""

    def render(self, row: ToyVideo) -> Request:
        return Request("pick", (quote("name", row.video_id),), Pick, max_tokens=50)

    def parse(self, row: ToyVideo, reply: Reply) -> Iterator[ToyWord | Reject]:
        letter = reply.filled(Pick).letter
        yield ToyWord(
            word_id=f"{row.video_id}/0", video_id=row.video_id, letter=letter, length=reply.filled(Pick).count
        )


def recipe() -> Rows[ToyWord]:
    return given(Source).then(Name()).then(PickLetter())


def answer(server: Server, body: dict[str, Any]) -> Any:
    """Refuses one name, counts the letters of the others; the same question gets the same answer."""
    name = re.findall(r'"name": "([^"]*)"', body["messages"][-1]["content"])[0]
    return says(None, refusal="No.") if name == "eve" else says(f'{{"letter": "A", "count": {len(name)}}}')


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    monkeypatch.setenv("RUSHES_TEST_KEY", CANARY)
    with serving(answer) as place:
        yield place


def profile(server: Server, budget: Budget | None = None, **facts: Any) -> Profile:
    model = ModelPart(name="teacher", revision="1", endpoints=(server.url,), key_env="RUSHES_TEST_KEY")
    model = dataclasses.replace(model, usd_per_million_in=1.0, usd_per_million_out=2.0, **facts)
    return Profile(
        models={"teacher": model},
        roles={"writer": ("teacher",)},
        budget=budget or Budget(),
        retries=Retries(wait_s=(0.0,)),
        batch_rows={"PickLetter": 4},
    )


def run_of(folder: Path, profile: Profile, names: Sequence[str], engine_name: str = "inline") -> Run:
    return Run(recipe(), sources(*names, size=10**9), Workspace(folder), engine(engine_name), profile=profile)


NAMES = ("anna", "bob", "carl", "dora", "eve", "frida")


def test_a_run_asks_and_says_what_it_cost(server: Server, tmp_path: Path) -> None:
    with run_of(tmp_path, profile(server), NAMES) as run:
        built = run.built()
    assert {row["video_id"]: row["length"] for row in rows(built, "toy_words")} == {
        name: len(name) for name in NAMES if name != "eve"
    }
    assert [(row["row_id"], row["reason"]) for row in rejects(built, "toy_words")] == [("eve", "refused")]
    told = [facts(cell)["models"]["teacher@1"] for cell in built.table("toy_words").cells]
    assert sum(one["answers"] for one in told) == 6
    assert sum(one["tokens_in"] for one in told) == 60
    assert sum(one["cost_usd"] for one in told) == pytest.approx(6 * 20e-6)
    assert "models" not in facts(built.table("toy_videos").cells[0])


def test_the_key_is_nowhere_in_the_workspace(server: Server, tmp_path: Path) -> None:
    with run_of(tmp_path, profile(server), NAMES) as run:
        run.built()
        shown = repr(vars(run))
    assert server.headers[0]["Authorization"] == f"Bearer {CANARY}"
    assert CANARY not in shown
    assert [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()] == []


def test_limits_prices_and_places_never_change_what_is_made(server: Server, tmp_path: Path) -> None:
    plain, other = profile(server), profile(server, in_flight=1, requests_per_minute=9, timeout_s=9)
    first, second, newer = (
        run_of(tmp_path, where, NAMES).recipe.fingerprint for where in (plain, other, profile(server, revision="2"))
    )
    assert first == second != newer


def test_a_budget_ends_the_run_and_the_next_one_goes_on_from_there(server: Server, tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(40)]
    with (
        run_of(tmp_path, profile(server, Budget(tokens=500), in_flight=1), names) as run,
        pytest.raises(BudgetSpent, match="500 tokens"),
    ):
        run.built()
    paid = len(server.calls)
    assert 5 < paid < 40
    with run_of(tmp_path, profile(server), names) as run:
        assert len(rows(run.built(), "toy_words")) == 40
    assert len(server.calls) == 40


def test_what_is_wrong_with_a_profile_is_told_before_anything_runs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = profile(server)
    with pytest.raises(BadInput, match=r"role 'writer'.*\[roles\]"):
        run_of(tmp_path, dataclasses.replace(good, roles={}), NAMES)
    free = {"teacher": ModelPart(name="t", revision="1")}
    with pytest.raises(BadInput, match="has no price"):
        run_of(tmp_path, dataclasses.replace(good, models=free, budget=Budget(usd=1)), NAMES)
    monkeypatch.setenv("RUSHES_TEST_KEY", "two words")
    with pytest.raises(BadInput, match="RUSHES_TEST_KEY holds a space"):
        run_of(tmp_path, good, NAMES).start()
    monkeypatch.delenv("RUSHES_TEST_KEY")
    with pytest.raises(BadInput, match="RUSHES_TEST_KEY is not set"):
        run_of(tmp_path, good, NAMES).start()
    assert list(tmp_path.iterdir()) == []
    assert server.calls == []


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
class TestOnRay:
    """Workers are processes of their own; the key reaches them by the environment of the machine that they run on."""

    def test_both_engines_make_the_same(self, server: Server, tmp_path: Path) -> None:
        built = []
        for name in ("inline", "ray"):
            with run_of(tmp_path / name, keyless(profile(server)), NAMES, name) as run:
                built.append(everything(run.built()))
        assert built[0] == built[1]

    def test_seats_and_budget_are_those_of_all_workers_together(self, server: Server, tmp_path: Path) -> None:
        names = [f"n{number}" for number in range(60)]
        where = keyless(profile(server, Budget(tokens=600), in_flight=2))
        with run_of(tmp_path, where, names, "ray") as run, pytest.raises(BudgetSpent, match="600 tokens"):
            run.built()
        assert server.most_in_flight <= 2
        assert 10 < len(server.calls) < 40


def keyless(where: Profile) -> Profile:
    """The same without a key: the cluster of the tests was up before a test could set one."""
    models = {name: dataclasses.replace(model, key_env="") for name, model in where.models.items()}
    return dataclasses.replace(where, models=models)


def test_a_fingerprint_that_changes_is_told_in_the_cells(tmp_path: Path) -> None:
    def changing(server: Server, body: dict[str, Any]) -> Any:
        return says('{"letter": "A", "count": 1}', system_fingerprint=f"fp_{min(len(server.calls), 2)}")

    with serving(changing) as place:
        where = profile(place, key_env="", in_flight=1)
        with run_of(tmp_path, where, NAMES) as run:
            built = run.built()
    versions = {
        one for cell in built.table("toy_words").cells for one in facts(cell)["models"]["teacher@1"]["versions"]
    }
    assert versions == {"fp_1", "fp_2"}
