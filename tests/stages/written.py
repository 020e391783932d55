"""Items written of three made-up films, once for all tests that look at them."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from schemas.items import Item
from stages.write import WriteItems
from tests.stages.reels import Reel, rich

ORDERED = ("rearrange", "in_order", "direction", "playback_speed")


@cache
def films() -> tuple[Reel, ...]:
    return tuple(rich(f"film{seed}", seed) for seed in range(3))


def written(*reels: Reel, **settings: object) -> list[Item]:
    stage = WriteItems(**settings)  # type: ignore[arg-type]
    return [item for item in stage.run([one.timeline for one in reels], None) if isinstance(item, Item)]


@cache
def items() -> tuple[Item, ...]:
    return tuple(written(*films()))


def of(task: str, among: Sequence[Item] | None = None) -> list[Item]:
    return [item for item in (items() if among is None else among) if item.task == task]


def times(item: Item) -> dict[str, int]:
    return dict(zip(item.labels, item.pictures_us, strict=True))


def home(item: Item) -> Reel:
    return next(one for one in films() if one.timeline.video_id == item.video_id)


def shots(item: Item) -> list[int]:
    """The number of the shot that each picture shows."""
    starts = home(item).timeline.shot_starts_us
    return [int(number) - 1 for number in np.searchsorted(starts, item.pictures_us, side="right")]
