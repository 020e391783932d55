"""Pictures in words."""

from collections.abc import Iterator
from typing import Annotated

from annotated_types import Len

from schemas.chat import Form, Picture, Reply, Request
from schemas.rejects import Reject, reject
from schemas.text import Caption, Sight
from schemas.units import CaptionId
from stages.ask import Ask
from stages.plain import plain
from stages.span_told import span


class FrameCaption(Form):
    """What one picture shows."""

    caption: Annotated[str, Len(1, 1500)]


class CaptionFrame(Ask[Sight, Caption], role="captioner", prompt="caption_frame_1", version=1):
    """Caption every picture: who and what is seen, what it does, where, and how it looks."""

    def render(self, row: Sight) -> Request:
        """One picture, and which footage it stands for."""
        return Request(self.prompt, (span(row), Picture(row.blob)), FrameCaption, max_tokens=512)

    def parse(self, row: Sight, reply: Reply) -> Iterator[Caption | Reject]:
        """The caption; a blank one is rejected."""
        text = plain(reply.filled(FrameCaption).caption)
        if not text:
            yield reject(self, row, "bad_answer", f"{reply.model} gave a caption without a word")
            return
        yield Caption(
            caption_id=CaptionId(row.frame_id),
            video_id=row.video_id,
            level="frame",
            start_us=row.start_us,
            end_us=row.end_us,
            at_us=row.at_us,
            text=text,
            by=reply.model,
        )
