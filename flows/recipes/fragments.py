"""Questions about the order, the cuts and the camera of real footage, whose answers are computed, not asked.

Source: the fragment tasks of SF2T (arXiv:2504.07745), the camera and cut dimensions of VEU-Bench (arXiv:2504.17828)
and the executable programs of STAIR (arXiv:2401.03901). Where ours differs, and whose each number is: docs/recipes.md.
"""

from typing import Any

from flows.recipes.finished import Percent, Quota, picked, samples
from flows.recipes.footage import Footage, footage, timelines
from flows.recipes.query import query, verdicts
from schemas.items import Recheck, Twin, Verdict
from schemas.media import FrameRequest, Source
from schemas.samples import Sample
from stages.cut import CutShots
from stages.graph import Rows, select
from stages.guess import GuessBlind
from stages.sample import TakeFrames, TakeFramesAgain
from stages.solve import SolveAgain
from stages.write import WriteItems

Tables = dict[str, Any]
"""Tables by the names under which a query knows them."""


def fragments(
    sources: Rows[Source],
    *,
    seed: int = 7,
    per_video: Quota = 12,
    per_task: Quota = 5000,
    validation_percent: Percent = 10,
    test_percent: Percent = 10,
    clips: bool = False,
) -> Rows[Sample]:
    """Label-free questions with computed answers: order, cuts, shots, camera and speed, true by construction.

    ``seed`` draws the items. ``per_video`` and ``per_task`` are the most items of a task that a video, and all videos,
    may keep. The two percentages are the shares of the videos that are held out. ``clips`` cuts the footage of every
    kept item into a file of its own.
    """
    seen = footage(sources, CutShots())
    tracks = timelines(seen)
    items = tracks.then(WriteItems(seed=seed))
    requests = select(FrameRequest, query("frame_requests"), items=items)
    again = requests.then(TakeFramesAgain())
    answers = select(Recheck, query("rechecks"), items=items, again=again, timelines=tracks).then(SolveAgain())
    told: Tables = {
        "items": items,
        "answers": answers,
        "guesses": items.then(GuessBlind(), over="all"),
        "twins": _twins(seen),
    }
    quotas = {"per_video": per_video, "per_task": per_task}
    judged = select(Verdict, verdicts("fragments_gates", "blind", "guessable", **quotas), over="all", **told)
    picks = picked(judged, validation_percent, test_percent)
    return samples(items, picks, requests.then(TakeFrames()), seen.videos, clips=clips)


def _twins(seen: Footage) -> Rows[Twin]:
    """Shots that repeat an earlier one of another video, in whatever part."""
    return select(Twin, query("twins"), over="all", shots=seen.shots, looks=seen.looks)
