"""The tables about what models say of finished items: blind panels and judges. What follows is in ``verdicts``."""

from typing import Literal

from schemas.row import Row
from schemas.units import Count, ItemId, Micros, VideoId, Words


class ControlSheet(Row, table="control_sheets", key="item_id", published=False):
    """An item beside facts of a scene of another video: a context that should not help."""

    item_id: ItemId
    video_id: VideoId
    question: Words
    options: tuple[str, ...]
    context: tuple[str, ...]


class ControlAnswer(Row, table="control_answers", key="answer_id"):
    """What a member of the blind panel answered to an item with the facts of another video's scene at hand.

    Columns as in ``answers``.
    """

    answer_id: str
    item_id: ItemId
    video_id: VideoId
    by: str
    repeat: Count
    choice: Count


class Case(Row, table="cases", key="item_id", rules=("answer < len(options)",), published=False):
    """An item beside all facts of its own scene, as a judge gets it; ``labels`` to ``texts`` as in ``scene_packs``."""

    item_id: ItemId
    video_id: VideoId
    question: Words
    options: tuple[str, ...]
    answer: Count
    start_us: Micros
    end_us: Micros
    labels: tuple[str, ...]
    starts_us: tuple[int, ...]
    ends_us: tuple[int, ...]
    texts: tuple[str, ...]


class OpenAnswer(Row, table="open_answers", key="answer_id"):
    """What a judge answers to an item's question out of the facts, without having seen the options."""

    answer_id: str
    item_id: ItemId
    video_id: VideoId
    by: str
    repeat: Count
    text: Words
    facts: tuple[str, ...]


class OpenSheet(Row, table="open_sheets", key="answer_id", published=False):
    """An open answer beside the item's options, none of which has the same words."""

    answer_id: str
    item_id: ItemId
    video_id: VideoId
    question: Words
    options: tuple[str, ...]
    text: Words


class Match(Row, table="matches", key="match_id"):
    """Which option an open answer means to a judge: its index, or null where it means none of them."""

    match_id: str
    answer_id: str
    item_id: ItemId
    video_id: VideoId
    by: str
    choice: Count | None = None


class ClaimCheck(Row, table="claim_checks", key="claim_id"):
    """One claim that an item's question and answer make, and whether the facts of the scene bear it out.

    ``facts`` are the labels of the facts that do, or that speak against it.
    """

    claim_id: str
    item_id: ItemId
    video_id: VideoId
    by: str
    repeat: Count
    text: Words
    status: Literal["supported", "contradicted", "not_stated"]
    facts: tuple[str, ...]


class OptionCheck(Row, table="option_checks", key="check_id"):
    """Whether one of an item's wrong options is wrong indeed, by the facts of the scene."""

    check_id: str
    item_id: ItemId
    video_id: VideoId
    by: str
    repeat: Count
    option: Count
    status: Literal["wrong", "right", "cannot_tell"]
    facts: tuple[str, ...]
