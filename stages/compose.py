"""Items with options, put together from a question, its wrong answers, and the chain that leads to the right one."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from schemas.items import Item
from schemas.questions import Assembly
from schemas.units import ItemId
from stages.stage import Stage


class ComposeItems(Stage[Assembly, Item], version=1, batch_rows=512):
    """Put items together: options in an order drawn by ``seed``, the core pictures, and the chain as a program."""

    seed: int = 7

    def run(self, rows: Sequence[Assembly], tool: None) -> Iterator[Item]:
        """An item for each row."""
        for row in rows:
            options = sorted((row.answer, *row.distractors), key=lambda text: self._lot(row, text))
            yield Item(
                item_id=ItemId(row.question_id),
                video_id=row.video_id,
                uri=row.uri,
                task=row.task,
                question=row.question,
                options=tuple(options),
                answer=options.index(row.answer),
                answer_text=row.answer,
                pictures_us=row.steps_at_us,
                labels=tuple(f"At {at_us / 1e6:.1f} s" for at_us in row.steps_at_us),
                shot_ids=tuple(dict.fromkeys(shot for shot in row.steps_shot_id if shot)),
                start_us=row.start_us,
                end_us=row.end_us,
                seed=self.seed,
                wording=0,
                program=json.dumps(list(_steps(row)), ensure_ascii=False),
            )

    def _lot(self, row: Assembly, text: str) -> bytes:
        return hashlib.sha256(f"{self.seed} {row.question_id} {text}".encode("utf-8", "surrogatepass")).digest()


def _steps(row: Assembly) -> Iterator[dict[str, Any]]:
    """Core frames, each with the stretch in which it holds; the key objects, with their boxes; the evidence."""
    for place, text in enumerate(row.steps_text):
        at_us = row.steps_at_us[place]
        yield {
            "op": "core_frame",
            "args": {"caption_id": row.steps_caption_id[place], "at_us": at_us},
            "out": text,
            "text": f"At {at_us / 1e6:.1f} s: {text}",
            "seen": [
                {
                    "start_us": row.steps_start_us[place],
                    "end_us": row.steps_end_us[place],
                    "what": text,
                    "shot_id": row.steps_shot_id[place] or None,
                }
            ],
        }
    named = ", ".join(row.key_objects)
    out = {"objects": row.key_objects, "regions": json.loads(row.regions)}
    yield {"op": "key_objects", "args": {}, "out": out, "text": f"What matters in them: {named}."}
    yield {"op": "evidence", "args": {}, "out": row.answer, "text": row.evidence}
