"""What is seen in a scene, window by window, and what the whole of it is about: told by models."""

from collections.abc import Iterator
from typing import Annotated

import pydantic

from schemas.chat import Form, Reply, Request
from schemas.rejects import Reject, reject
from schemas.scenes import Description, SceneNotes, Summary, WindowView
from schemas.units import Count
from stages import scene_told as told
from stages.ask import Ask
from stages.plain import plain
from stages.quoted import AS_DATA
from stages.span_told import pictured, span

MOST_CHARACTERS = 400


class WindowSeen(Form):
    """What the pictures show, as single observations in order of time."""

    observations: Annotated[list[str], pydantic.Field(min_length=1, max_length=8)]


class SceneSummary(Form):
    """What a scene is about."""

    title: str
    summary: str


class DescribeWindows(Ask[WindowView, Description], role="captioner", version=1, prompt="scene_describe_window_1"):
    """Say what is seen in each window of a scene, as single observations, each true by itself."""

    def render(self, row: WindowView) -> Request:
        """The window's pictures, each after the second at which it is on screen."""
        return Request(self.prompt, (span(row), *pictured(row.shown_us, row.pictures)), WindowSeen, max_tokens=1000)

    def parse(self, row: WindowView, reply: Reply) -> Iterator[Description | Reject]:
        """The observations that say anything, each once."""
        texts = (plain(text)[:MOST_CHARACTERS] for text in reply.filled(WindowSeen).observations)
        seen = tuple(dict.fromkeys(text for text in texts if text))
        if not seen:
            yield reject(self, row, "bad_answer", f"{reply.model}: no observation says anything")
            return
        yield Description(
            window_id=row.window_id,
            scene_id=row.scene_id,
            video_id=row.video_id,
            start_us=row.start_us,
            end_us=row.end_us,
            by=reply.model,
            observations=seen,
        )


class SumUpScenes(Ask[SceneNotes, Summary], role="writer", version=1, prompt="scene_sum_up_1"):
    """Give each scene a title and a summary, from what is seen and said in it. ``words`` caps the summary."""

    words: Count = 80

    def render(self, row: SceneNotes) -> Request:
        """The facts of the scene."""
        where = span(row)
        wish = f"Write a title of at most 8 words and a summary of at most {self.words} words."
        return Request(f"{self.prompt}\n{AS_DATA}", (where, told.facts(row), wish), SceneSummary, max_tokens=600)

    def parse(self, row: SceneNotes, reply: Reply) -> Iterator[Summary | Reject]:
        """The title and the summary, in one line each."""
        form = reply.filled(SceneSummary)
        title, summary = plain(form.title), plain(form.summary)
        if not title or not summary:
            yield reject(self, row, "bad_answer", f"{reply.model}: a title {title!r} with a summary {summary!r}")
            return
        yield Summary(
            scene_id=row.scene_id,
            video_id=row.video_id,
            by=reply.model,
            title=title[:MOST_CHARACTERS],
            summary=summary[: 4 * MOST_CHARACTERS],
        )
