"""Questions about the scenes of films that need the scene and are true of it, both found out by asking other models.

Source: Cinéaste (arXiv:2509.14227), of which the abstract and a note on its dataset are known to us. What is the same,
what is ours and what is unknown: docs/recipes.md.
"""

from collections.abc import Sequence
from typing import Any

from flows.recipes.finished import picked, samples
from flows.recipes.footage import Footage, footage, timelines
from flows.recipes.query import query, verdicts
from schemas.items import Item, Verdict
from schemas.judged import Case, ControlSheet, OpenSheet
from schemas.media import FrameRequest, Source
from schemas.samples import Sample
from schemas.scenes import Fact, SceneNotes, ScenePack, Window, WindowView
from schemas.speech import Unspoken
from stages.cut import CutShots
from stages.describe import DescribeWindows, SumUpScenes
from stages.graph import Rows, select
from stages.sample import TakeFrames
from stages.scene_blind import AnswerBlind, AnswerOutOfContext
from stages.scene_judge import AnswerOpen, CheckClaims, CheckDistractors, MatchAnswers
from stages.scene_questions import CATEGORIES, WriteSceneQuestions, read_categories
from stages.scenes import GroupShots
from stages.subtitles import ReadSubtitles
from stages.transcribe import TranscribeSound

SECOND_US = 1_000_000
CONTROL_FACTS = 12
"""How many facts of another scene the panel gets: enough to answer from, if they were the right ones."""

Tables = dict[str, Any]
"""Tables by the names under which a query knows them."""


def cineaste(
    sources: Rows[Source],
    *,
    categories: str = "; ".join(CATEGORIES),
    wanted: int = 2,
    seed: int = 7,
    scene_s: int = 120,
    window_s: int = 10,
    pictures: int = 4,
    language: str = "en",
    orders: int = 8,
    control_orders: int = 2,
    margin_percent: int = 25,
    judgements: int = 5,
    per_video: int = 20,
    per_task: int = 5000,
    validation_percent: int = 10,
    test_percent: int = 10,
    clips: bool = False,
) -> Rows[Sample]:
    """Multiple-choice questions about scenes, kept where nobody answers them blind and a judge finds them true.

    ``categories`` are the kinds of question, ``name: what it asks for`` and so on, parted by semicolons; a name with a
    star needs facts of two sources. ``wanted`` is how many questions of each a scene is asked for. ``scene_s`` is the
    longest scene, ``window_s`` the longest stretch that is described at a time, from ``pictures`` pictures;
    ``language`` is that of the subtitles or the sound track to prefer. The blind panel answers with the options in
    ``orders`` orders (``control_orders`` beside another scene's facts), and may be right ``margin_percent`` more often
    than by chance. Each judge judges ``judgements`` times. ``per_video`` and ``per_task`` are the most items of a
    category that a video, and all videos, may keep. The last percentages are the shares of the videos that are held
    out; ``clips`` cuts the footage of each kept item into a file of its own.
    """
    seen = footage(sources, CutShots())
    scenes = timelines(seen).then(GroupShots(most_us=scene_s * SECOND_US, least_us=min(15, scene_s) * SECOND_US))
    lengths = {"window_us": window_s * SECOND_US, "pictures": pictures}
    windows = select(Window, query("scene_windows", **lengths), scenes=scenes)
    frames = select(FrameRequest, query("frame_requests"), items=windows).then(TakeFrames())
    views = select(WindowView, query("scene_views"), windows=windows, frames=frames)
    facts, packs = _known(seen, scenes, views, language)
    items = packs.then(WriteSceneQuestions(categories=read_categories(categories), wanted=wanted, seed=seed))
    told: Tables = {
        "items": items,
        "videos": seen.videos,
        **_blind(items, facts, (orders, control_orders)),
        **_judged(items, packs, judgements),
    }
    limits = {"repeats": orders, "margin_percent": margin_percent, "judgements": judgements}
    limits |= {"per_video": per_video, "per_task": per_task}
    gates = select(Verdict, verdicts("cineaste_gates", **limits), over="all", **told)
    picks = picked(gates, validation_percent, test_percent)
    return samples(items, picks, frames, seen.videos, clips=clips)


def _known(
    seen: Footage, scenes: Rows[Any], views: Rows[WindowView], language: str
) -> tuple[Rows[Fact], Rows[ScenePack]]:
    """What is known of each scene: a fact a row, and all facts of a scene together."""
    speech = seen.videos.then(ReadSubtitles(language=language))
    unspoken = select(Unspoken, query("unspoken"), videos=seen.videos, scenes=scenes, speech=speech)
    words: Tables = {"speech": speech, "heard": unspoken.then(TranscribeSound(language=language), optional=True)}
    notes = select(SceneNotes, query("scene_notes"), scenes=scenes, descriptions=views.then(DescribeWindows()), **words)
    facts = select(Fact, query("scene_facts"), notes=notes, summaries=notes.then(SumUpScenes()))
    return facts, select(ScenePack, query("scene_packs"), scenes=scenes, facts=facts, views=views)


def _blind(items: Rows[Item], facts: Rows[Fact], orders: Sequence[int]) -> Tables:
    """What the panel answers without the scene, and beside another one's facts."""
    tables: Tables = {"items": items, "facts": facts}
    sheets = select(ControlSheet, query("scene_control_sheets", facts=CONTROL_FACTS), over="all", **tables)
    return {
        "answers": items.then(AnswerBlind(repeats=orders[0])),
        "controls": sheets.then(AnswerOutOfContext(repeats=orders[1])),
    }


def _judged(items: Rows[Item], packs: Rows[ScenePack], samples: int) -> Tables:
    """What the judges say of each item, given the facts of its scene."""
    cases = select(Case, query("scene_cases"), items=items, packs=packs)
    opened = cases.then(AnswerOpen(samples=samples))
    sheets = select(OpenSheet, query("scene_open_sheets"), items=items, open_answers=opened)
    return {
        "open_answers": opened,
        "sheets": sheets,
        "matches": sheets.then(MatchAnswers()),
        "claims": cases.then(CheckClaims(samples=samples)),
        "checks": cases.then(CheckDistractors(samples=samples)),
    }
