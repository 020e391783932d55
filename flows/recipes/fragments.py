"""Questions about the order, the cuts and the camera of real footage, whose answers are computed, not asked.

Source: the fragment tasks of SF2T (arXiv:2504.07745), the camera and cut dimensions of VEU-Bench (arXiv:2504.17828)
and the executable programs of STAIR (arXiv:2401.03901). Where ours differs, and whose each number is: docs/recipes.md.
"""

from typing import Any

from flows.recipes.footage import Footage, footage
from flows.recipes.query import query
from schemas.items import Recheck, Timeline, Twin, Verdict
from schemas.media import ClipRequest, FrameRequest, Source
from schemas.samples import Pick, Sample
from stages.cut import CutShots
from stages.graph import Rows, select
from stages.guess import GuessBlind
from stages.sample import TakeFrames, TakeFramesAgain
from stages.solve import SolveAgain
from stages.tell import CiteEvidence, TellSteps
from stages.transform import CutClips
from stages.write import WriteItems

Tables = dict[str, Any]
"""Tables by the names under which a query knows them."""

WITH_CLIPS = """
SELECT samples.* REPLACE (clips.blob AS clip)
FROM ({samples}) AS samples LEFT JOIN clips ON clips.clip_id = sample_id || '.clip'
"""


def fragments(
    sources: Rows[Source],
    *,
    seed: int = 7,
    per_video: int = 12,
    per_task: int = 5000,
    validation_percent: int = 10,
    test_percent: int = 10,
    clips: bool = False,
) -> Rows[Sample]:
    """Label-free questions with computed answers: order, cuts, shots, camera and speed, true by construction.

    ``seed`` draws the items. ``per_video`` and ``per_task`` are the most items of a task that a video, and all videos,
    may keep. The two percentages are the shares of the videos that are held out. ``clips`` cuts the footage of every
    kept item into a file of its own.
    """
    seen = footage(sources, CutShots())
    timelines = _timelines(seen)
    items = timelines.then(WriteItems(seed=seed))
    requests = select(FrameRequest, query("frame_requests"), items=items)
    again = requests.then(TakeFramesAgain())
    answers = select(Recheck, query("rechecks"), items=items, again=again, timelines=timelines).then(SolveAgain())
    told: Tables = {
        "items": items,
        "answers": answers,
        "guesses": items.then(GuessBlind(), over="all"),
        "twins": _twins(seen),
    }
    verdicts = select(Verdict, query("verdicts", per_video=per_video, per_task=per_task), over="all", **told)
    shares = {"validation_percent": validation_percent, "test_percent": test_percent}
    picks = select(Pick, query("picks", **shares), verdicts=verdicts)
    parts: Tables = {
        "items": items,
        "picks": picks,
        "frames": requests.then(TakeFrames()),
        "traces": items.then(TellSteps()),
        "evidence": items.then(CiteEvidence()),
        "videos": seen.videos,
    }
    if not clips:
        return select(Sample, query("samples"), **parts)
    cut = select(ClipRequest, query("clip_requests"), items=items, picks=picks).then(CutClips())
    return select(Sample, WITH_CLIPS.format(samples=query("samples")), clips=cut, **parts)


def _timelines(seen: Footage) -> Rows[Timeline]:
    """Each video's shots and signals side by side."""
    tables: Tables = {"videos": seen.videos, "media": seen.media, "shots": seen.shots, "looks": seen.looks}
    return select(Timeline, query("timelines"), signals=seen.signals, **tables)


def _twins(seen: Footage) -> Rows[Twin]:
    """Shots that repeat an earlier one of another video, in whatever part."""
    return select(Twin, query("twins"), over="all", shots=seen.shots, looks=seen.looks)
