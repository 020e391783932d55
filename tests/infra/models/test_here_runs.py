"""Whole runs with a model in the process: the same on both engines, loaded in workers, resumed for nothing."""

import dataclasses
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pytest

from infra.engine import engine
from infra.machine import has_gpu
from infra.models.room import Room
from infra.order import held
from infra.profile import Profile, Retries
from infra.profile_models import Cast, ModelPart
from infra.run import Run
from infra.staff import slot
from schemas.chat import Form, Reply, Request
from schemas.errors import BadInput
from schemas.media import Source
from schemas.rejects import Reject
from stages.ask import Ask
from stages.graph import Rows, given
from stages.quoted import quote
from stages.stage import Needs
from storage.layout import Workspace
from storage.tables import facts
from tests.builders import Name, ToyVideo, ToyWord, sources
from tests.infra.building import everything, rows

NAMES = ("anna", "bob", "carl", "dora", "eve", "frida")


class Letter(Form):
    """A letter and a small number."""

    letter: Literal["A", "B", "C", "D"]
    count: Annotated[int, pydantic.Field(ge=1, le=99)]


class SayLetter(Ask[ToyVideo, ToyWord], role="writer", version=1):
    """Asks for a letter about each name."""

    def render(self, row: ToyVideo) -> Request:
        return Request("pick", (quote("name", row.video_id),), Letter, max_tokens=60, temperature=0.8)

    def parse(self, row: ToyVideo, reply: Reply) -> Iterator[ToyWord | Reject]:
        told = reply.filled(Letter)
        yield ToyWord(word_id=f"{row.video_id}/0", video_id=row.video_id, letter=told.letter, length=told.count)


def recipe() -> Rows[ToyWord]:
    return given(Source).then(Name()).then(SayLetter())


def profile(folder: Path, **facts: Any) -> Profile:
    model = ModelPart(kind="transformers", name="tiny", revision="1", folder=str(folder), batch=4, memory_gb=1)
    return Profile(
        models={"teacher": dataclasses.replace(model, **facts)},
        roles={"writer": ("teacher",)},
        retries=Retries(wait_s=(0.0,)),
        batch_rows={"SayLetter": 4},
    )


def run_of(folder: Path, profile: Profile, engine_name: str = "inline") -> Run:
    return Run(recipe(), sources(*NAMES, size=10**9), Workspace(folder), engine(engine_name), profile=profile)


@pytest.mark.slow
@pytest.mark.torch
def test_a_run_asks_the_model_and_the_next_run_does_not(
    writer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_of(tmp_path / "first", profile(writer, usd_per_million_out=1.0)) as run:
        built = run.built()
    assert [row["letter"] in "ABCD" for row in rows(built, "toy_words")] == [True] * 6
    told = [facts(cell)["models"]["tiny@1"] for cell in built.table("toy_words").cells]
    assert sum(one["answers"] for one in told) == 6
    assert sum(one["cost_usd"] for one in told) == pytest.approx(sum(one["tokens_out"] for one in told) / 1e6)
    (tmp_path / "second").mkdir()
    (tmp_path / "first/replies").rename(tmp_path / "second/replies")
    monkeypatch.setattr("infra.models.here.loaded", None)  # whoever loads it now breaks
    with run_of(tmp_path / "second", profile(writer, usd_per_million_out=1.0)) as run:
        assert everything(run.built()) == everything(built)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.usefixtures("ray_cluster")
def test_both_engines_make_the_same_with_a_model_in_the_process(writer: Path, tmp_path: Path) -> None:
    built = []
    for name in ("inline", "ray"):
        with run_of(tmp_path / name, profile(writer), name) as run:
            built.append(everything(run.built()))
    assert built[0] == built[1]
    log = "".join(path.read_text() for path in (tmp_path / "ray/logs").glob("*.jsonl"))
    assert '"worker": "models tiny@1' in log


def test_a_model_that_cannot_run_here_is_told_of_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(BadInput, match=r"tiny@1 runs in this process.*infra/setup.sh models"):
            run_of(tmp_path / "dataset", profile(tmp_path)).start()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(BadInput, match=r"has no config.json; give the folder of a model"):
        run_of(tmp_path / "dataset", profile(tmp_path)).start()
    if not has_gpu():
        with pytest.raises(BadInput, match="tiny@1 wants 1 GPUs, and this machine has none"):
            run_of(tmp_path / "dataset", profile(tmp_path, gpus=1.0)).start()
    assert list(tmp_path.iterdir()) == []


def test_what_a_worker_occupies_holds_the_models_that_it_loads() -> None:
    part = ModelPart(kind="transformers", name="tiny", revision="1", gpus=0.5, memory_gb=20)
    other = dataclasses.replace(part, name="other", gpus=1, memory_gb=10)
    assert held(()) == Needs(cpus=0, gpus=0, memory_gb=0)
    assert held((part,)) == Needs(cpus=0, gpus=0.5, memory_gb=20)
    assert held((part, other)) == Needs(cpus=0, gpus=2, memory_gb=30)  # a share beside a whole one takes a second


def test_a_model_goes_onto_the_first_gpu_of_its_worker_that_has_so_much_left(tmp_path: Path) -> None:
    part = ModelPart(kind="transformers", name="tiny", revision="1")

    def placed(*shares: float) -> list[str]:
        room = Room(Cast(), tmp_path, tmp_path / "log", lambda _: b"")
        return [room.device_of(dataclasses.replace(part, gpus=share)).removeprefix("cuda:") for share in shares]

    assert placed(0, 0.5, 0.5, 1) == ["cpu", "0", "0", "1"]
    assert placed(0.5, 1) == placed(1, 0.5) == ["0", "1"]
    assert placed(0.6, 0.6, 0.4, 0.4) == ["0", "1", "0", "1"]
    assert placed(0.6, 0.6, 0.6) == ["0", "1", "0"]  # two GPUs are what they occupy together


def test_tables_that_ask_the_same_models_share_the_workers_that_have_loaded_them() -> None:
    part = ModelPart(kind="transformers", name="tiny", revision="1", gpus=1, memory_gb=20)
    needs = Needs(cpus=1, gpus=1, memory_gb=21)
    captions, answers = (slot(table, needs, alone=True, holds=(part,)) for table in ("captions", "answers"))
    assert captions == answers
    assert captions.standing == Needs(cpus=0, gpus=1, memory_gb=20)
    assert captions.running == Needs(cpus=1, gpus=0, memory_gb=1)
    assert slot("captions", needs, alone=False, holds=(part,)).standing == needs
    other = dataclasses.replace(part, revision="2")
    assert slot("captions", needs, alone=True, holds=(other,)).pool != captions.pool
    assert slot("shots", Needs(cpus=1), alone=True).pool == "any"
