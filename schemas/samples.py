"""``Sample``: what is published for training and testing."""

from typing import Literal

from schemas.errors import Reason
from schemas.items import Split
from schemas.row import Row
from schemas.units import Count, ItemId, JsonText, Micros, SourceId, VideoId, Words


class Sample(Row, table="samples", key="sample_id", rules=("answer < len(options)", "end_us > start_us")):
    """One item that passed every gate, whole: question, options, answer, reasoning and pictures, in its split.

    ``pictures`` are blob ids in the order shown; a version holds the pictures themselves in a column ``images``.
    ``evidence`` is a JSON list of ``{start_us, end_us, what}``.
    ``clip`` is the blob of the stretch [start_us, end_us) as a video of its own, where clips were asked for.
    """

    sample_id: ItemId
    video_id: VideoId
    uri: str
    split: Split
    task: Words
    question: Words
    options: tuple[str, ...]
    answer: Count
    answer_text: Words
    reasoning: Words
    pictures: tuple[str, ...]
    labels: tuple[str, ...]
    pictures_us: tuple[int, ...]
    start_us: Micros
    end_us: Micros
    evidence: JsonText
    program: JsonText
    clip: str | None = None
    license: str | None = None
    origin: str | None = None
    title: str | None = None


class Pick(Row, table="picks", key="item_id", published=False):
    """An item that passed every gate, and the split that its video belongs to."""

    item_id: ItemId
    video_id: VideoId
    split: Split


class Outcome(Row, table="outcomes", key="source_id"):
    """What became of one file that was given: every source ends in exactly one outcome.

    A copy of footage that came in before is a ``copy``; footage that could not be used is ``rejected``; footage that
    could, but of which nothing is published, is ``without items``. All but the published have a reason and a detail.
    """

    source_id: SourceId
    uri: str
    video_id: VideoId | None = None
    outcome: Literal["published", "rejected", "copy", "without items"]
    n_samples: Count
    reason: Reason | None = None
    detail: str | None = None
