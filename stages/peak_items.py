"""Views of highlights as items with options: where a caption holds, what a scene shows, which clips matter."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.items import Item
from schemas.peak_views import PeakCase
from schemas.units import Count, ItemId
from stages.stage import Stage

WORDINGS = {
    "localise": "In which of these stretches of the film is this to be seen: {text}",
    "caption": "Which of these captions tells what is to be seen from {start} to {end}?",
    "relevance": 'Does what is to be seen from {start} to {end} help to answer "{text}"?',
    "key clip": 'Which of these stretches of the film helps to answer "{text}"?',
}
"""In none of them does one have to see a stretch: another one may answer the query, too."""
YES, NO = "Yes", "No"


@dataclass(frozen=True)
class Clip:
    """A scene that stands as an option."""

    start_us: int
    end_us: int
    caption: str
    shown_us: int
    shot_id: str

    @property
    def span(self) -> str:
        """From when to when, as people write it."""
        return f"{clock(self.start_us)} to {clock(self.end_us)}"


class ComposePeakItems(Stage[PeakCase, Item], version=3, batch_rows=512):
    """Put items together: which scenes are the ``options`` - 1 wrong ones is drawn by ``seed``.

    Stretches stand in order of time, each with one picture; captions in an order drawn by ``seed``, with the pictures
    of the scene. A case without a wrong option gives no item.
    """

    seed: int = 7
    options: Count = 4

    def run(self, rows: Sequence[PeakCase], tool: None) -> Iterator[Item]:
        """An item for each row that has other scenes to choose from."""
        for row in rows:
            own = Clip(row.start_us, row.end_us, row.caption, row.shown_us[len(row.shown_us) // 2], _first(row))
            if row.task == "relevance":
                yield self._item(row, [own], (YES, NO), YES if row.is_relevant else NO)
            elif others := self._drawn(row):
                clips = sorted([own, *others], key=lambda clip: clip.start_us)
                if row.task == "caption":
                    captions = sorted((clip.caption for clip in clips), key=lambda text: self._lot(row, text))
                    yield self._item(row, [own], tuple(captions), own.caption)
                else:
                    yield self._item(row, clips, tuple(clip.span for clip in clips), own.span)

    def _drawn(self, row: PeakCase) -> list[Clip]:
        columns = (row.other_starts_us, row.other_ends_us, row.other_captions, row.other_shown_us, row.other_shot_ids)
        others = (Clip(*facts) for facts in zip(*columns, strict=True))
        differing = {one.caption.casefold(): one for one in others if one.caption.casefold() != row.caption.casefold()}
        return sorted(differing.values(), key=lambda one: self._lot(row, one.span))[: self.options - 1]

    def _lot(self, row: PeakCase, text: str) -> str:
        return hashlib.sha256(f"{self.seed} {row.case_id} {text}".encode()).hexdigest()

    def _item(self, row: PeakCase, clips: Sequence[Clip], options: tuple[str, ...], answer: str) -> Item:
        times = row.shown_us if len(clips) == 1 else tuple(clip.shown_us for clip in clips)
        start, end = clock(row.start_us), clock(row.end_us)
        shots = dict.fromkeys((*row.shot_ids, *(clip.shot_id for clip in clips if clip.shot_id)))
        return Item(
            item_id=ItemId(row.case_id),
            video_id=row.video_id,
            uri=row.uri,
            task=row.task,
            question=WORDINGS[row.task].format(text=row.text, start=start, end=end),
            options=options,
            answer=options.index(answer),
            answer_text=answer,
            pictures_us=times,
            labels=tuple(f"At {clock(at_us)}" for at_us in times),
            shot_ids=tuple(shots),
            start_us=min(clip.start_us for clip in clips),
            end_us=max(clip.end_us for clip in clips),
            seed=self.seed,
            wording=0,
            program=program(row, clips, answer),
        )


def program(row: PeakCase, clips: Sequence[Clip], answer: str) -> str:
    """A step per clip with its caption, and the answer; why a judge finds a scene relevant is not told."""
    steps = [
        {
            "op": "look",
            "args": {"start_us": clip.start_us, "end_us": clip.end_us},
            "out": clip.caption,
            "text": f"From {clip.span}: {clip.caption}",
            "seen": [
                {
                    "start_us": clip.start_us,
                    "end_us": clip.end_us,
                    "what": clip.caption,
                    "shot_id": clip.shot_id or None,
                }
            ],
        }
        for clip in clips
    ]
    last = {"op": row.task, "args": {"text": row.text}, "out": answer, "text": f"The answer is: {answer.rstrip('.')}."}
    return json.dumps([*steps, last], ensure_ascii=False)


def clock(at_us: int) -> str:
    """A time as minutes, seconds and tenths."""
    tenths = at_us // 100_000
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _first(row: PeakCase) -> str:
    return row.shot_ids[0] if row.shot_ids else ""
