"""How much each scene of a video matters to each query: judged, refined by likeness, and sorted into tiers."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from annotated_types import Interval

from schemas.chat import Form, Reply, Request
from schemas.peak_views import FramePlan, KeyClips, PlanMode
from schemas.peaks import Likeness, QuerySheet, Relevance, ScenePair, SceneScore, Tier
from schemas.rejects import Reject, reject
from schemas.units import Count, Ratio, SceneId, Score
from stages import any_k
from stages.ask import AskPanel
from stages.plain import plain
from stages.quoted import AS_DATA, quote
from stages.span_told import pictured, span
from stages.stage import Embedder, Env, Stage, groups

LEAST, MOST = 1.0, 5.0
TIERS = {1: 2.0, 2: 1.0}
"""How much a clip of each priority counts when pictures are dealt out."""


class SceneScored(Form):
    """How much a scene matters to a query, from 1 (not at all) to 5 (it is what was asked for), and why."""

    rationale: str
    relevance: Annotated[int, Interval(ge=1, le=5)]


class ScoreScene(AskPanel[ScenePair, Relevance], role="judge", version=1, prompt="peak_score_scene_1"):
    """Score each scene against a query of its video, 1 to 5. Every judge does so ``samples`` times."""

    samples: Count = 5

    def render(self, row: ScenePair) -> Request:
        """The query, the scene's pictures, and what is told of it, of its chapter and of the film."""
        told = {"caption": row.caption, "chapter": row.chapter, "summary": row.summary}
        context = "\n".join(quote(name, text) for name, text in told.items() if text)
        parts = (span(row), quote("query", row.query), *pictured(row.shown_us, row.pictures), context)
        system = f"{self.prompt}\n{AS_DATA}"
        return Request(system, tuple(part for part in parts if part), SceneScored, max_tokens=400, temperature=0.7)

    def parse(self, row: ScenePair, reply: Reply) -> Iterator[Relevance | Reject]:
        """One judgement; one without a reason is rejected."""
        form = reply.filled(SceneScored)
        if not plain(form.rationale):
            yield reject(self, row, "bad_answer", f"{reply.model} gave a score of {form.relevance} without a reason")
            return
        yield Relevance(
            judgement_id=f"{row.pair_id}/{reply.model}/{reply.sample}",
            pair_id=row.pair_id,
            query_id=row.query_id,
            scene_id=row.scene_id,
            video_id=row.video_id,
            by=reply.model,
            sample=reply.sample,
            score=form.relevance,
            rationale=plain(form.rationale)[:1000],
        )


class LikenScenes(Stage[ScenePair, Likeness, Embedder], version=1, batch_rows=4096, group_by="video_id"):
    """Measure how alike each query and the pictures of each scene are: the mean cosine of the ``top`` best pictures.

    It asks for an embedder that sees pictures, by a role of its own, since the one that is always there does not.
    """

    roles: ClassVar[tuple[str, ...]] = ("picture_embedder",)
    top: Count = 2

    def open(self, env: Env) -> Embedder:
        """The model that fills the role."""
        return env.embedder(self.roles[0])

    def run(self, rows: Sequence[ScenePair], tool: Embedder) -> Iterator[Likeness]:
        """A row per pair. Raises Unsupported where the model sees no pictures."""
        for group in groups(rows, "video_id"):
            blobs = list(dict.fromkeys(blob for row in group for blob in row.pictures))
            queries = list(dict.fromkeys(row.query for row in group))
            alike = tool.texts(queries) @ tool.pictures(blobs).T
            of_query = {text: at for at, text in enumerate(queries)}
            of_blob = {blob: at for at, blob in enumerate(blobs)}
            for row in group:
                found = sorted(
                    (float(alike[of_query[row.query], of_blob[blob]]) for blob in row.pictures), reverse=True
                )
                yield Likeness(
                    pair_id=row.pair_id,
                    query_id=row.query_id,
                    scene_id=row.scene_id,
                    video_id=row.video_id,
                    likeness=statistics.fmean(found[: max(1, self.top)]),
                    by=tool.model,
                )


