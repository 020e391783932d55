"""Captions as vectors, and which of them say nothing new."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from schemas.rejects import Reject
from schemas.text import Caption, Embedding, Repeat
from schemas.units import CaptionId, Score
from stages.stage import Embedder, Env, Stage, groups


class EmbedCaptions(Stage[Caption, Embedding, Embedder], version=1, batch_rows=512):
    """Turn each caption into a vector of length 1."""

    roles: ClassVar[tuple[str, ...]] = ("embedder",)

    def open(self, env: Env) -> Embedder:
        """The model that fills the role."""
        return env.embedder()

    def run(self, rows: Sequence[Caption], tool: Embedder) -> Iterator[Embedding | Reject]:
        """A vector per caption."""
        for row, vector in zip(rows, tool.texts([row.text for row in rows]), strict=True):
            yield Embedding(
                caption_id=row.caption_id,
                video_id=row.video_id,
                start_us=row.start_us,
                vector=vector,
                by=tool.model,
            )


class FindRepeats(Stage[Embedding, Repeat], version=1, batch_rows=4096, group_by="video_id"):
    """Find the captions that say again what the last kept one says, in order of time.

    The last to come is the first to go (LIFO): each caption is laid upon those that are kept; where the upper two are
    more alike than ``tau``, the upper one is taken off again. So a slow change is kept as soon as it has gone far
    enough from where it began, and the earliest picture of every stretch stands for it.
    """

    tau: Score = 0.85

    def run(self, rows: Sequence[Embedding], tool: None) -> Iterator[Repeat]:
        """A row for each caption, kept or not."""
        for group in groups(rows, "video_id"):
            kept: list[Embedding] = []
            for row in sorted(group, key=lambda one: (one.start_us, one.caption_id)):
                likeness = float(kept[-1].vector @ row.vector) if kept else None
                repeats = kept[-1].caption_id if likeness is not None and likeness > self.tau else None
                yield Repeat(
                    caption_id=CaptionId(row.caption_id), video_id=row.video_id, repeats=repeats, likeness=likeness
                )
                if repeats is None:
                    kept.append(row)
