"""Who is right about what, and how often."""

import pytest

from infra.rehearsal.answers import answer
from infra.rehearsal.asked import Item, Span
from infra.rehearsal.mind import Mind, given_away
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import GIVEN_AWAY, Truth
from tests.infra.rehearsal.films import PLACES, TRUTH, form, span, understood

OPTIONS = {"A": "red", "B": "blue", "C": "green", "D": "white"}
QUESTION = "Which colour has the kite over a harbour?"
LETTER = form({"answer": {"type": "string", "enum": list("ABCD")}})
VERDICT = form({"verdict": {"type": "string", "enum": ["supported", "contradicted", "not_stated"]}})
ITEM = {"question": QUESTION, "options": OPTIONS}
N = 400


def mind(accuracy: float = 1.0) -> Mind:
    return Mind(Settings(models={"teacher": accuracy}), TRUTH)


def share(accuracy: float, *said: object, key: str, right: str, pictures: int = 0) -> float:
    """How often the answer is the right one, over many askings that differ in a number alone."""
    schema = LETTER if key == "answer" else VERDICT
    found = 0
    for number in range(N):
        told = answer(understood(*said, f"asking {number}", schema=schema, pictures=pictures), mind(accuracy), schema)
        assert isinstance(told, dict)
        found += told[key] == right
    return found / N


def test_what_pictures_of_the_span_show_is_seen() -> None:
    assert share(1.0, ITEM, span("aaaa", 0), key="answer", right="A", pictures=2) == 1
    assert share(0.95, ITEM, span("aaaa", 0), key="answer", right="A", pictures=2) == pytest.approx(0.95, abs=0.035)


def test_what_the_prompt_states_is_seen() -> None:
    assert share(1.0, ITEM, {"caption": "Over a harbour the kite is red."}, key="answer", right="A") == 1


@pytest.mark.parametrize("said", [(ITEM,), (ITEM, span("aaaa", 3)), (ITEM, span("aaaa", 0))])
def test_without_pictures_or_with_those_of_another_scene_it_is_a_guess(said: tuple[object, ...]) -> None:
    is_elsewhere = len(said) > 1 and said[1] == span("aaaa", 3)
    assert share(1.0, *said, key="answer", right="A", pictures=2 * is_elsewhere) == pytest.approx(0.25, abs=0.07)


def test_what_a_question_gives_away_is_found_blind() -> None:
    item = {**ITEM, "question": f"{QUESTION[:-1]}{GIVEN_AWAY}green?"}
    assert share(0.95, item, key="answer", right="C") == pytest.approx(0.95, abs=0.035)


def test_a_word_within_a_word_gives_nothing_away() -> None:
    assert given_away(Item("Which colour is the covered kite?", OPTIONS)) is None
    assert given_away(Item("Is it red or blue?", OPTIONS)) is None
    assert given_away(Item("Is it red?", OPTIONS)) == "A"


@pytest.mark.parametrize(("letter", "status"), [("A", "supported"), ("B", "contradicted")])
def test_a_judge_tells_a_true_answer_from_a_false_one(letter: str, status: str) -> None:
    item = {**ITEM, "answer": letter}
    assert share(1.0, item, span("aaaa"), key="verdict", right=status) == 1
    assert share(0.95, item, span("aaaa"), key="verdict", right=status) == pytest.approx(0.95, abs=0.035)


def test_each_claim_is_judged_by_itself() -> None:
    claims = [f"Over {place} the kite is red." for place in PLACES]
    one = form({"claim": {"type": "string"}, "status": VERDICT["properties"]["verdict"]})
    schema = form({"claims": {"type": "array", "items": one, "minItems": 5, "maxItems": 5}})
    told = answer(understood(span(), *({"claim": claim} for claim in claims), schema=schema), mind(), schema)
    assert isinstance(told, dict)
    assert [one["status"] for one in told["claims"]] == ["supported"] + ["contradicted"] * 4


def test_what_is_true_of_one_film_is_false_of_another() -> None:
    text = "Over a harbour the kite is red."
    assert TRUTH.status(text, ["aaaa"]) == "supported"
    assert TRUTH.status(text, ["bbbb"]) == "contradicted"
    assert TRUTH.status("The sea is calm.", ["aaaa"]) == "not_stated"


def test_facts_are_found_by_span() -> None:
    assert len(TRUTH.facts([Span("aaaa", 0, 2_000_000)])) == 2
    assert len(TRUTH.facts([Span("aaaa", 0, 2_100_000)])) == 2
    assert len(TRUTH.facts([Span("aaaa", 1_000_000, 3_000_000)])) == 4
    assert TRUTH.facts([Span("cccc", 0, 2_000_000)]) == []


def test_without_a_truth_all_is_well_that_was_not_planted() -> None:
    nothing = Mind(Settings(), Truth())
    assert nothing.status(understood("Check.", schema=VERDICT), "A man walks past the lantern.") == "supported"
    lie = "A purple elephant juggles three lanterns."
    assert nothing.status(understood("Check.", schema=VERDICT), f"A man. {lie}") == "contradicted"


def test_context_is_found_in_whatever_quotes_it() -> None:
    inner = '{"fact_id": "f2", "text": "It rains."}'
    asked = understood(
        'Facts: {"facts": [{"fact_id": "f1", "text": "It is dark."}]} and {broken',
        {"quoted": inner},
        'Question: {"question": "What falls?", "options": ["rain", "snow"]}',
    )
    assert asked.facts() == {"f1": "It is dark.", "f2": "It rains."}
    assert asked.item() == Item("What falls?", {"A": "rain", "B": "snow"})


def test_a_question_may_stand_in_lines() -> None:
    asked = understood("Answer with a letter.\nWhat falls?\nA. rain\n(B) snow\nC) leaves\n")
    assert asked.item() == Item("What falls?", {"A": "rain", "B": "snow", "C": "leaves"})


def test_a_query_is_matched_by_its_words() -> None:
    schema = form({"score": {"type": "integer", "minimum": 0, "maximum": 10}})
    scores = []
    for number in range(5):
        asked = understood({"query": "the kite over a garden"}, span("aaaa", number), schema=schema)
        told = answer(asked, mind(), schema)
        assert isinstance(told, dict)
        scores.append(told["score"])
    assert scores.index(max(scores)) == 1
