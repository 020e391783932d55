"""Questions that need several pictures of a film, with the chain that leads from these to the answer.

Source: VideoEspresso (arXiv:2411.14794); the code that made it is not public. Where ours differs, and whose each number
is: docs/recipes.md.
"""

from typing import Annotated, Any

from annotated_types import Interval

from flows.recipes.finished import picked, samples
from flows.recipes.footage import Footage, footage
from flows.recipes.query import TEXT_AND_COPIES, query, verdicts
from schemas.items import Item, Twin, Verdict
from schemas.media import FrameRequest, Source
from schemas.questions import Assembly, Chain, Claim, Grounding, SoundClaim
from schemas.samples import Sample
from schemas.text import Caption, CaptionGroup, Moment, ObjectRequest, Sight
from schemas.units import Score
from stages.caption import CaptionFrame
from stages.chain import WriteChain
from stages.compose import ComposeItems
from stages.criteria import CheckCriteria
from stages.cut import CutShots
from stages.distract import WriteDistractors
from stages.embed import EmbedCaptions, FindRepeats
from stages.graph import Rows, select
from stages.ground import GroundObjects
from stages.guess import GuessBlind
from stages.sample import TakeFrames
from stages.scene_blind import AnswerBlind
from stages.write_qa import WriteQa

Tables = dict[str, Any]
"""Tables by the names under which a query knows them."""

Percent = Annotated[int, Interval(ge=0, le=100)]
Rate = Annotated[int, Interval(ge=1, le=30)]
Few = Annotated[int, Interval(ge=1, le=16)]


def videoespresso(
    sources: Rows[Source],
    *,
    seed: int = 7,
    slow_hz: Rate = 1,
    fast_hz: Rate = 4,
    lively_permille: Annotated[int, Interval(ge=1)] = 45,
    tau: Score = 0.85,
    group_size: Annotated[int, Interval(ge=2, le=64)] = 6,
    per_group: Few = 2,
    judgements: Few = 5,
    alike_percent: Percent = 85,
    box_percent: Percent = 20,
    orders: Few = 8,
    luck_permille: Annotated[int, Interval(ge=0, le=1000)] = 10,
    per_video: int = 60,
    per_task: int = 100_000,
    validation_percent: Percent = 10,
    test_percent: Percent = 10,
    clips: bool = False,
) -> Rows[Sample]:
    """Multi-frame questions by models over captions, judged by others, with core frames, key objects and evidence.

    Pictures are taken at ``slow_hz``, and at up to ``fast_hz`` where neighbouring frames differ by ``lively_permille``
    thousandths a second and more. Captions more alike than ``tau`` are repeats; of the others about ``group_size`` make
    a group, which gives up to ``per_group`` questions. Each judge judges ``judgements`` times. A core frame lasts while
    captions are alike by ``alike_percent``; a box counts that is like its name by ``box_percent``. The blind panel
    answers with the options in ``orders`` orders, and may be as right as luck is ``luck_permille`` times in a thousand.
    ``per_video`` and ``per_task`` are the most items of a task that a video, and all videos, may keep. The last
    percentages are the shares of the videos that are held out; ``clips`` cuts the footage of each kept item. ``seed``
    draws the order of options.
    """
    seen = footage(sources, CutShots())
    shown = _shown(seen, {"slow_hz": slow_hz, "fast_hz": fast_hz, "lively_permille": lively_permille})
    told = shown | _told(shown, tau, group_size)
    groups: Rows[CaptionGroup] = told["caption_groups"]
    claims = select(
        Claim, query("espresso_claims"), questions=groups.then(WriteQa(most=per_group)), caption_groups=groups
    )
    checks = claims.then(CheckCriteria(samples=judgements))
    sound = select(SoundClaim, query("espresso_sound", judgements=judgements), claims=claims, checks=checks)
    items = _assembled(sound, told, alike_percent, box_percent).then(ComposeItems(seed=seed))
    judged = _judged(items, seen, orders) | {"checks": checks}
    limits = {"luck_permille": luck_permille, "per_video": per_video, "per_task": per_task}
    gates = select(Verdict, verdicts("espresso_gates", *TEXT_AND_COPIES, **limits), over="all", **judged)
    picks = picked(gates, validation_percent, test_percent)
    return samples(items, picks, shown["frames"], seen.videos, clips=clips)


def _shown(seen: Footage, pace: dict[str, int]) -> Tables:
    """The moments that pictures stand for, closer together where more changes, and the pictures."""
    tables: Tables = {"shots": seen.shots, "looks": seen.looks, "media": seen.media, "videos": seen.videos}
    moments = select(Moment, query("espresso_moments", **pace), **tables)
    wishes = select(FrameRequest, "SELECT frame_id, video_id, uri, at_us FROM moments", moments=moments)
    frames = wishes.then(TakeFrames())
    sights = select(Sight, query("espresso_sights"), moments=moments, frames=frames)
    return {"videos": seen.videos, "moments": moments, "frames": frames, "sights": sights}


def _told(shown: Tables, tau: float, group_size: int) -> Tables:
    """What the pictures show in words, and these words, without repeats, in groups that follow on each other."""
    sights: Rows[Sight] = shown["sights"]
    captions: Rows[Caption] = sights.then(CaptionFrame())
    embeddings = captions.then(EmbedCaptions())
    tables: Tables = {"captions": captions, "repeats": embeddings.then(FindRepeats(tau=tau)), "videos": shown["videos"]}
    groups = select(CaptionGroup, query("espresso_groups", group_size=group_size), **tables)
    return {"captions": captions, "embeddings": embeddings, "caption_groups": groups}


def _assembled(sound: Rows[SoundClaim], told: Tables, alike_percent: int, box_percent: int) -> Rows[Assembly]:
    """The sound questions with the chains that lead to their answers, times and boxes, and wrong answers."""
    chains: Rows[Chain] = sound.then(WriteChain())
    wishes = select(ObjectRequest, query("espresso_objects"), chains=chains, sights=told["sights"])
    words: Tables = {name: told[name] for name in ("captions", "embeddings", "moments")}
    parts: Tables = {
        "sound": sound,
        "chains": chains,
        "distractions": sound.then(WriteDistractors()),
        "groundings": select(
            Grounding, query("espresso_groundings", alike_percent=alike_percent), chains=chains, **words
        ),
        "regions": wishes.then(GroundObjects(), optional=True),
        "videos": told["videos"],
    }
    return select(Assembly, query("espresso_assemblies", box_percent=box_percent), **parts)


def _judged(items: Rows[Item], seen: Footage, orders: int) -> Tables:
    """The items, what can be guessed of them without the film, and which of its shots come twice."""
    return {
        "items": items,
        "guesses": items.then(GuessBlind(), over="all"),
        "answers": items.then(AnswerBlind(repeats=orders), optional=True),
        "twins": select(Twin, query("twins"), over="all", shots=seen.shots, looks=seen.looks),
    }
