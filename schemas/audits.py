"""The tables about questions that others wrote: as they were given, what is shown for them, and how they are sorted."""

from typing import Literal, NewType

from schemas.errors import Reason
from schemas.items import Answer
from schemas.row import Row
from schemas.units import BlobId, Count, ItemId, Micros, Score, SourceId, VideoId, Words

QuestionFile = NewType("QuestionFile", str)
"""A setting of a recipe that names a file of questions: a path to the user, the blob with its content to a stage."""

Answerable = Literal["blind", "single frame", "any order", "in order", "nobody", "unsorted"]
Category = Literal["llm_answerable", "semantic", "temporal", "others"]


class GivenQuestion(Row, table="given_questions", key="question_id", published=False):
    """One question of a set as it was given, read but not believed.

    ``uri`` is the source that holds its video; ``name`` is what the set calls it. ``flaw`` is why the question cannot
    be asked, null for a sound one, whose ``answer`` is the index of the right option. Times are null for the whole
    video; ``pictures_us`` and ``labels`` are those that the question itself speaks of, empty where it speaks of none.
    """

    question_id: str
    uri: str
    name: str
    task: str
    question: str
    options: tuple[str, ...]
    answer: Count | None = None
    start_us: Micros | None = None
    end_us: Micros | None = None
    pictures_us: tuple[int, ...]
    labels: tuple[str, ...]
    flaw: Reason | None = None
    detail: str | None = None


class Entry(Row, table="entries", key="entry_id", rules=("answer < len(options)",)):
    """One question under audit, beside the source that holds its video; columns as in ``given_questions``."""

    entry_id: str
    source_id: SourceId
    name: str
    task: Words
    question: Words
    options: tuple[str, ...]
    answer: Count
    start_us: Micros | None = None
    end_us: Micros | None = None
    pictures_us: tuple[int, ...]
    labels: tuple[str, ...]


class Sheet(Row, table="sheets", key="item_id", published=False):
    """A question with the frames that are shown for it, in order, and no word about the answer: what a panel gets.

    ``labels`` stand under the frames, one each, or there are none.
    """

    item_id: ItemId
    video_id: VideoId
    question: Words
    options: tuple[str, ...]
    start_us: Micros
    end_us: Micros
    pictures: tuple[BlobId, ...]
    labels: tuple[str, ...]


class BlindAnswer(Answer, table="blind_answers", key="answer_id", published=False):
    """What a member of the blind panel answers without a frame; columns as in ``answers``."""


class SeenAnswer(Answer, table="seen_answers", key="answer_id", published=False):
    """What a member of the seeing panel answers from frames; columns as in ``answers``."""


class Audit(Row, table="audits", key="item_id", rules=("answer < len(options)",)):
    """One question with what it takes to answer it, and how often the panels were right under each condition.

    ``answerable`` is the least that is enough: the question alone, one of its frames, its frames in any order, or its
    frames in order; ``category`` is the same in the words of VBenchComp. Accuracies are those of all members together,
    in one frame that of the best frame, null where nobody was asked. ``doubt`` bounds the probability that luck, good
    or bad, has sorted it so. ``rival`` is a wrong option that the panel chooses with the frames in order, more often
    than by luck: its key may be wrong.
    """

    item_id: ItemId
    video_id: VideoId
    uri: str
    task: Words
    question: Words
    options: tuple[str, ...]
    answer: Count
    answer_text: Words
    start_us: Micros
    end_us: Micros
    answerable: Answerable
    category: Category | None = None
    doubt: Score
    is_sure: bool
    blind_accuracy: Score | None = None
    single_accuracy: Score | None = None
    shuffled_accuracy: Score | None = None
    ordered_accuracy: Score | None = None
    n_answers: Count
    rival: Count | None = None
    why: Words
    license: str | None = None
    origin: str | None = None
    title: str | None = None
