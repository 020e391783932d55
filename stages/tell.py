"""What an item's program says: the reasoning, step by step, and the footage that it rests on."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from schemas.items import Evidence, Item, TraceStep
from schemas.units import ShotId
from stages.stage import Stage


class TellSteps(Stage[Item, TraceStep], version=1, batch_rows=512):
    """Tell how each item's answer is reached: a row per step of its program, with the values computed there."""

    def run(self, rows: Sequence[Item], tool: None) -> Iterator[TraceStep]:
        """The steps that have a sentence, numbered from 0."""
        for item in rows:
            for number, step in enumerate(step for step in json.loads(item.program) if step["text"]):
                yield TraceStep(
                    trace_id=f"{item.item_id}/{number:02d}",
                    item_id=item.item_id,
                    video_id=item.video_id,
                    step=number,
                    op=step["op"],
                    arguments=_json(step["args"]),
                    result=_json(step["out"]),
                    text=step["text"],
                )


class CiteEvidence(Stage[Item, Evidence], version=1, batch_rows=512):
    """Cite the footage that each item's answer rests on: a row per stretch that its program looked at."""

    def run(self, rows: Sequence[Item], tool: None) -> Iterator[Evidence]:
        """The stretches, in the order in which the program looks at them, numbered from 0."""
        for item in rows:
            stretches = [stretch for step in json.loads(item.program) for stretch in step.get("seen", [])]
            for number, stretch in enumerate(stretches):
                yield Evidence(
                    evidence_id=f"{item.item_id}/{number:02d}",
                    item_id=item.item_id,
                    video_id=item.video_id,
                    start_us=stretch["start_us"],
                    end_us=stretch["end_us"],
                    shot_id=ShotId(stretch["shot_id"]) if stretch["shot_id"] else None,
                    what=stretch["what"],
                )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
