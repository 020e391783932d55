"""Highlights of films: how much every scene matters to every query, as views for training and as questions.

Source: K-frames and its dataset PeakClips (arXiv:2510.13891), which we know from notes on the paper; there is no public
code. Where ours differs, and what is unknown: docs/recipes.md.
"""

from typing import Annotated, Any

from annotated_types import Interval

from flows.recipes.finished import picked, samples
from flows.recipes.footage import Footage, footage
from flows.recipes.query import TEXT_AND_COPIES, query, verdicts
from schemas.items import Item, Twin, Verdict
from schemas.media import FrameRequest, Source
from schemas.peak_views import GroundingView, KeyClips, KeyClipView, PeakCase
from schemas.peaks import CaptionCase, Outline, Query, QuerySheet, ScenePair, ShotList, SoundScene, Synopsis
from schemas.samples import Sample
from schemas.scenes import Window, WindowView
from schemas.units import Ratio
from stages.cut import CutShots
from stages.embed import EmbedCaptions
from stages.graph import Rows, select
from stages.guess import GuessBlind
from stages.peak_captions import CaptionChapters, CaptionScenes, CheckCaptions, SumUpFilms
from stages.peak_items import ComposePeakItems
from stages.peak_queries import ReadQueries, WriteQueries
from stages.peak_scenes import GroupScenes, MergeShots
from stages.peak_scores import LikenScenes, PlanFrames, RankScenes, ScoreScene
from stages.sample import TakeFrames
from stages.scene_blind import AnswerBlind

WHOLE_US = 10**12
"""Longer than any scene: each is one window."""

IRRELEVANT = 2
"""Up to how many points a scene is asked about as one that does not matter."""

BESIDE = 24
"""Out of how many scenes the wrong options of a question are drawn."""

Tables = dict[str, Any]
"""Tables by the names under which a query knows them."""

Percent = Annotated[int, Interval(ge=0, le=100)]
Few = Annotated[int, Interval(ge=1, le=16)]
Seconds = Annotated[float, Interval(ge=0.1, le=3600)]


def peakclips(
    sources: Rows[Source],
    *,
    seed: int = 7,
    min_scene_s: Seconds = 2.0,
    max_scene_s: Seconds = 60.0,
    pictures: Few = 4,
    chapter_size: Few = 6,
    queries: Few = 3,
    judgements: Few = 5,
    refine: Ratio = 0.25,
    top: Few = 2,
    p1: Ratio = 4.9,
    p2: Ratio = 4.3,
    focused: Annotated[int, Interval(ge=1, le=1024)] = 8,
    hybrid: Annotated[int, Interval(ge=1, le=1024)] = 32,
    alike_percent: Percent = 85,
    orders: Few = 8,
    luck_permille: Annotated[int, Interval(ge=0, le=1000)] = 10,
    per_video: int = 60,
    per_task: int = 100_000,
    validation_percent: Percent = 10,
    test_percent: Percent = 10,
    clips: bool = False,
) -> Rows[Sample]:
    """Every scene scored against every query of its film, and what follows: key clips, grounding views, questions.

    Shots are merged until a scene has ``min_scene_s``; one beyond ``max_scene_s`` is split. A scene shows ``pictures``
    pictures, about ``chapter_size`` scenes make a chapter. A film without ``NAME.queries.jsonl`` gets up to ``queries``
    written ones. Each judge judges ``judgements`` times. ``refine`` is how many points a standard deviation of likeness
    moves a score, by the ``top`` most alike pictures. From ``p1`` and ``p2`` points on a scene is of tier P1 and P2.
    ``focused`` and ``hybrid`` are how many pictures the two ways to look at a film take. Scenes whose captions are
    alike by ``alike_percent`` are no options beside each other. The blind panel answers with the options in ``orders``
    orders, and may be as right as luck is ``luck_permille`` times in a thousand. ``per_video`` and ``per_task`` are the
    most items of a task that a video, and all videos, may keep. The last percentages are the shares of the videos that
    are held out; ``clips`` cuts the footage of each kept item. ``seed`` draws wrong options and the order of captions.
    """
    seen = footage(sources, CutShots())
    shown = _shown(seen, (min_scene_s, max_scene_s), pictures)
    told = shown | _told(shown, judgements, chapter_size)
    told |= _asked(told, seen, queries)
    told |= _scored(told, seen, (judgements, top), RankScenes(refine=refine, p1=p1, p2=p2))
    held = {"validation_percent": validation_percent, "test_percent": test_percent}
    told |= {"cases": _cases(told, alike_percent), "twins": _twins(seen)}
    items = told["cases"].then(ComposePeakItems(seed=seed))
    judged = _judged(items, orders) | {name: told[name] for name in ("cases", "checks", "relevances", "twins")}
    judged |= _views(told, seen, PlanFrames(focused=focused, hybrid=hybrid), held)
    limits = {"luck_permille": luck_permille, "per_video": per_video, "per_task": per_task}
    gates = select(Verdict, verdicts("peak_gates", *TEXT_AND_COPIES, **limits), over="all", **judged)
    return samples(items, picked(gates, **held), told["frames"], seen.videos, clips=clips)


