"""Boxes by an open-vocabulary detector in this process: OWL-ViT, OWLv2, Grounding DINO and their like."""

from collections.abc import Callable, Iterator, Sequence

from infra.models.weights import Weights, opened
from schemas.errors import BadInput
from schemas.units import BlobId
from stages.stage import Box

LEAST_SCORE = 0.1
"""What scores lower is no box at all; which of the others count is for the recipe to say."""


class HeldDetector:
    """A detector that takes any name."""

    def __init__(self, weights: Weights, get: Callable[[BlobId], bytes]) -> None:
        if not weights.fits("MODEL_FOR_ZERO_SHOT_OBJECT_DETECTION_MAPPING"):
            raise BadInput(f"{weights.part.identity} is a {type(weights.config).__name__}: it finds no named things")
        self.model, self._batch, self._device = weights.part.identity, weights.part.batch, weights.device
        self._get, self._processor = get, weights.processor()
        self._detector = weights.model("AutoModelForZeroShotObjectDetection")

    def __call__(self, pictures: Sequence[tuple[BlobId, str]]) -> Iterator[Sequence[Box]]:
        """For each JPEG and name, in order, the boxes around what is called so, best first; none where none is seen."""
        for start in range(0, len(pictures), self._batch):
            yield from self._found(pictures[start : start + self._batch])

    def _found(self, pairs: Sequence[tuple[BlobId, str]]) -> list[list[Box]]:
        import torch

        seen = [opened(self._get(blob)) for blob, _ in pairs]
        labels = [[label] for _, label in pairs]
        asked = self._processor(text=labels, images=seen, padding=True, truncation=True, return_tensors="pt")
        asked = asked.to(self._device)
        asked["pixel_values"] = asked["pixel_values"].to(self._detector.dtype)
        with torch.inference_mode():
            told = self._detector(**asked)
        sizes = [(picture.height, picture.width) for picture in seen]
        found = self._processor.post_process_grounded_object_detection(
            told, threshold=LEAST_SCORE, target_sizes=sizes, text_labels=labels
        )
        return [_boxes(one, *size) for one, size in zip(found, sizes, strict=True)]


def _boxes(found: dict[str, object], high: int, wide: int) -> list[Box]:
    corners, scores = found["boxes"].tolist(), found["scores"].tolist()  # type: ignore[attr-defined]
    boxes = [
        Box(left / wide, top / high, right / wide, bottom / high, score)
        for (left, top, right, bottom), score in zip(corners, scores, strict=True)
    ]
    return sorted(boxes, key=lambda box: -box.score)
