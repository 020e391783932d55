"""The tables about scenes: stretches of neighbouring shots, and what is known of them as numbered facts."""

from typing import Literal

from schemas.row import Row
from schemas.units import BlobId, Count, Micros, SceneId, VideoId, WindowId, Words

FactKind = Literal["seen", "said", "heard", "summary", "title"]


class Scene(Row, table="scenes", key="scene_id", rules=("end_us > start_us",)):
    """Neighbouring shots that belong together: the half-open span from the first one's start to the last one's end."""

    scene_id: SceneId
    video_id: VideoId
    uri: str
    number: Count
    start_us: Micros
    end_us: Micros
    shot_ids: tuple[str, ...]


class Window(Row, table="scene_windows", key="window_id", rules=("end_us > start_us",), published=False):
    """One of the about equally long pieces of a scene, and the times of the pictures that stand for it."""

    window_id: WindowId
    scene_id: SceneId
    video_id: VideoId
    uri: str
    start_us: Micros
    end_us: Micros
    pictures_us: tuple[int, ...]


class WindowView(Row, table="scene_views", key="window_id", published=False):
    """A window with its pictures, in order of time."""

    window_id: WindowId
    scene_id: SceneId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    shown_us: tuple[int, ...]
    pictures: tuple[BlobId, ...]


class Description(Row, table="descriptions", key="window_id", rules=("end_us > start_us",)):
    """What a model sees in one window, as single observations in order of time. ``by`` is the model."""

    window_id: WindowId
    scene_id: SceneId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    by: str
    observations: tuple[str, ...]


class SceneNotes(Row, table="scene_notes", key="scene_id", rules=("end_us > start_us",), published=False):
    """A scene with what is seen and said in it: parallel lists, one element per fact, as in ``scene_packs``."""

    scene_id: SceneId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    starts_us: tuple[int, ...]
    ends_us: tuple[int, ...]
    texts: tuple[str, ...]


class Summary(Row, table="scene_summaries", key="scene_id"):
    """A scene's title and summary, by a model that read what is seen and said in it."""

    scene_id: SceneId
    video_id: VideoId
    by: str
    title: Words
    summary: Words


class Fact(Row, table="facts", key="fact_id", rules=("end_us > start_us",)):
    """One thing that is known of a scene, and from when to when it is so.

    ``label`` names it within its scene: ``V1`` is seen, ``D1`` said (as subtitles have it, or heard by a
    model), ``S1`` the summary and ``T1`` the title.
    """

    fact_id: str
    scene_id: SceneId
    video_id: VideoId
    label: str
    kind: FactKind
    start_us: Micros
    end_us: Micros
    text: Words


class ScenePack(Row, table="scene_packs", key="scene_id", rules=("end_us > start_us",), published=False):
    """All that a writer of questions gets to know of a scene: ``labels`` to ``texts`` run in parallel, one per fact."""

    scene_id: SceneId
    video_id: VideoId
    uri: str
    start_us: Micros
    end_us: Micros
    shot_ids: tuple[str, ...]
    pictures_us: tuple[int, ...]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    starts_us: tuple[int, ...]
    ends_us: tuple[int, ...]
    texts: tuple[str, ...]
