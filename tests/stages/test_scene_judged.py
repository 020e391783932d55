"""Panels and judges of scene questions: every answer is kept as it was meant, and none that means nothing."""

from collections import Counter
from typing import Any

import pytest

from schemas.chat import Form, NoReply, Request
from schemas.items import Answer, Item
from schemas.judged import Case, ClaimCheck, ControlAnswer, ControlSheet, Match, OpenAnswer, OpenSheet, OptionCheck
from schemas.rejects import Reject
from stages.choice import option_form
from stages.scene_blind import AnswerBlind, AnswerOutOfContext
from stages.scene_judge import (
    AnswerOpen,
    CheckClaims,
    CheckDistractors,
    ClaimJudged,
    ClaimsJudged,
    MatchAnswers,
    OpenReply,
    OptionJudged,
    OptionMeant,
    OptionsJudged,
)
from tests.builders import FakeChat, FakeEnv, row

OPTIONS = ("red", "blue", "green", "white")
ITEM = row(Item, question="Which colour has the kite?", options=OPTIONS, answer=2)
SHEET = row(ControlSheet, question="Which colour has the kite?", options=OPTIONS, context=("A boat is red.",))
FACTS: dict[str, Any] = {
    "labels": ("V1", "D1"),
    "starts_us": (0, 1),
    "ends_us": (1, 2),
    "texts": ("The kite is green.", "Look!"),
}
CASE = row(Case, question="Which colour has the kite?", options=OPTIONS, answer=2, start_us=0, end_us=9, **FACTS)


def color_at(request: Request, letter: str) -> str:
    text = str(request.parts[-1])
    return text.split(f'"{letter}": "')[1].split('"', maxsplit=1)[0]


def chosen(letter: str) -> Form:
    return option_form(len(OPTIONS)).model_validate({"answer": letter})


def finding(color: str) -> FakeChat:
    """A member that knows the colour, wherever it stands."""

    def answer(request: Request) -> Form:
        return chosen(next(letter for letter in "ABCD" if color_at(request, letter) == color))

    return FakeChat(answer, model=f"{color}@1")


def test_a_blind_answer_is_kept_as_the_items_own_option_in_every_order() -> None:
    stage = AnswerBlind(repeats=8)
    panel = (finding("green"), finding("red"))
    made = list(stage.run([ITEM], stage.open(FakeEnv(panels={"blind": panel}))))
    answers = [one for one in made if isinstance(one, Answer)]
    assert Counter((one.by, one.choice) for one in answers) == {("green@1", 2): 8, ("red@1", 0): 8}
    assert sorted(one.repeat for one in answers) == sorted([*range(8)] * 2)
    assert len({one.answer_id for one in answers}) == 16


def test_the_panel_sees_every_option_at_every_place_equally_often_and_nothing_of_the_film() -> None:
    requests = AnswerBlind(repeats=8).render(ITEM)
    assert Counter(color_at(request, "A") for request in requests) == dict.fromkeys(OPTIONS, 2)
    assert len({request.parts for request in requests}) == 8
    for request in requests:
        assert len(request.parts) == 1
        assert ITEM.video_id not in str(request.parts)


def test_a_member_that_always_says_a_is_right_by_chance() -> None:
    made = AnswerBlind(repeats=8).run([ITEM], (FakeChat(lambda _: chosen("A")),))
    assert Counter(one.choice for one in made if isinstance(one, Answer)) == dict.fromkeys(range(4), 2)


def test_a_member_can_choose_no_letter_without_an_option() -> None:
    short = row(Item, options=("red", "blue"), answer=0)
    assert {request.form for request in AnswerBlind(repeats=4).render(short)} == {option_form(2)}


def test_the_control_shows_another_scene_and_is_kept_apart() -> None:
    chat = finding("blue")
    made = list(AnswerOutOfContext(repeats=2).run([SHEET], (chat,)))
    assert [one.choice for one in made if isinstance(one, ControlAnswer)] == [1, 1]
    assert all("A boat is red." in str(request.parts[0]) for request in chat.asked)


def test_a_judge_answers_without_seeing_the_options() -> None:
    chat = FakeChat(lambda _: OpenReply(answer=" Green. ", fact_ids=["V1", "V7", "V1"]))
    made = list(AnswerOpen(samples=3).run([CASE], (chat,)))
    assert [(one.text, one.facts, one.repeat) for one in made if isinstance(one, OpenAnswer)] == [
        ("Green.", ("V1",), sample) for sample in range(3)
    ]
    assert all("white" not in str(request.parts) for request in chat.asked)
    assert len({request.key("m@1") for request in chat.asked}) == 3


def test_an_open_answer_means_one_option_or_none() -> None:
    sheet = row(OpenSheet, question="Which?", options=OPTIONS, text="like grass")
    for said, choice in (("C", 2), ("none", None)):
        [made] = MatchAnswers().run([sheet], (FakeChat(lambda _, said=said: OptionMeant(answer=said)),))  # type: ignore[misc]
        assert isinstance(made, Match)
        assert made.choice == choice


def test_a_claim_that_no_fact_supports_is_not_stated() -> None:
    claims = [
        ClaimJudged(claim="There is a kite.", status="supported", fact_ids=["V1"]),
        ClaimJudged(claim="It is green.", status="supported", fact_ids=["V9"]),
        ClaimJudged(claim="It flies.", status="contradicted", fact_ids=["D1"]),
    ]
    made = list(CheckClaims(samples=1).run([CASE], (FakeChat(lambda _: ClaimsJudged(claims=claims)),)))
    assert [(one.status, one.facts) for one in made if isinstance(one, ClaimCheck)] == [
        ("supported", ("V1",)),
        ("not_stated", ()),
        ("contradicted", ("D1",)),
    ]


def test_only_wrong_options_are_tried_and_all_of_them() -> None:
    judged = [OptionJudged(letter=letter, status="wrong", fact_ids=["V1"]) for letter in ("A", "B", "C")]
    chat = FakeChat(lambda _: OptionsJudged(options=judged))
    made = list(CheckDistractors(samples=1).run([CASE], (chat,)))
    assert [one.option for one in made if isinstance(one, OptionCheck)] == [0, 1, 3]
    assert [color_at(chat.asked[0], letter) for letter in "ABC"] == ["red", "blue", "white"]
    [partial] = CheckDistractors(samples=1).run([CASE], (FakeChat(lambda _: OptionsJudged(options=judged[:2])),))
    assert isinstance(partial, Reject)
    assert partial.reason == "bad_answer"


@pytest.mark.parametrize("stage", [AnswerOpen(samples=2), CheckClaims(samples=2), CheckDistractors(samples=2)])
def test_a_judge_that_refuses_is_a_reject_per_sample(stage: Any) -> None:
    made = list(stage.run([CASE], (FakeChat(lambda _: NoReply("fake@1", "refused", "no", "No.")),)))
    assert [one.reason for one in made] == ["refused"] * 2
    assert len({one.reject_id for one in made}) == 2
