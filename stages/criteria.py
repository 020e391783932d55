"""Questions judged by another family of models than wrote them, criterion by criterion."""

from collections.abc import Iterator
from typing import Annotated, get_args

from annotated_types import Len

from schemas.chat import Form, Reply, Request
from schemas.questions import Claim, Criterion, CriterionCheck
from schemas.rejects import Reject
from stages.ask import AskPanel
from stages.captions_told import captions
from stages.plain import plain
from stages.quoted import quote
from stages.span_told import span

CRITERIA: tuple[Criterion, ...] = get_args(Criterion)


class Violation(Form):
    """A criterion that is not met, and why not, in one sentence."""

    criterion: Criterion
    explanation: Annotated[str, Len(1, 600)]


class CriteriaCheck(Form):
    """The criteria that a question violates; none when it is a good one."""

    violated: Annotated[list[Violation], Len(0, 10)]


class CheckCriteria(AskPanel[Claim, CriterionCheck], role="judge", prompt="check_criteria_1", version=1):
    """Check each question and answer against the captions they were written from, by five criteria.

    Every judge does so ``samples`` times. A violated criterion is kept with its explanation; what follows from it is
    decided in SQL. A judgement that is no usable answer gives a reject, and counts neither way.
    """

    samples: int = 5

    def render(self, row: Claim) -> Request:
        """The question with its answer, and all captions of its group."""
        asked = f"{quote('question', row.question)}\n{quote('answer', row.answer)}"
        return Request(self.prompt, (span(row), captions(row), asked), CriteriaCheck, max_tokens=768, temperature=0.7)

    def parse(self, row: Claim, reply: Reply) -> Iterator[CriterionCheck | Reject]:
        """A row per criterion, violated or not."""
        found: dict[str, list[str]] = {}
        for one in reply.filled(CriteriaCheck).violated:
            found.setdefault(one.criterion, []).append(plain(one.explanation))
        for criterion in CRITERIA:
            yield CriterionCheck(
                check_id=f"{row.question_id}/{criterion}/{reply.model}/{reply.sample}",
                question_id=row.question_id,
                video_id=row.video_id,
                criterion=criterion,
                violated=criterion in found,
                explanation=" ".join(found[criterion]) if criterion in found else None,
                by=reply.model,
                sample=reply.sample,
            )
