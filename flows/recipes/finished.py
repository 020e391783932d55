"""What every recipe of items ends with: those that pass all gates, split, told step by step, with their pictures."""

from typing import Annotated, Any

from annotated_types import Ge, Interval

from flows.recipes.query import query
from schemas.errors import BadInput
from schemas.items import Item, Verdict
from schemas.media import ClipRequest, Frame, Video
from schemas.samples import Pick, Sample
from stages.graph import Rows, select
from stages.tell import CiteEvidence, TellSteps
from stages.transform import CutClips

Percent = Annotated[int, Interval(ge=0, le=100)]
Quota = Annotated[int, Ge(1)]
"""The most items of some kind."""

WITH_CLIPS = """
SELECT samples.* REPLACE (clips.blob AS clip)
FROM ({samples}) AS samples LEFT JOIN clips ON clips.clip_id = sample_id || '.clip'
"""


def picked(verdicts: Rows[Verdict], validation_percent: int, test_percent: int) -> Rows[Pick]:
    """The items that every gate lets through, split by video. Raises BadInput when more than all are held out."""
    if (held_out := validation_percent + test_percent) > 100:
        raise BadInput(f"validation_percent and test_percent come to {held_out}; together they are 100 at most")
    shares = {"validation_percent": validation_percent, "test_percent": test_percent}
    return select(Pick, query("picks", **shares), verdicts=verdicts)


def samples(
    items: Rows[Item], picks: Rows[Pick], frames: Rows[Frame], videos: Rows[Video], *, clips: bool
) -> Rows[Sample]:
    """The picked items, whole: with pictures, reasoning and evidence, and on demand a clip of each one's footage."""
    parts: dict[str, Any] = {
        "items": items,
        "picks": picks,
        "frames": frames,
        "traces": items.then(TellSteps()),
        "evidence": items.then(CiteEvidence()),
        "videos": videos,
    }
    if not clips:
        return select(Sample, query("samples"), **parts)
    cut = select(ClipRequest, query("clip_requests"), items=items, picks=picks).then(CutClips())
    return select(Sample, WITH_CLIPS.format(samples=query("samples")), clips=cut, **parts)
