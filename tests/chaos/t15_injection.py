"""T15: what footage says to the model that reads it changes nothing, even with a model that obeys every word."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import stages
from schemas.chat import Request
from schemas.columns import columns
from schemas.items import Item
from schemas.scenes import ScenePack
from stages.ask import Ask, AskPanel
from tests.builders import row
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.orders_in_footage import ORDERS
from tests.chaos.teaching import Pupil, packs, teacher

CANARY = re.compile("CANARY-[0-9A-F]+")
LEFT_OUT = "[…]"
# The columns in which words of footage, of users and of models travel.
WORDS = {
    "answer", "answer_text", "caption", "chapter", "context", "options", "query", "question", "reasoning", "summary",
    "text", "texts", "title",
}  # fmt: skip


def show(folder: Path, scale: Scale) -> Shown:
    """Asks about 20 scenes with an order in each, about the same without, and about the same with nobody watching."""
    orders = [order if CANARY.search(order) else f"{order} CANARY-{number:02X}" for number, order in enumerate(ORDERS)]
    with teacher(seed=scale.seed, faults={"obeys_footage": 1.0}) as place:
        steered = _made(Pupil(folder / "steered", place), orders)
        twin = _made(Pupil(folder / "twin", place), [LEFT_OUT] * len(orders))
        with patch("stages.quoted.reads_as_order", _never), patch("infra.models.judge.reads_as_order", _never):
            unwatched = _made(Pupil(folder / "unwatched", place), orders)
        scenes = [replace(scene, texts=(order, order)) for scene, order in zip(packs(len(orders)), orders, strict=True)]
        rested = Pupil(folder / "rested", place).learn(scenes)
    changed = sum(_set(steered.get(name)) != _set(item) for name, item in twin.items())
    asked = list(_requests(orders))
    told = sum(bool(CANARY.search(_text(request))) for request in asked)
    turned = sum("reads as an order" in reject.detail for reject in rested.rejects)
    figures = (
        f"{len(orders)} orders to a teacher that obeys all: {_canaries(steered)} of {len(steered)} accepted rows hold "
        f"a canary, {changed} of {len(twin)} option sets differ from those without the order, {turned} of "
        f"{len(orders)} questions that rest on one are turned away; {told} of {len(asked)} prompts of all "
        f"{len(set(_askers()))} asking stages pass an order on; unwatched, {_canaries(unwatched)} of "
        f"{len(unwatched)} rows hold a canary"
    )
    fair = len(twin) == turned == len(orders) and not rested.made and _canaries(unwatched) > len(orders) / 2
    return Shown(not _canaries(steered) and not changed and not told and fair and len(asked) > len(orders), figures)


def _never(_: str) -> bool:
    return False


def _made(pupil: Pupil, texts: Sequence[str]) -> dict[str, Item]:
    """The items about scenes in each of which one of these texts is to be read, by scene."""
    scenes = [_saying(scene, text) for scene, text in zip(packs(len(texts)), texts, strict=True)]
    return {item.video_id: item for item in pupil.learn(scenes).made}


def _saying(scene: ScenePack, text: str) -> ScenePack:
    """The scene with one thing more that is known of it, which nobody needs to cite."""
    more = {"labels": "V9", "kinds": "seen", "starts_us": 0, "ends_us": scene.end_us, "texts": text}
    longer: dict[str, Any] = {name: (*getattr(scene, name), value) for name, value in more.items()}
    return replace(scene, **longer)


def _canaries(made: dict[str, Item]) -> int:
    return sum(bool(CANARY.search(f"{item.question} {item.options} {item.program}")) for item in made.values())


def _set(item: Item | None) -> Any:
    return item and (item.question, item.options, item.answer)


def _askers() -> Iterator[type[Any]]:
    """Every stage that asks a model."""
    for module in pkgutil.walk_packages(stages.__path__, "stages."):
        if not module.name.endswith("_child"):
            importlib.import_module(module.name)
    for kind in (Ask, AskPanel):
        yield from (found for found in kind.__subclasses__() if found.__module__.startswith("stages."))


def _requests(orders: Sequence[str]) -> Iterator[Request]:
    """What every asking stage sends about rows whose words are orders, word by word."""
    for kind in _askers():
        names = [column for column in columns(kind.takes) if column.name in WORDS and column.arrow == "string"]
        for number, order in enumerate(orders):
            words = {one.name: (order, order) if one.repeated else order for one in names}
            asked = kind().render(row(kind.takes, number, **words))
            yield from asked if isinstance(asked, tuple) else (asked,)


def _text(request: Request) -> str:
    return request.system + "\n".join(part for part in request.parts if isinstance(part, str))


BAR = Bar("T15", "what footage orders a model to do does not reach it: no canary in a row, no option set changed", show)
