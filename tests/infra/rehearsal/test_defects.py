"""What is planted, how often, and that each is told in the log."""

import json
from collections import Counter
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from infra.rehearsal.asked import Item
from infra.rehearsal.chats import Chats
from infra.rehearsal.defects import DEFECTS, questions
from infra.rehearsal.mind import Mind, given_away
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Truth
from tests.infra.rehearsal import films
from tests.infra.rehearsal.films import TRUTH, form, span, understood

pytestmark = pytest.mark.slow

FORM = films.questions(least=2, most=2)
CAPTION = form({"caption": {"type": "string"}})
PER_ITEM = ("hallucinated", "blind", "wrong_letter")


def answers(
    defects: dict[str, float], count: int, schema: dict[str, Any] = FORM, truth: Truth = TRUTH
) -> list[tuple[str, tuple[dict[str, Any], ...]]]:
    """The text of each answer, and what was planted in it."""
    settings = Settings(seed=11, defects=defects)
    chats = Chats(settings, Mind(settings, truth), {}, lambda: 0.0)
    found = []
    for number in range(count):
        asked = understood(f"Asking {number}.", span("aaaa", number % 5), schema=schema)
        outcome = chats.outcome(asked, number)
        message = json.loads(outcome.sent.body)["choices"][0]["message"]
        found.append((message["content"] or message["refusal"], outcome.planted))
    return found


def test_defects_come_at_their_rates() -> None:
    rates = {
        "hallucinated": 0.1,
        "blind": 0.2,
        "wrong_letter": 0.03,
        "refused": 0.02,
        "broken_json": 0.05,
        "prose": 0.1,
    }
    found = answers(rates, 2000)
    planted = Counter(one["defect"] for _, told in found for one in told)
    for name, rate in rates.items():
        among = 4000 if name in PER_ITEM else 2000
        assert planted[name] / among == pytest.approx(rate, abs=4 * (rate * (1 - rate) / among) ** 0.5), name


def items(text: str) -> list[dict[str, Any]]:
    jsonschema.validate(json.loads(text), FORM)
    return [question.holder for question in questions(json.loads(text))]


def right(item: dict[str, Any]) -> str:
    return str(item["options"]["ABCD".index(item["answer"])])


def test_what_is_not_spoilt_is_true_and_cannot_be_guessed_from_its_words() -> None:
    for text, planted in answers({}, 100):
        assert planted == ()
        for item in items(text):
            options = dict(zip("ABCD", item["options"], strict=True))
            assert TRUTH.judged(Item(item["question"], options), right(item), ["aaaa"]) == "supported"
            assert given_away(Item(item["question"], options)) is None
            assert len(set(item["options"])) == 4


@pytest.mark.parametrize("name", PER_ITEM)
def test_a_spoilt_question_keeps_its_form_and_is_told_by_its_text(name: str) -> None:
    for text, planted in answers({name: 1.0}, 100):
        for item, told in zip(items(text), planted, strict=True):
            item_now = Item(item["question"], dict(zip("ABCD", item["options"], strict=True)))
            assert (told["defect"], told["question"]) == (name, item["question"])
            status = TRUTH.judged(item_now, right(item), ["aaaa"])
            assert status == ("supported" if name == "blind" else "contradicted")
            assert (given_away(item_now) is not None) is (name == "blind")
            if name == "hallucinated":
                fact = TRUTH.answered(item_now, ["aaaa"])
                assert fact is not None
                assert fact.value not in item["options"]


def test_a_text_may_tell_a_falsehood() -> None:
    for text, planted in answers({"hallucinated_text": 1.0}, 50, CAPTION):
        assert TRUTH.status(json.loads(text)["caption"], ["aaaa"]) == "contradicted"
        assert planted[0]["text"] in text


def test_without_a_truth_what_is_hallucinated_is_plainly_invented() -> None:
    for text, planted in answers({"hallucinated": 1.0}, 20, truth=Truth()):
        for item, told in zip(items(text), planted, strict=True):
            assert Truth().status(right(item)) == "contradicted"
            assert told["answer"] == right(item)


def test_broken_json_cannot_be_read_and_prose_stands_around_it() -> None:
    for text, _ in answers({"broken_json": 1.0}, 20):
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            json.loads(text)
    for text, _ in answers({"prose": 1.0}, 20):
        assert text.startswith("Sure!")
        jsonschema.validate(json.JSONDecoder().raw_decode(text, text.index("{"))[0], FORM)
    assert all("sorry" in text for text, _ in answers({"refused": 1.0}, 20))


def test_an_open_question_may_be_answered_falsely() -> None:
    schema = form({"question": {"type": "string"}, "answer": {"type": "string"}})
    for name, status in (("hallucinated", "contradicted"), ("blind", "supported")):
        for text, _ in answers({name: 1.0}, 30, schema):
            told = json.loads(text)
            assert TRUTH.judged(Item(told["question"], {}), told["answer"], ["aaaa"]) == status


def test_every_defect_can_be_planted() -> None:
    for name in DEFECTS:
        schema = CAPTION if name == "hallucinated_text" else FORM
        assert all(planted for _, planted in answers({name: 1.0}, 5, schema)), name
