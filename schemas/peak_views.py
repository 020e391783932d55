"""The tables about highlights that are trained with: key clips, where to look, grounding views, and cases for items."""

from typing import Literal

from schemas.items import Split
from schemas.peaks import Relevant
from schemas.row import Row
from schemas.units import Count, Micros, QueryId, SceneId, VideoId, Words

PlanMode = Literal["focused", "hybrid", "uniform"]


class KeyClips(Row, table="key_clips", key="query_id", published=False):
    """The scenes that matter to a query, in parallel lists and in order of time; none where nothing does."""

    query_id: QueryId
    video_id: VideoId
    duration_us: Micros
    scene_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    ends_us: tuple[int, ...]
    priorities: tuple[int, ...]
    reasons: tuple[str, ...]


class FramePlan(Row, table="frame_plans", key="plan_id"):
    """When to look at a video for a query, given how many pictures; ``mode`` is ``uniform`` without key clips."""

    plan_id: str
    query_id: QueryId
    video_id: VideoId
    mode: PlanMode
    k: Count
    at_us: tuple[int, ...]


class GroundingView(Row, table="sft1_views", key="view_id", rules=("end_us > start_us",)):
    """A sample of the first training stage: temporal grounding, in one of three tasks.

    ``localise``: given the caption in ``text``, give [start_us, end_us). ``caption``: the other way round.
    ``relevance``: given the span and the query in ``text``, give ``relevance``, 1 to 5.
    """

    view_id: str
    video_id: VideoId
    uri: str
    split: Split
    task: Literal["localise", "caption", "relevance"]
    scene_id: SceneId
    query_id: QueryId | None = None
    start_us: Micros
    end_us: Micros
    text: Words
    relevance: Relevant | None = None


class KeyClipView(Row, table="sft2_views", key="view_id"):
    """A sample of the second training stage: given a query, the ordered list of the clips that matter to it.

    ``starts_us``, ``ends_us``, ``priorities`` (1 before 2), ``reasons`` and ``scene_ids`` run in parallel.
    """

    view_id: str
    video_id: VideoId
    uri: str
    split: Split
    query_id: QueryId
    query: Words
    scene_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    ends_us: tuple[int, ...]
    priorities: tuple[int, ...]
    reasons: tuple[str, ...]
    focused_us: tuple[int, ...]
    hybrid_us: tuple[int, ...]


class PeakCase(Row, table="peak_cases", key="case_id", rules=("end_us > start_us",), published=False):
    """A view with all that an item with options is put together from.

    The scene that it is about, with its caption; in ``other_*``, in parallel, scenes of the same video that are none.
    ``text`` is the caption or the query; ``is_relevant`` is null but where that is asked.
    """

    case_id: str
    query_id: QueryId | None = None
    scene_id: SceneId
    video_id: VideoId
    uri: str
    task: Literal["localise", "caption", "relevance", "key clip"]
    text: Words
    is_relevant: bool | None = None
    start_us: Micros
    end_us: Micros
    caption: Words
    shot_ids: tuple[str, ...]
    shown_us: tuple[int, ...]
    other_starts_us: tuple[int, ...]
    other_ends_us: tuple[int, ...]
    other_captions: tuple[str, ...]
    other_shown_us: tuple[int, ...]
    other_shot_ids: tuple[str, ...]
