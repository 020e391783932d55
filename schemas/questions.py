"""The tables about questions that models write: open answers, what a judge says of them, and what leads to them."""

from typing import Literal

from schemas.row import Row
from schemas.units import (
    CaptionId,
    Count,
    GroupId,
    JsonText,
    Micros,
    QuestionId,
    Score,
    ShotId,
    Signed,
    VideoId,
    Words,
)

Criterion = Literal["several_frames", "reasoning", "determined", "objective", "consistent"]


class Question(Row, table="questions", key="question_id"):
    """A question that a model wrote from a group of captions, with its open answer; nobody has checked it yet.

    ``caption_ids`` are the captions of the group that it says one needs for the answer.
    """

    question_id: QuestionId
    video_id: VideoId
    group_id: GroupId
    task: Words
    question: Words
    answer: Words
    caption_ids: tuple[str, ...]
    by: str


class Claim(Row, table="claims", key="question_id", rules=("end_us > start_us",), published=False):
    """A question with its answer, beside the captions that it was written from: what a judge is shown.

    ``caption_ids``, ``starts_us`` and ``texts`` are those of the whole group, in parallel and in order of time.
    """

    question_id: QuestionId
    video_id: VideoId
    task: Words
    question: Words
    answer: Words
    start_us: Micros
    end_us: Micros
    caption_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    texts: tuple[str, ...]


class CriterionCheck(Row, table="criterion_checks", key="check_id"):
    """What a judge says of one question by one criterion: whether it is violated, and how. Kept apart from verdicts.

    ``by`` is the judge, ``sample`` numbers its judgements.
    """

    check_id: str
    question_id: QuestionId
    video_id: VideoId
    criterion: Criterion
    violated: bool
    explanation: str | None = None
    by: str
    sample: Count


class SoundClaim(Row, table="sound_claims", key="question_id", rules=("end_us > start_us",), published=False):
    """A claim of which the judge finds no criterion violated; columns as in ``claims``."""

    question_id: QuestionId
    video_id: VideoId
    task: Words
    question: Words
    answer: Words
    start_us: Micros
    end_us: Micros
    caption_ids: tuple[str, ...]
    starts_us: tuple[int, ...]
    texts: tuple[str, ...]


class Chain(Row, table="chains", key="question_id"):
    """The way from footage to an answer: the captions it takes, the objects that matter in them, and the reasoning."""

    question_id: QuestionId
    video_id: VideoId
    caption_ids: tuple[str, ...]
    key_objects: tuple[str, ...]
    evidence: Words
    by: str


class Distraction(Row, table="distractions", key="question_id"):
    """Wrong answers to a question, about as long as the right one."""

    question_id: QuestionId
    video_id: VideoId
    texts: tuple[str, ...]
    by: str


class Region(Row, table="regions", key="region_id", rules=("x_to > x_from", "y_to > y_from")):
    """A box around a named object in the picture of a caption, in shares of its width and height from the top left.

    ``score`` is how sure the detector is. ``likeness`` is the cosine of the box's content and the name, null where
    nobody compared them: such a box is not verified.
    """

    region_id: str
    video_id: VideoId
    caption_id: CaptionId
    at_us: Micros
    label: Words
    x_from: Score
    y_from: Score
    x_to: Score
    y_to: Score
    score: Score
    likeness: Signed | None = None
    by: str


class Grounding(Row, table="groundings", key="grounding_id", rules=("end_us > start_us",)):
    """When a core caption of a question holds: the stretch around its frame whose captions say the same.

    ``n_frames`` is how many captions in a row do, the own one included; ``n_elsewhere`` how many others of the video.
    """

    grounding_id: str
    question_id: QuestionId
    video_id: VideoId
    caption_id: CaptionId
    at_us: Micros
    start_us: Micros
    end_us: Micros
    n_frames: Count
    n_elsewhere: Count
    shot_id: ShotId | None = None
    text: Words


class Assembly(Row, table="assemblies", key="question_id", rules=("end_us > start_us",), published=False):
    """All that an item with options is put together from. ``steps_*`` run in parallel, a core caption each.

    ``regions`` is a JSON list of ``{label, at_us, box}``, empty where nothing was detected.
    """

    question_id: QuestionId
    video_id: VideoId
    uri: str
    task: Words
    question: Words
    answer: Words
    distractors: tuple[str, ...]
    key_objects: tuple[str, ...]
    evidence: Words
    start_us: Micros
    end_us: Micros
    steps_caption_id: tuple[str, ...]
    steps_at_us: tuple[int, ...]
    steps_start_us: tuple[int, ...]
    steps_end_us: tuple[int, ...]
    steps_shot_id: tuple[str, ...]
    steps_text: tuple[str, ...]
    regions: JsonText
