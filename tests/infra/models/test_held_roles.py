"""Embedders and a detector in this process, as stages get them through their door."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from infra.env import WorkerEnv
from infra.models.room import Room
from infra.profile_models import Cast, ModelPart
from schemas.chat import Request
from schemas.errors import BadInput, ModelDrift, Unsupported
from schemas.text import ObjectRequest
from schemas.units import BlobId
from stages.ground import GroundObjects
from storage.blobs import Blobs
from tests.infra.models import tiny

pytestmark = [pytest.mark.slow, pytest.mark.torch]
TEXTS = ["a red car", "a person walks across the street while a red car stops", "x", ""]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelPart]:
    """A model of every make, by the role that it can fill."""
    folder = tmp_path_factory.mktemp("models")
    made = {
        "embedder": tiny.sentences(folder / "sentences"),
        "picture_embedder": tiny.likener(folder / "likener"),
        "detector": tiny.finder(folder / "finder"),
        "writer": tiny.writer(folder / "writer"),
    }
    return {
        role: ModelPart(kind="transformers", name=role, revision="1", folder=str(where), batch=2)
        for role, where in made.items()
    }


def door(tmp_path: Path, models: dict[str, ModelPart], **roles: str) -> WorkerEnv:
    """What a stage sees of the outside; each role is filled by its own model unless another is named."""
    blobs = Blobs(tmp_path / "blobs")
    cast = Cast(models=models, roles={role: (roles.get(role, role),) for role in models})
    return WorkerEnv(blobs, tmp_path, models=Room(cast, tmp_path / "replies", tmp_path / "log", blobs.get))


def picture(env: WorkerEnv, colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> BlobId:
    stored = io.BytesIO()
    Image.new("RGB", size, colour).save(stored, "JPEG")
    return env.put(stored.getvalue(), ".jpg")


def test_texts_become_vectors_of_length_one_in_their_order(tmp_path: Path, models: dict[str, ModelPart]) -> None:
    embedder = door(tmp_path, models).embedder()
    vectors = embedder.texts(TEXTS)
    assert (embedder.model, vectors.shape) == ("embedder@1", (4, 32))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert embedder.texts([text])[0] == pytest.approx(vector, abs=1e-5)
    assert float(vectors[0] @ vectors[1]) < 0.999
    assert embedder.texts([]).shape[0] == 0
    with pytest.raises(Unsupported, match="embedder@1 cannot see 1 pictures"):
        embedder.pictures([BlobId("x")])


def test_the_folder_says_how_a_text_becomes_one_vector(tmp_path: Path, models: dict[str, ModelPart]) -> None:
    told = {}
    for pooling in ("mean", "cls"):
        folder = tiny.sentences(tmp_path / pooling, pooling)
        part = ModelPart(kind="transformers", name=pooling, revision="1", folder=str(folder))
        told[pooling] = door(tmp_path, {"embedder": part}).embedder().texts(TEXTS[:1])[0]
    assert told["mean"] == pytest.approx(door(tmp_path, models).embedder().texts(TEXTS[:1])[0], abs=1e-5)
    assert np.abs(told["mean"] - told["cls"]).max() > 0.01
    part = ModelPart(kind="transformers", name="max", revision="1", folder=str(tiny.sentences(tmp_path / "max", "max")))
    with pytest.raises(BadInput, match=r"max@1 pools by \['pooling_mode_max_tokens'\]; known is one of"):
        door(tmp_path, {"embedder": part}).embedder()


def test_other_weights_or_another_pooling_under_the_same_identity_end_the_run(tmp_path: Path) -> None:
    folder = tiny.sentences(tmp_path / "model")
    part = ModelPart(kind="transformers", name="encoder", revision="1", folder=str(folder))
    for _ in range(2):
        door(tmp_path, {"embedder": part}).embedder()
    pooling = folder / "1_Pooling/config.json"
    pooling.write_text(pooling.read_text().replace("true", "null").replace("false", "true", 1))
    with pytest.raises(ModelDrift, match=r"encoder@1 in .* give the model a new revision"):
        door(tmp_path, {"embedder": part}).embedder()
    assert door(tmp_path, {"embedder": dataclasses.replace(part, revision="2")}).embedder().model == "encoder@2"


def test_a_long_text_is_cut_to_what_the_model_reads(tmp_path: Path, models: dict[str, ModelPart]) -> None:
    embedder = door(tmp_path, models).embedder()
    long, longer = "a person walks " * 100, "a person walks " * 200
    assert embedder.texts([long])[0] == pytest.approx(embedder.texts([longer])[0], abs=1e-5)


def test_texts_and_pictures_lie_in_one_space(tmp_path: Path, models: dict[str, ModelPart]) -> None:
    env = door(tmp_path, models)
    embedder = env.embedder("picture_embedder")
    blobs = [picture(env, colour) for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250))]
    seen, read = embedder.pictures(blobs), embedder.texts(TEXTS[:3])
    assert (seen.shape, read.shape) == ((3, 8), (3, 8))
    assert np.linalg.norm(seen, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.pictures(blobs[::-1])[::-1] == pytest.approx(seen, abs=1e-5)
    assert np.abs(seen[0] - seen[2]).max() > 1e-3
    assert np.abs(read[0] - read[2]).max() > 1e-3


def test_boxes_lie_within_their_picture_best_first(tmp_path: Path, models: dict[str, ModelPart]) -> None:
    env = door(tmp_path, models)
    detector = env.detector()
    asked = [(picture(env, (200, 30, 30), size), "red car") for size in ((64, 48), (32, 90), (80, 80))]
    found = list(detector(asked))
    assert (detector.model, len(found)) == ("detector@1", 3)
    assert all(boxes for boxes in found)
    for boxes in found:
        assert [box.score for box in boxes] == sorted((box.score for box in boxes), reverse=True)
        assert all(-1 < value < 2 for box in boxes for value in (box.x_from, box.y_from, box.x_to, box.y_to))
    (alone,) = detector(asked[1:2])
    assert [vars(box) for box in alone] == [pytest.approx(vars(box), abs=1e-4) for box in found[1]]


def test_the_stage_finds_boxes_and_compares_them_with_their_names(tmp_path: Path, models: dict[str, ModelPart]) -> None:
    env = door(tmp_path, models)
    facts: dict[str, Any] = {"video_id": "v", "caption_id": "c", "at_us": 0, "label": "car"}
    rows = [ObjectRequest(request_id=f"r{n}", blob=picture(env, (n, 9, 9)), **facts) for n in range(3)]
    stage = GroundObjects()
    regions = list(stage.run(rows, stage.open(env)))
    assert {region.by for region in regions} == {"detector@1"}
    assert regions
    assert all(region.likeness is not None and -1 <= region.likeness <= 1 for region in regions)


def test_a_role_is_filled_by_a_model_that_can(tmp_path: Path, models: dict[str, ModelPart]) -> None:
    env = door(tmp_path, models, detector="writer", writer="picture_embedder")
    with pytest.raises(BadInput, match="writer@1 is a LlamaConfig: it finds no named things"):
        env.detector()
    with pytest.raises(BadInput, match="picture_embedder@1 is a CLIPConfig: no model that writes"):
        list(env.chat("writer")([Request("a", ("b",))]))
