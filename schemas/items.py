"""The tables about questions: what is asked, on what evidence, how the answer is reached, and what the gates say."""

from typing import Literal

from schemas.row import Row
from schemas.units import Count, Floats, ItemId, JsonText, Micros, Score, ShotId, SignalId, Times, VideoId, Words

Task = Literal[
    "rearrange",
    "in_order",
    "direction",
    "odd_one_out",
    "count_shots",
    "find_cut",
    "longest_shot",
    "camera_motion",
    "playback_speed",
    "before_after",
]
"""The computed tasks. A recipe whose questions are written by models has a taxonomy of its own: a task is any name."""

Gate = Literal["context", "veracity", "ambiguity", "duplicate", "balance"]
Split = Literal["train", "validation", "test"]
Condition = Literal["blind", "single", "shuffled", "ordered"]
"""What whoever answers is shown: nothing, one frame, all frames in a drawn order, all in order."""


class Timeline(Row, table="timelines", key="signal_id", published=False):
    """One stretch of a video, frame by frame, beside the whole video's shots: all that items are computed from.

    The ``shot_*`` columns run in parallel, one element per shot of the video in order of time, the same in all its
    rows; the per-frame columns run in parallel over the stretch, and ``grids`` gives 9 x 16 x 3 bytes a frame.
    """

    signal_id: SignalId
    video_id: VideoId
    first_frame: Count
    uri: str
    duration_us: Micros
    shot_ids: tuple[str, ...]
    shot_starts_us: Times
    shot_ends_us: Times
    shot_opened_by: tuple[str, ...]
    shot_opened_from_us: tuple[int, ...]
    shot_cameras: tuple[str, ...]
    shot_pans: Floats
    shot_tilts: Floats
    shot_zooms: Floats
    shot_wanders: Floats
    shot_fits: Floats
    shot_is_still: tuple[bool, ...]
    shot_is_black: tuple[bool, ...]
    pts_us: Times
    difference: Floats
    sharpness: Floats
    brightness: Floats
    grids: bytes


class Item(Row, table="items", key="item_id", rules=("end_us > start_us", "answer < len(options)")):
    """One question about one video, with options, the right one, and the program that leads to it.

    ``pictures_us`` are the times of the pictures in the order in which they are shown, ``labels`` what stands under
    each. ``program`` is a JSON list of steps ``{"op", "args", "out", "text"}``, computed or told by a model, in which a
    step that rests on footage also has ``"seen"``, a list of ``{"start_us", "end_us", "what", "shot_id"}``; a step
    without text is a check that nobody tells. [start_us, end_us) is the footage that the item is about.
    """

    item_id: ItemId
    video_id: VideoId
    uri: str
    task: Words
    question: Words
    options: tuple[str, ...]
    answer: Count
    answer_text: Words
    pictures_us: tuple[int, ...]
    labels: tuple[str, ...]
    shot_ids: tuple[str, ...]
    start_us: Micros
    end_us: Micros
    seed: Count
    wording: Count
    program: JsonText


class Recheck(Row, table="rechecks", key="signal_id", published=False):
    """One video's items with their pictures as a second reader found them, and the video's low-resolution track.

    The track comes a stretch to a row, as in ``timelines``; the items are all in the row of the first stretch.
    ``item_*`` run in parallel, one element per item; ``item_options`` and ``item_labels`` are JSON lists. ``picture_*``
    run in parallel, one element per picture of every item, by item and in the order shown; a picture that could not be
    taken again is missing. ``grids`` and ``pts_us`` are as in ``timelines``, ``picture_grids`` and ``picture_lumas``
    as in ``frames_again``. When a picture was asked for is not among the columns: that is to be found again.
    """

    signal_id: SignalId
    video_id: VideoId
    pts_us: Times
    grids: bytes
    item_ids: tuple[str, ...]
    item_tasks: tuple[str, ...]
    item_questions: tuple[str, ...]
    item_options: tuple[str, ...]
    item_labels: tuple[str, ...]
    item_starts_us: tuple[int, ...]
    item_ends_us: tuple[int, ...]
    picture_items: tuple[str, ...]
    picture_grids: tuple[bytes, ...]
    picture_lumas: tuple[bytes, ...]


class Evidence(Row, table="evidence", key="evidence_id", rules=("end_us > start_us",)):
    """One stretch of footage that an item's answer rests on, and what is to be seen there."""

    evidence_id: str
    item_id: ItemId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    shot_id: ShotId | None = None
    what: Words


class TraceStep(Row, table="traces", key="trace_id"):
    """One step of the reasoning that leads to an item's answer, with the value that the program computed there."""

    trace_id: str
    item_id: ItemId
    video_id: VideoId
    step: Count
    op: str
    arguments: JsonText
    result: JsonText
    text: Words


class Answer(Row, table="answers", key="answer_id"):
    """What somebody answered to an item, under which condition. Kept apart from the item and from any verdict.

    ``choice`` is the option's index, null where no answer could be reached; ``detail`` then says why. ``place`` is
    where that option stood when it was asked; ``look`` numbers the frame that was shown where only one was.
    """

    answer_id: str
    item_id: ItemId
    video_id: VideoId
    by: str
    repeat: Count
    choice: Count | None = None
    confidence: Score | None = None
    detail: str | None = None
    condition: Condition | None = None
    look: Count | None = None
    place: Count | None = None


class Guess(Row, table="guesses", key="answer_id"):
    """What a text-only classifier, trained on other videos, guesses of an item from its wording and options alone."""

    answer_id: str
    item_id: ItemId
    video_id: VideoId
    task: Words
    repeat: Count
    choice: Count
    confidence: Score
    is_right: bool


class Twin(Row, table="twins", key="shot_id"):
    """A shot that nearly repeats one of another video, whose id comes first, by length and perceptual hash."""

    shot_id: ShotId
    video_id: VideoId
    twin_of: ShotId
    distance: Count


class Verdict(Row, table="verdicts", key="verdict_id"):
    """What one gate says of one item, and why. A threshold can change without anything being asked again."""

    verdict_id: str
    item_id: ItemId
    video_id: VideoId
    gate: Gate
    passed: bool
    reason: Words
