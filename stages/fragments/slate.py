"""What identifies an item: the footage it is about. Its id, its seed and all its luck follow from that."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from schemas.items import Item, Task
from schemas.units import ItemId, VideoId
from stages.fragments.program import Program
from stages.fragments.timeline import Film

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """What separates the clear from the ambiguous. Distances are those of ``distances.far``.

    ``clear``: at least so far apart are pictures whose order is asked. ``apart``: so far are shots that are told apart.
    ``margin``: how much more something must be than the next best, as a ratio. All numbers are ours, set by eye.
    """

    clear: float = 0.025
    apart: float = 0.1
    margin: float = 1.4


@dataclass(frozen=True)
class Wish:
    """What a task is asked for: the setting's seed, how many items of a video at most, and the limits to keep."""

    seed: int = 17
    most: int = 6
    limits: Limits = Limits()


@dataclass(frozen=True)
class Slate:
    """One item before its words: which film, which task, which frames (sorted), and the seed made of these."""

    film: Film
    task: Task
    frames: tuple[int, ...]
    item_id: ItemId
    seed: int

    def luck(self) -> Random:
        """A fresh source of this item's own randomness."""
        return Random(self.seed)


@dataclass(frozen=True)
class Draft:
    """What a task makes of a slate: the words, and the pictures as (frame, label) in the order shown."""

    slate: Slate
    wording: int
    question: str
    options: tuple[str, ...]
    answer: int
    pictures: tuple[tuple[int, str], ...]
    program: Program

    def item(self) -> Item:
        """The finished item."""
        film, frames = self.slate.film, [frame for frame, _ in self.pictures]
        takes = [film.take_of(frame) for frame in sorted(frames)]
        return Item(
            item_id=self.slate.item_id,
            video_id=VideoId(film.video_id),
            uri=film.row.uri,
            task=self.slate.task,
            question=self.question,
            options=self.options,
            answer=self.answer,
            answer_text=self.options[self.answer],
            pictures_us=tuple(film.time(frame) for frame in frames),
            labels=tuple(label for _, label in self.pictures),
            shot_ids=tuple(dict.fromkeys(take.shot_id for take in takes if take)),
            start_us=film.time(min(frames)),
            end_us=film.end_of(max(frames)),
            seed=self.slate.seed,
            wording=self.wording,
            program=self.program.json(),
        )


def slate(film: Film, task: Task, frames: Sequence[int], wish: Wish) -> Slate:
    """The slate of an item over these frames. Equal footage, task and frames give the same id for ever."""
    ordered = tuple(sorted({int(frame) for frame in frames}))
    times = ",".join(str(film.time(frame)) for frame in ordered)
    item_id = (
        f"{film.video_id}/{task}/{film.time(ordered[0]):012d}-{_hash(f'{film.video_id} {task} {times}') % 2**32:08x}"
    )
    return Slate(film=film, task=task, frames=ordered, item_id=ItemId(item_id), seed=_hash(f"{wish.seed} {item_id}"))


def luck(wish: Wish, film: Film, *about: object) -> Random:
    """Randomness for choosing footage: it depends on the seed, the video and what it is about, and on nothing else."""
    return Random(_hash(f"{wish.seed} {film.video_id} {' '.join(str(part) for part in about)}"))


def shuffled(parts: Sequence[T], chance: Random) -> list[T]:
    """The parts in a random order."""
    return chance.sample(parts, len(parts))


def options(right: str, wrong: Sequence[str], chance: Random) -> tuple[tuple[str, ...], int]:
    """The right answer among the wrong ones, each place equally likely, and where it came to stand."""
    mixed = shuffled(wrong, chance)
    answer = chance.randrange(len(wrong) + 1)
    return (*mixed[:answer], right, *mixed[answer:]), answer


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
