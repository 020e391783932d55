"""Named objects as boxes in pictures: found by a detector, verified by likeness of picture and name."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from schemas.questions import Region
from schemas.text import ObjectRequest
from schemas.units import BlobId, Count
from stages.stage import Box, Detector, Embedder, Env, Needs, Stage


@dataclass(frozen=True)
class Eyes:
    """Who finds, who verifies, and where pictures lie."""

    detector: Detector
    embedder: Embedder
    env: Env


class GroundObjects(Stage[ObjectRequest, Region, Eyes], version=2, needs=Needs(cpus=1, memory_gb=2), batch_rows=64):
    """Find each named object in its picture: the ``most`` best boxes, each compared with its name.

    Likeness is measured on the box's content, cut out, by a role of its own: the embedder of captions need see no
    pictures. Which boxes count is decided in SQL. An object that is not found has none.
    """

    roles: ClassVar[tuple[str, ...]] = ("detector", "picture_embedder")
    most: Count = 1

    def open(self, env: Env) -> Eyes:
        """The models that fill the roles, and the door to pictures."""
        return Eyes(env.detector(self.roles[0]), env.embedder(self.roles[1]), env)

    def run(self, rows: Sequence[ObjectRequest], tool: Eyes) -> Iterator[Region]:
        """The boxes of each request, best first. Raises Unsupported where the model sees no pictures."""
        found = list(tool.detector([(row.blob, row.label) for row in rows]))
        kept = [(row, box) for row, boxes in zip(rows, found, strict=True) for box in _whole(boxes)[: self.most]]
        alike = _likenesses(kept, tool)
        numbers: dict[str, int] = {}
        for (row, box), likeness in zip(kept, alike, strict=True):
            number = numbers[row.request_id] = numbers.get(row.request_id, -1) + 1
            yield _region(row, box, f"{row.request_id}/{number}", likeness, tool.detector.model)


def _whole(boxes: Sequence[Box]) -> list[Box]:
    """The boxes within the picture that have an inside, best first."""
    inside = [Box(_in(b.x_from), _in(b.y_from), _in(b.x_to), _in(b.y_to), _in(b.score)) for b in boxes]
    real = [box for box in inside if box.x_to > box.x_from and box.y_to > box.y_from]
    return sorted(real, key=lambda box: -box.score)


def _in(share: float) -> float:
    return min(1.0, max(0.0, share))


def _likenesses(kept: Sequence[tuple[ObjectRequest, Box]], tool: Eyes) -> list[float]:
    """The cosine of each box's content and its name."""
    if not kept:
        return []
    seen = tool.embedder.pictures([_cut_out(row.blob, box, tool.env) for row, box in kept])
    named = tool.embedder.texts([row.label for row, _ in kept])
    return [float(one @ other) for one, other in zip(seen, named, strict=True)]


def _cut_out(blob: BlobId, box: Box, env: Env) -> BlobId:
    from PIL import Image

    with Image.open(io.BytesIO(env.get(blob))) as picture:
        wide, high = picture.size
        left, top = int(box.x_from * wide), int(box.y_from * high)
        edges = (left, top, max(left + 1, round(box.x_to * wide)), max(top + 1, round(box.y_to * high)))
        stored = io.BytesIO()
        picture.convert("RGB").crop(edges).save(stored, "JPEG", quality=90)
    return env.put(stored.getvalue(), ".jpg")


def _region(row: ObjectRequest, box: Box, name: str, likeness: float, by: str) -> Region:
    return Region(
        region_id=name,
        video_id=row.video_id,
        caption_id=row.caption_id,
        at_us=row.at_us,
        label=row.label,
        x_from=box.x_from,
        y_from=box.y_from,
        x_to=box.x_to,
        y_to=box.y_to,
        score=box.score,
        likeness=likeness,
        by=by,
    )
