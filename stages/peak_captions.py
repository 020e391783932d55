"""Footage in words from the bottom up: scenes from pictures, checked by a judge; chapters from scenes; the film."""

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Len

from schemas.chat import Form, Reply, Request
from schemas.peaks import CaptionCase, CaptionCheck, Chapter, ChapterCaption, Outline, VideoSummary
from schemas.rejects import Reject, reject
from schemas.row import Row
from schemas.scenes import WindowView
from schemas.text import Caption
from schemas.units import CaptionId, Count
from stages.ask import Ask, AskPanel
from stages.plain import plain
from stages.quoted import AS_DATA, quote
from stages.span_told import pictured, span

MOST_CHARACTERS = 2000
MOST_CAPTIONS = 200


class SceneTold(Form):
    """What happens in one scene."""

    caption: Annotated[str, Len(1, 1500)]


class ChapterTold(Form):
    """What a chapter is about."""

    caption: Annotated[str, Len(1, 2000)]


class FilmTold(Form):
    """What a whole film is about."""

    summary: Annotated[str, Len(1, 3000)]


class CaptionJudged(Form):
    """Whether pictures bear a caption out, and in one sentence why."""

    status: Literal["supported", "contradicted", "not_stated"]
    explanation: str


class CaptionScenes(Ask[WindowView, Caption], role="captioner", version=1, prompt="peak_caption_scene_1"):
    """Caption each scene from its pictures: what happens in it, in order of time."""

    def render(self, row: WindowView) -> Request:
        """The scene's pictures, each after the second at which it is on screen."""
        return Request(self.prompt, (span(row), *pictured(row.shown_us, row.pictures)), SceneTold, max_tokens=600)

    def parse(self, row: WindowView, reply: Reply) -> Iterator[Caption | Reject]:
        """The caption, under the scene's id; a blank one is rejected."""
        text = plain(reply.filled(SceneTold).caption)
        if not text:
            yield wordless(self, row, reply)
            return
        yield Caption(
            caption_id=CaptionId(row.scene_id),
            video_id=row.video_id,
            level="scene",
            start_us=row.start_us,
            end_us=row.end_us,
            text=text,
            by=reply.model,
        )


class CheckCaptions(AskPanel[CaptionCase, CaptionCheck], role="judge", version=1, prompt="peak_check_caption_1"):
    """Check each caption against the pictures of its scene. Every judge does so ``samples`` times."""

    samples: Count = 5

    def render(self, row: CaptionCase) -> Request:
        """The pictures, and the caption as a claim about them."""
        parts = (span(row), *pictured(row.shown_us, row.pictures), quote("claim", row.text))
        return Request(f"{self.prompt}\n{AS_DATA}", parts, CaptionJudged, max_tokens=300, temperature=0.7)

    def parse(self, row: CaptionCase, reply: Reply) -> Iterator[CaptionCheck | Reject]:
        """One judgement."""
        form = reply.filled(CaptionJudged)
        yield CaptionCheck(
            check_id=f"{row.caption_id}/{reply.model}/{reply.sample}",
            caption_id=row.caption_id,
            video_id=row.video_id,
            by=reply.model,
            sample=reply.sample,
            status=form.status,
            explanation=plain(form.explanation) or None,
        )


class CaptionChapters(Ask[Chapter, ChapterCaption], role="writer", version=1, prompt="peak_caption_chapter_1"):
    """Caption each chapter from the captions of its scenes."""

    def render(self, row: Chapter) -> Request:
        """The captions of the scenes, in order of time."""
        parts = (span(row), listed("caption", row.starts_us, row.texts))
        return Request(f"{self.prompt}\n{AS_DATA}", parts, ChapterTold, max_tokens=600)

    def parse(self, row: Chapter, reply: Reply) -> Iterator[ChapterCaption | Reject]:
        """The caption; a blank one is rejected."""
        text = plain(reply.filled(ChapterTold).caption)
        if not text:
            yield wordless(self, row, reply)
            return
        yield ChapterCaption(
            chapter_id=row.chapter_id,
            video_id=row.video_id,
            start_us=row.start_us,
            end_us=row.end_us,
            text=text,
            by=reply.model,
        )


class SumUpFilms(Ask[Outline, VideoSummary], role="writer", version=1, prompt="peak_sum_up_film_1"):
    """Sum each video up from the captions of its chapters."""

    def render(self, row: Outline) -> Request:
        """The captions of the chapters, in order of time."""
        parts = (span(row), listed("chapter", row.starts_us, row.texts))
        return Request(f"{self.prompt}\n{AS_DATA}", parts, FilmTold, max_tokens=900)

    def parse(self, row: Outline, reply: Reply) -> Iterator[VideoSummary | Reject]:
        """The summary; a blank one is rejected."""
        text = plain(reply.filled(FilmTold).summary)
        if not text:
            yield wordless(self, row, reply)
            return
        yield VideoSummary(video_id=row.video_id, text=text, by=reply.model)


def listed(name: str, starts_us: tuple[int, ...], texts: tuple[str, ...]) -> str:
    """A line per text with the second at which what it is about begins; of many, as many as fit, evenly chosen."""
    told = list(zip(starts_us, texts, strict=True))
    n = min(len(told), MOST_CAPTIONS)
    chosen = [told[at * len(told) // n] for at in range(n)]
    return "\n".join(f"At {start_us / 1e6:.1f} s: {quote(name, text, MOST_CHARACTERS)}" for start_us, text in chosen)


def wordless(stage: object, row: Row, reply: Reply) -> Reject:
    """The reject of a reply without a word."""
    return reject(stage, row, "bad_answer", f"{reply.model} gave a text without a word")
