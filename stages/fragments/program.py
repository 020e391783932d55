"""The program behind an item: the steps that lead from the film to the answer, with every value on the way."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stages.fragments.timeline import Film


@dataclass(frozen=True)
class Seen:
    """A stretch of footage that a step rests on, and what is to be seen there."""

    start_us: int
    end_us: int
    what: str
    shot_id: str | None = None


@dataclass
class Program:
    """The steps of one item's computation, in order. ``json()`` gives them as the item's ``program`` column."""

    steps: list[dict[str, Any]] = field(default_factory=list)

    def step(self, op: str, args: dict[str, Any], out: object, text: str = "", seen: Sequence[Seen] = ()) -> None:
        """Adds a step: what was done, with what, what came out, the sentence that says so, and the footage it needs.

        A step without a sentence is a check that the program made, which the chain of thought does not mention.
        """
        made: dict[str, Any] = {"op": op, "args": plain(args), "out": plain(out), "text": text}
        if seen:
            made["seen"] = [plain(vars(stretch)) for stretch in seen]
        self.steps.append(made)

    def json(self) -> str:
        """The steps as one JSON list."""
        return json.dumps(self.steps, ensure_ascii=False, separators=(",", ":"))


def plain(value: object) -> Any:
    """The value as JSON holds it: arrays as lists, numbers rounded to four decimals."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    return round(value, 4) if isinstance(value, float) else value


def seen(film: Film, frame: int, what: str) -> Seen:
    """The evidence that one frame gives."""
    take = film.take_of(frame)
    return Seen(film.time(frame), film.end_of(frame), what, take.shot_id if take else None)
