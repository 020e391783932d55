"""The tables about footage in words: what models say that it shows, and these words as vectors."""

from typing import Literal

from schemas.row import Row
from schemas.units import BlobId, CaptionId, Floats, FrameId, GroupId, Micros, ShotId, Signed, VideoId, Words

Level = Literal["frame", "scene", "chapter", "video"]


class Moment(Row, table="moments", key="frame_id", rules=("end_us > start_us",), published=False):
    """A stretch of a shot that one picture stands for: the one at ``at_us``."""

    frame_id: FrameId
    video_id: VideoId
    uri: str
    shot_id: ShotId
    start_us: Micros
    end_us: Micros
    at_us: Micros


class Sight(Row, table="sights", key="frame_id", rules=("end_us > start_us",), published=False):
    """A moment with its picture: what a captioner is shown."""

    frame_id: FrameId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    at_us: Micros
    blob: BlobId


class Caption(Row, table="captions", key="caption_id", rules=("end_us > start_us",)):
    """What a model says that a stretch of footage shows; of level ``frame``, that the picture at ``at_us`` shows.

    ``by`` is the model, ``name@revision``.
    """

    caption_id: CaptionId
    video_id: VideoId
    level: Level
    start_us: Micros
    end_us: Micros
    at_us: Micros | None = None
    text: Words
    by: str


class Embedding(Row, table="embeddings", key="caption_id", published=False):
    """A caption as a vector of length 1, by the model ``by``. Vectors of different models do not compare."""

    caption_id: CaptionId
    video_id: VideoId
    start_us: Micros
    vector: Floats
    by: str


class Repeat(Row, table="repeats", key="caption_id"):
    """Whether a caption says again what the last kept one before it says, and how alike the two are.

    ``repeats`` is that caption, null for a caption that is kept. ``likeness`` is the cosine of the two vectors, null
    for the first caption of a video.
    """

    caption_id: CaptionId
    video_id: VideoId
    repeats: CaptionId | None = None
    likeness: Signed | None = None


class CaptionGroup(Row, table="caption_groups", key="group_id", rules=("end_us > start_us",)):
    """Consecutive captions that are no repeats: what a question is written from.

    ``caption_ids``, ``starts_us`` and ``texts`` run in parallel, in order of time.
    """

    group_id: GroupId
    video_id: VideoId
    uri: str
    start_us: Micros
    end_us: Micros
    caption_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    texts: tuple[str, ...]


class ObjectRequest(Row, table="object_requests", key="request_id", published=False):
    """A wish to find one named object in the picture of one caption."""

    request_id: str
    video_id: VideoId
    caption_id: CaptionId
    at_us: Micros
    blob: BlobId
    label: Words
