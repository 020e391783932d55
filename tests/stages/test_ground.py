"""Objects in pictures: a detector's boxes, kept within the picture and compared with their names."""

import io
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas.questions import Region
from schemas.text import ObjectRequest
from schemas.units import BlobId
from stages.ground import Eyes, GroundObjects
from stages.hashed_embedding import HashedNgrams
from stages.stage import Box
from tests.builders import FakeEnv, row


class Finder:
    """A detector that sees a cup in two places, one of them reaching out of the picture, and nothing else."""

    model = "finder@1"

    def __call__(self, pictures: Sequence[tuple[BlobId, str]]) -> Iterator[Sequence[Box]]:
        cups = [Box(0.5, 0.5, 0.5, 0.9, 0.99), Box(-0.1, 0.0, 0.5, 0.5, 0.6), Box(0.5, 0.5, 1.0, 1.0, 0.9)]
        return iter([cups if label == "cup" else [] for _, label in pictures])


class Sighted:
    """An embedder to whom anything red is a cup."""

    model = "sighted@1"

    def __init__(self, env: FakeEnv) -> None:
        self.env = env

    def texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([[1, 0] for _ in texts], np.float32)

    def pictures(self, blobs: Sequence[BlobId]) -> npt.NDArray[np.float32]:
        cut = [np.asarray(Image.open(io.BytesIO(self.env.get(blob)))).mean((0, 1)) for blob in blobs]
        return np.array([[1, 0] if red > blue + 50 else [0, 1] for red, _, blue in cut], np.float32)


def grounded(most: int) -> list[Region]:
    env = FakeEnv(detectors={"detector": Finder()}, embedders={"embedder": HashedNgrams()})
    picture = Image.new("RGB", (64, 64), "blue")
    picture.paste((255, 0, 0), (32, 32, 64, 64))
    stored = io.BytesIO()
    picture.save(stored, "JPEG")
    env.embedders["picture_embedder"] = Sighted(env)
    blob = env.put(stored.getvalue(), ".jpg")
    wishes = [row(ObjectRequest, n, request_id=label, label=label, blob=blob) for n, label in enumerate(("cup", "dog"))]
    stage = GroundObjects(most=most)
    assert isinstance(stage.open(env), Eyes)
    return list(stage.run(wishes, stage.open(env)))


def test_an_object_gets_its_best_boxes_within_the_picture_each_compared_with_its_name_by_who_sees_pictures() -> None:
    best, other = grounded(5)
    assert (best.x_from, best.y_to, best.score, best.likeness) == (0.5, 1.0, 0.9, 1.0)
    assert (other.x_from, other.x_to, other.likeness) == (0.0, 0.5, 0.0)
    assert {one.label for one in grounded(5)} == {"cup"}
    assert len(grounded(1)) == 1