def _shown(seen: Footage, bounds_s: tuple[float, float], pictures: int) -> Tables:
    """The scenes and their pictures."""
    lists = select(ShotList, query("peak_shot_lists"), shots=seen.shots, videos=seen.videos)
    least_us, most_us = (round(bound * 1e6) for bound in bounds_s)
    scenes = lists.then(MergeShots(least_us=least_us, most_us=max(least_us, most_us)))
    windows = select(Window, query("scene_windows", window_us=WHOLE_US, pictures=pictures), scenes=scenes)
    frames = select(FrameRequest, query("frame_requests"), items=windows).then(TakeFrames())
    views = select(WindowView, query("scene_views"), windows=windows, frames=frames)
    return {"scenes": scenes, "frames": frames, "views": views}


def _told(shown: Tables, judgements: int, chapter_size: int) -> Tables:
    """The footage in words: scenes from pictures, those that hold; chapters from scenes, the film from chapters."""
    views: Rows[WindowView] = shown["views"]
    captions = views.then(CaptionScenes())
    checks = select(CaptionCase, query("peak_caption_cases"), captions=captions, views=views).then(
        CheckCaptions(samples=judgements)
    )
    words: Tables = {"captions": captions, "embeddings": captions.then(EmbedCaptions()), "checks": checks}
    sound = select(SoundScene, query("peak_sound_scenes", judgements=judgements), **words)
    chapters = sound.then(GroupScenes(size=chapter_size))
    chapter_captions = chapters.then(CaptionChapters())
    summaries = select(Outline, query("peak_outlines"), chapter_captions=chapter_captions).then(SumUpFilms())
    told: Tables = {"checks": checks, "sound": sound, "chapters": chapters, "chapter_captions": chapter_captions}
    return told | {"summaries": summaries}


def _asked(told: Tables, seen: Footage, most: int) -> Tables:
    """The queries: those that came with a video, else written ones."""
    given = seen.videos.then(ReadQueries())
    words: Tables = {name: told[name] for name in ("sound", "summaries")}
    written = select(Synopsis, query("peak_synopses"), given=given, **words).then(WriteQueries(most=most))
    return {"queries": select(Query, query("peak_queries"), given=given, written=written)}


def _scored(told: Tables, seen: Footage, limits: tuple[int, int], rank: RankScenes) -> Tables:
    """Every scene beside every query, judged and likened; the scores, and which scenes matter."""
    judgements, top = limits
    words: Tables = {
        name: told[name] for name in ("views", "queries", "sound", "chapters", "chapter_captions", "summaries")
    }
    pairs = select(ScenePair, query("peak_scene_pairs"), **words)
    relevances = pairs.then(ScoreScene(samples=judgements))
    likenesses = pairs.then(LikenScenes(top=top), optional=True)
    found: Tables = {"queries": told["queries"], "scenes": told["scenes"], "relevances": relevances}
    sheets = select(QuerySheet, query("peak_query_sheets", judgements=judgements), likenesses=likenesses, **found)
    scores = sheets.then(rank)
    clips = select(KeyClips, query("peak_key_clips"), scores=scores, media=seen.media)
    return {"relevances": relevances, "scores": scores, "clips": clips}


def _views(told: Tables, seen: Footage, plan: PlanFrames, held: dict[str, int]) -> Tables:
    """What is trained with, in two stages. No gate reads it; but only what a result hangs on is published."""
    clips: Rows[KeyClips] = told["clips"]
    known: Tables = {name: told[name] for name in ("queries", "scenes", "twins")} | {"videos": seen.videos}
    sft1 = select(GroundingView, query("peak_sft1", **held), sound=told["sound"], scores=told["scores"], **known)
    sft2 = select(KeyClipView, query("peak_sft2", **held), clips=clips, plans=clips.then(plan), **known)
    return {"sft1": sft1, "sft2": sft2}


def _cases(told: Tables, alike_percent: int) -> Rows[PeakCase]:
    """What can be asked about with options."""
    words: Tables = {name: told[name] for name in ("sound", "scenes", "views", "scores", "queries")}
    limits = {"irrelevant": IRRELEVANT, "alike_percent": alike_percent, "beside": BESIDE}
    return select(PeakCase, query("peak_cases", **limits), **words)


def _twins(seen: Footage) -> Rows[Twin]:
    """Which shots come twice, over all videos."""
    return select(Twin, query("twins"), over="all", shots=seen.shots, looks=seen.looks)


def _judged(items: Rows[Item], orders: int) -> Tables:
    """The items, and what can be guessed of them without the film."""
    return {
        "items": items,
        "guesses": items.then(GuessBlind(), over="all"),
        "answers": items.then(AnswerBlind(repeats=orders), optional=True),
    }