class RankScenes(Stage[QuerySheet, SceneScore], version=1, batch_rows=256):
    """Refine the scores of every query, and sort its scenes into tiers; a query with a scene unscored is rejected.

    ``final`` = the score + ``refine`` x the likeness of query and pictures, as standard deviations from the mean over
    the scenes of the video, kept within 1 and 5. Without a likeness, it is the score. From ``p1`` on a scene is of tier
    P1, from ``p2`` on of tier P2.
    """

    refine: Ratio = 0.25
    p1: Ratio = 4.9
    p2: Ratio = 4.3

    def run(self, rows: Sequence[QuerySheet], tool: None) -> Iterator[SceneScore | Reject]:
        """A row for every scene of the query's video, or a reject of the query."""
        for row in rows:
            scored = dict(zip(row.scored_ids, zip(row.scores, row.rationales, strict=True), strict=True))
            missing = [scene for scene in row.scene_ids if scene not in scored]
            if missing or not row.scene_ids:
                what = f"{len(missing)} of {len(row.scene_ids)} scenes have no score; the first is {missing[:1]}"
                yield reject(self, row, "bad_answer", f"incomplete: {what}")
                continue
            alike = dict(zip(row.liked_ids, row.likenesses, strict=True))
            moved = standardised([alike.get(scene) for scene in row.scene_ids])
            spans = zip(row.scene_ids, row.starts_us, row.ends_us, strict=True)
            for (scene, start_us, end_us), by in zip(spans, moved, strict=True):
                score, rationale = scored[scene]
                final = round(min(MOST, max(LEAST, score + self.refine * by)), 6)
                yield SceneScore(
                    score_id=f"{row.query_id}/{scene}",
                    query_id=row.query_id,
                    scene_id=SceneId(scene),
                    video_id=row.video_id,
                    start_us=start_us,
                    end_us=end_us,
                    score=score,
                    likeness=alike.get(scene),
                    final=final,
                    tier=self._tier(final),
                    rationale=rationale,
                )

    def _tier(self, final: float) -> Tier:
        return "P1" if final >= self.p1 else "P2" if final >= self.p2 else "rest"


class PlanFrames(Stage[KeyClips, FramePlan], version=2, batch_rows=512):
    """Say when to look at a video for a query: ``focused`` pictures in its key clips, ``hybrid`` in and around them.

    A clip of priority 1 counts twice as much as one of priority 2. Without a key clip, both are even.
    """

    focused: Count = 8
    hybrid: Count = 32
    inside: Score = 0.75

    def run(self, rows: Sequence[KeyClips], tool: None) -> Iterator[FramePlan]:
        """Two plans per query."""
        for row in rows:
            clips = zip(row.starts_us, row.ends_us, row.priorities, strict=True)
            segments = [any_k.Segment(start, end, TIERS[priority]) for start, end, priority in clips]
            length_us = max(1, row.duration_us)
            plans: dict[PlanMode, tuple[int, ...]] = {
                "focused": any_k.focused(segments, length_us, self.focused),
                "hybrid": any_k.hybrid(segments, length_us, self.hybrid, inside=self.inside),
            }
            for mode, at_us in plans.items():
                yield FramePlan(
                    plan_id=f"{row.query_id}/{mode}",
                    query_id=row.query_id,
                    video_id=row.video_id,
                    mode=mode if segments else "uniform",
                    k=len(at_us),
                    at_us=at_us,
                )


def standardised(values: Sequence[float | None]) -> list[float]:
    """How many standard deviations each value is above their mean; zeros where they are alike or one is missing."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or (spread := statistics.pstdev(known)) < 1e-9:
        return [0.0] * len(values)
    mean = statistics.fmean(known)
    return [(value - mean) / spread for value in known]
