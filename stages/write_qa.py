"""Open questions that need several pictures, written by a model from captions."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from annotated_types import Ge, Len

from schemas.chat import Form, Reply, Request
from schemas.questions import Question
from schemas.rejects import Reject, reject
from schemas.text import CaptionGroup
from schemas.units import Count, QuestionId
from stages import espresso_tasks
from stages.ask import Ask
from stages.captions_told import captions, ids_of
from stages.plain import plain
from stages.span_told import span


class FrameQuestion(Form):
    """A question, its answer, the task it belongs to, and the labels of the captions that it takes."""

    question: Annotated[str, Len(1, 500)]
    answer: Annotated[str, Len(1, 400)]
    task: espresso_tasks.Named
    caption_ids: list[str]


class FrameQuestions(Form):
    """The questions about one group of captions."""

    questions: Annotated[list[FrameQuestion], Len(0, 16)]


class WriteQa(Ask[CaptionGroup, Question], role="writer", prompt="write_qa_1", version=1):
    """Write questions with open answers from each group of captions, each of them in need of several captions.

    ``most`` is how many a group may give. A question that cites a caption that is not there, fewer than ``least``
    different ones, or that gives its own answer away is rejected, and the others are kept.
    """

    most: Annotated[Count, Ge(1)] = 2
    least: Count = 2

    def render(self, row: CaptionGroup) -> Request:
        """The captions of the group, the tasks, and how many questions are wanted."""
        wanted = json.dumps({"wanted": self.most})
        wish = f"{wanted}\nWrite at most {self.most} questions. The tasks:\n{espresso_tasks.listed()}"
        return Request(self.prompt, (span(row), captions(row), wish), FrameQuestions, max_tokens=512 * self.most)

    def parse(self, row: CaptionGroup, reply: Reply) -> Iterator[Question | Reject]:
        """A row for each good question, and a reject for each other one."""
        told: set[str] = set()
        for number, asked in enumerate(reply.filled(FrameQuestions).questions[: self.most]):
            wrong = self._wrong(row, asked) or ("it was asked before" if _words(asked.question) in told else "")
            told.add(_words(asked.question))
            if wrong:
                made = reject(self, row, "bad_answer", f"{reply.model}: {wrong}: {asked.question} — {asked.answer}")
                yield replace(made, reject_id=f"{made.reject_id}/{number}")
                continue
            yield Question(
                question_id=QuestionId(f"{row.group_id}/q{number}"),
                video_id=row.video_id,
                group_id=row.group_id,
                task=asked.task,
                question=plain(asked.question),
                answer=plain(asked.answer),
                caption_ids=ids_of(row, asked.caption_ids),
                by=reply.model,
            )

    def _wrong(self, row: CaptionGroup, asked: FrameQuestion) -> str:
        """What code can see to be wrong with a question; empty when it sees nothing."""
        try:
            cited = ids_of(row, asked.caption_ids)
        except KeyError as missing:
            return f"it cites {missing}, and the group has c1 to c{len(row.caption_ids)}"
        if len(cited) < self.least:
            return f"it cites {len(cited)} captions, and needs at least {self.least}"
        if not _words(asked.question) or not _words(asked.answer):
            return "its question or answer has no word"
        if re.search(rf"(?<!\w){re.escape(_words(asked.answer))}(?!\w)", _words(asked.question)):
            return "its question holds its answer"
        return ""


def _words(text: str) -> str:
    """The words of a text, in lower case, with one space between each."""
    return " ".join(re.findall(r"\w+", text.casefold()))
