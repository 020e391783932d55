"""The tables about highlights: chapters and summaries of films, queries, and how much each scene matters to each."""

from typing import Annotated, Literal

from annotated_types import Interval

from schemas.row import Row
from schemas.units import (
    BlobId,
    CaptionId,
    ChapterId,
    Count,
    Floats,
    Micros,
    QueryId,
    SceneId,
    Signed,
    Unit,
    VideoId,
    Words,
)

Points = Annotated[int, Unit("1"), Interval(ge=1, le=5)]
Relevant = Annotated[float, Unit("1"), Interval(ge=1, le=5)]
Tier = Literal["P1", "P2", "rest"]


class ShotList(Row, table="shot_lists", key="video_id", published=False):
    """All shots of a video, in parallel lists and in order of time."""

    video_id: VideoId
    uri: str
    shot_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    ends_us: tuple[int, ...]


class CaptionCase(Row, table="caption_cases", key="caption_id", published=False):
    """The caption of a scene beside the pictures that it was written from, as a judge gets it."""

    caption_id: CaptionId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    text: Words
    shown_us: tuple[int, ...]
    pictures: tuple[BlobId, ...]


class CaptionCheck(Row, table="caption_checks", key="check_id"):
    """Whether the pictures of a scene bear its caption out, to a judge. What follows from it is decided in SQL."""

    check_id: str
    caption_id: CaptionId
    video_id: VideoId
    by: str
    sample: Count
    status: Literal["supported", "contradicted", "not_stated"]
    explanation: str | None = None


class SoundScene(Row, table="sound_scenes", key="scene_id", rules=("end_us > start_us",), published=False):
    """A scene with a caption that most judgements find true of it, in words and as a vector of length 1."""

    scene_id: SceneId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    text: Words
    vector: Floats


class Chapter(Row, table="chapters", key="chapter_id", rules=("end_us > start_us",)):
    """Consecutive scenes that form one topic. ``scene_ids``, ``starts_us`` and ``texts`` run in parallel."""

    chapter_id: ChapterId
    video_id: VideoId
    number: Count
    start_us: Micros
    end_us: Micros
    scene_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    texts: tuple[str, ...]


class ChapterCaption(Row, table="chapter_captions", key="chapter_id", rules=("end_us > start_us",)):
    """What a chapter is about, by a model that read the captions of its scenes. Nobody has checked it."""

    chapter_id: ChapterId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    text: Words
    by: str


class Outline(Row, table="outlines", key="video_id", rules=("end_us > start_us",), published=False):
    """The captions of a video's chapters, in parallel lists and in order of time."""

    video_id: VideoId
    start_us: Micros
    end_us: Micros
    starts_us: tuple[int, ...]
    texts: tuple[str, ...]


class VideoSummary(Row, table="video_summaries", key="video_id"):
    """What a whole video is about, by a model that read the captions of its chapters. Nobody has checked it."""

    video_id: VideoId
    text: Words
    by: str


class Synopsis(Row, table="synopses", key="video_id", rules=("end_us > start_us",), published=False):
    """A video that came without queries, told: its summary, and the captions of its scenes in order of time."""

    video_id: VideoId
    start_us: Micros
    end_us: Micros
    summary: Words
    starts_us: tuple[int, ...]
    texts: tuple[str, ...]


class GivenQuery(Row, table="given_queries", key="query_id", published=False):
    """A query that came with a video, in the file ``track`` beside it."""

    query_id: QueryId
    video_id: VideoId
    text: Words
    track: str


class WrittenQuery(Row, table="written_queries", key="query_id", published=False):
    """A query that a model wrote."""

    query_id: QueryId
    video_id: VideoId
    text: Words
    by: str


class Query(Row, table="queries", key="query_id"):
    """What somebody wants to know or to see of a video. ``by`` is the file or the model that it comes from."""

    query_id: QueryId
    video_id: VideoId
    text: Words
    origin: Literal["given", "written"]
    by: str


class ScenePair(Row, table="scene_pairs", key="pair_id", rules=("end_us > start_us",), published=False):
    """A scene beside a query of its video: what a judge is shown. Captions are null where there is no sound one."""

    pair_id: str
    query_id: QueryId
    scene_id: SceneId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    query: Words
    caption: str | None = None
    chapter: str | None = None
    summary: str | None = None
    shown_us: tuple[int, ...]
    pictures: tuple[BlobId, ...]


class Relevance(Row, table="relevances", key="judgement_id"):
    """What one judgement says of how much a scene matters to a query: 1 (not at all) to 5, and why."""

    judgement_id: str
    pair_id: str
    query_id: QueryId
    scene_id: SceneId
    video_id: VideoId
    by: str
    sample: Count
    score: Points
    rationale: Words


class Likeness(Row, table="likenesses", key="pair_id"):
    """How alike a query and the pictures of a scene are: the mean cosine of those that are most alike."""

    pair_id: str
    query_id: QueryId
    scene_id: SceneId
    video_id: VideoId
    likeness: Signed
    by: str


class QuerySheet(Row, table="query_sheets", key="query_id", published=False):
    """A query with all scenes of its video, and with those that were scored.

    ``scene_ids`` to ``ends_us`` run in parallel, a scene each; so do ``scored_ids``, ``scores`` and ``rationales``, and
    ``liked_ids`` and ``likenesses``.
    """

    query_id: QueryId
    video_id: VideoId
    scene_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    ends_us: tuple[int, ...]
    scored_ids: tuple[str, ...]
    scores: tuple[float, ...]
    rationales: tuple[str, ...]
    liked_ids: tuple[str, ...]
    likenesses: tuple[float, ...]


class SceneScore(Row, table="scene_scores", key="score_id", rules=("end_us > start_us",)):
    """How much a scene matters to a query: 1 (not at all) to 5. A query is here with every scene of its video.

    ``score`` is the median of the judgements; ``final`` is refined by ``likeness``, and equal where there is none. The
    ``rationale`` is one judge's, for people to read; nothing is asked or taught with it.
    """

    score_id: str
    query_id: QueryId
    scene_id: SceneId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    score: Relevant
    likeness: Signed | None = None
    final: Relevant
    tier: Tier
    rationale: Words
