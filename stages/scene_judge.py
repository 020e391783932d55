"""Whether an item is true of its scene: judges answer it openly, take it apart into claims, and try its options."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

import pydantic

from schemas.chat import Form, Reply, Request
from schemas.judged import Case, ClaimCheck, Match, OpenAnswer, OpenSheet, OptionCheck
from schemas.rejects import Reject, reject
from stages import scene_told as told
from stages.ask import AskPanel
from stages.plain import plain
from stages.quoted import AS_DATA
from stages.span_told import span

MOST_CHARACTERS = 400
TEMPERATURE = 0.5
"""So that several samples of one judge are several opinions."""


class OpenReply(Form):
    """A short answer, and the ids of the facts that it rests on."""

    answer: str
    fact_ids: list[str]


class OptionMeant(Form):
    """The letter of the option that an answer means, or none."""

    answer: Literal["A", "B", "C", "D", "none"]


class ClaimJudged(Form):
    """One claim, whether the facts bear it out, and the ids of the facts that say so."""

    claim: str
    status: Literal["supported", "contradicted", "not_stated"]
    fact_ids: list[str]


class ClaimsJudged(Form):
    """All claims of a question and its answer."""

    claims: Annotated[list[ClaimJudged], pydantic.Field(min_length=1, max_length=8)]


class OptionJudged(Form):
    """One option, whether it would be a right answer, and the ids of the facts that say so."""

    letter: Literal["A", "B", "C"]
    status: Literal["wrong", "right", "cannot_tell"]
    fact_ids: list[str]


class OptionsJudged(Form):
    """All options that are meant to be wrong."""

    options: Annotated[list[OptionJudged], pydantic.Field(max_length=3)]


class AnswerOpen(AskPanel[Case, OpenAnswer], role="judge", version=1, prompt="scene_answer_open_1"):
    """Answer each item from the facts of its scene, without its options: every judge, ``samples`` times."""

    samples: int = 5

    def render(self, row: Case) -> Request:
        """The facts and the bare question."""
        return _asked(self.prompt, row, told.question(row.question), OpenReply)

    def parse(self, row: Case, reply: Reply) -> Iterator[OpenAnswer | Reject]:
        """The answer, in one line, with those of its ids that are facts of the scene."""
        form = reply.filled(OpenReply)
        text = plain(form.answer)[:MOST_CHARACTERS]
        if not text:
            yield _bad_answer(self, row, reply, "an empty answer")
            return
        facts = _known(row, form.fact_ids)
        yield OpenAnswer(answer_id=f"{row.item_id}/open/{_whose(reply)}", **_facts(row, reply), text=text, facts=facts)


class MatchAnswers(AskPanel[OpenSheet, Match], role="judge", version=1, prompt="scene_match_answer_1"):
    """Say which option each open answer means; the judge that gave it may be another one."""

    def render(self, row: OpenSheet) -> Request:
        """The question with its options, and the answer."""
        question = told.question(row.question, row.options, given=row.text)
        return Request(f"{self.prompt}\n{AS_DATA}", (question,), OptionMeant, max_tokens=256)

    def parse(self, row: OpenSheet, reply: Reply) -> Iterator[Match | Reject]:
        """The option's index, null for none."""
        letter = reply.filled(OptionMeant).answer
        yield Match(
            match_id=f"{row.answer_id}/{_whose(reply)}",
            answer_id=row.answer_id,
            item_id=row.item_id,
            video_id=row.video_id,
            by=reply.model,
            choice=None if letter == "none" else told.LETTERS.index(letter),
        )


class CheckClaims(AskPanel[Case, ClaimCheck], role="judge", version=1, prompt="scene_check_claims_1"):
    """Take each item's question and right answer apart into claims, and check each against the facts of its scene."""

    samples: int = 5

    def render(self, row: Case) -> Request:
        """The facts, and the question with its answer."""
        stated = told.question(row.question, answer=row.options[row.answer])
        return _asked(self.prompt, row, stated, ClaimsJudged)

    def parse(self, row: Case, reply: Reply) -> Iterator[ClaimCheck | Reject]:
        """A row per claim. One that is called supported by no fact of the scene is not stated."""
        for number, one in enumerate(reply.filled(ClaimsJudged).claims):
            facts = _known(row, one.fact_ids)
            is_bare = one.status == "supported" and not facts
            yield ClaimCheck(
                claim_id=f"{row.item_id}/claims/{_whose(reply)}/{number}",
                **_facts(row, reply),
                text=plain(one.claim)[:MOST_CHARACTERS] or "(an empty claim)",
                status="not_stated" if is_bare else one.status,
                facts=facts,
            )


class CheckDistractors(AskPanel[Case, OptionCheck], role="judge", version=1, prompt="scene_check_distractors_1"):
    """Check that each wrong option of an item is wrong by the facts of its scene."""

    samples: int = 5

    def render(self, row: Case) -> Request:
        """The facts, and the question with its wrong options alone."""
        return _asked(
            self.prompt, row, told.question(row.question, [row.options[at] for at in _wrong(row)]), OptionsJudged
        )

    def parse(self, row: Case, reply: Reply) -> Iterator[OptionCheck | Reject]:
        """A row per option that was judged, its first judgement only; a reply that leaves one out is turned away."""
        judged = {one.letter: one for one in reversed(reply.filled(OptionsJudged).options)}
        wrong = dict(zip(told.LETTERS, _wrong(row), strict=False))
        if set(judged) != set(wrong):
            yield _bad_answer(self, row, reply, f"it judged {sorted(judged)}, not {sorted(wrong)}")
            return
        for letter, one in sorted(judged.items()):
            yield OptionCheck(
                check_id=f"{row.item_id}/options/{_whose(reply)}/{letter}",
                **_facts(row, reply),
                option=wrong[letter],
                status=one.status,
                facts=_known(row, one.fact_ids),
            )


def _asked(prompt: str, row: Case, question: str, form: type[Form]) -> Request:
    known = f"{span(row)}\n{told.facts(row)}"
    return Request(f"{prompt}\n{AS_DATA}", (known, question), form, max_tokens=1500, temperature=TEMPERATURE)


def _wrong(row: Case) -> list[int]:
    return [at for at in range(len(row.options)) if at != row.answer]


def _known(row: Case, cited: list[str]) -> tuple[str, ...]:
    return tuple(label for label in dict.fromkeys(cited) if label in row.labels)


def _whose(reply: Reply) -> str:
    return f"{reply.model}/{reply.sample}"


def _facts(row: Case, reply: Reply) -> dict[str, Any]:
    return {"item_id": row.item_id, "video_id": row.video_id, "by": reply.model, "repeat": reply.sample}


def _bad_answer(stage: object, row: Case, reply: Reply, why: str) -> Reject:
    """The reject of one answer about a row that others answer, too: it has an id of its own."""
    made = reject(stage, row, "bad_answer", f"{reply.model}: {why}")
    return replace(made, reject_id=f"{made.reject_id}/{reply.model}/{reply.number}/{reply.sample}")
