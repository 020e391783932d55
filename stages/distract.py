"""Wrong answers, as long as the right one."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated

from annotated_types import Ge, Len

from schemas.chat import Form, Reply, Request
from schemas.questions import Distraction, SoundClaim
from schemas.rejects import Reject, reject
from schemas.units import Count, Ratio
from stages.ask import Ask
from stages.captions_told import captions
from stages.plain import plain
from stages.quoted import quote
from stages.span_told import span

WANTED = 3


class WrongAnswers(Form):
    """Three wrong answers."""

    distractors: Annotated[list[Annotated[str, Len(1, 600)]], Len(WANTED, WANTED)]


class WriteDistractors(Ask[SoundClaim, Distraction], role="writer", prompt="write_distractors_1", version=1):
    """Write three wrong answers to each question, false of the footage, and about as long as the right one.

    The longest of the four may have ``ratio`` times the characters of the shortest, or ``slack`` more, whichever is
    more. Otherwise, or when two say the same, the question is rejected: nobody is asked again.
    """

    ratio: Annotated[Ratio, Ge(1)] = 1.8
    slack: Count = 12

    def render(self, row: SoundClaim) -> Request:
        """The question with its answer, and all captions of its group."""
        asked = f"{quote('question', row.question)}\n{quote('answer', row.answer)}"
        return Request(self.prompt, (span(row), captions(row), asked), WrongAnswers, max_tokens=768)

    def parse(self, row: SoundClaim, reply: Reply) -> Iterator[Distraction | Reject]:
        """The wrong answers, or what is wrong with them."""
        texts = tuple(map(plain, reply.filled(WrongAnswers).distractors))
        if wrong := self._wrong((row.answer, *texts)):
            yield reject(self, row, "bad_answer", f"{reply.model}: {wrong}: {' | '.join((row.answer, *texts))}")
            return
        yield Distraction(question_id=row.question_id, video_id=row.video_id, texts=texts, by=reply.model)

    def _wrong(self, options: Sequence[str]) -> str:
        words = [" ".join(re.findall(r"\w+", text.casefold())) for text in options]
        if not all(words) or len(set(words)) < len(words):
            return "an option is empty, or two of them say the same"
        short, long = min(map(len, options)), max(map(len, options))
        if long > max(self.ratio * short, short + self.slack):
            return f"the options have {short} to {long} characters, which is more than {self.ratio:g} to 1"
        return ""
