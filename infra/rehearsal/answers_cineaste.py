"""How the teacher fills in the forms of the recipe cineaste: truthfully, as far as the films are known.

``answerers = "infra.rehearsal.answers_cineaste:ANSWERERS"`` in the settings. The form of the blind panel is left to the
generic answerer: whoever sees nothing guesses.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from infra.rehearsal import english
from infra.rehearsal.asked import Asked, Item
from infra.rehearsal.chats import Answerer
from infra.rehearsal.mind import Mind, marked_answer
from infra.rehearsal.truth import Fact, asked_plainly

OPTIONS = 4
MOST_SEEN = 8
NOT_TOLD = "not told"
CATEGORIES = ("cause", "order", "change", "reference", "contrast")
"""The recipe's own; each asks about other facts, so that no question comes twice."""


def window_seen(asked: Asked, mind: Mind) -> dict[str, Any]:
    """What the pictures of a window show: facts that lie in it, but for what is said."""
    shown = [fact.text for fact in mind.seen(asked) if fact.kind != "speech"]
    dice = mind.dice(asked)
    picked = sorted(dice.sample(range(len(shown)), min(len(shown), MOST_SEEN)))
    return {"observations": [shown[at] for at in picked] or [english.sentence(dice) for _ in range(3)]}


def scene_summary(asked: Asked, mind: Mind) -> dict[str, Any]:
    """A title, and a summary out of the first facts that the prompt tells."""
    told = list(asked.facts().values())
    return {
        "title": english.phrase(mind.dice(asked)),
        "summary": " ".join(told[:2]) or english.sentence(mind.dice(asked)),
    }


def scene_questions(asked: Asked, mind: Mind) -> dict[str, Any]:
    """Questions about facts of the scene that the prompt tells: other facts for another category."""
    wish = next((one for one in asked.context() if "category" in one), {})
    name = str(wish.get("category", ""))
    place = CATEGORIES.index(name) if name in CATEGORIES else zlib.crc32(name.encode()) % len(CATEGORIES)
    told = asked.facts()
    films = {span.video_id for span in asked.spans()} & set(mind.truth.films)
    times = Counter(fact.question for film in films for fact in mind.truth.films[film].facts)
    known = [fact for fact in mind.seen(asked) if len(fact.others) >= OPTIONS - 1 and _labels(told, fact)]
    clear = [fact for fact in known if times[fact.question] == 1]
    wanted = int(wish.get("wanted", 1))
    picked = clear[place :: len(CATEGORIES)][:wanted]
    if not films:
        picked = [_invented(english.question(mind.dice(asked, number))) for number in range(wanted)]
    return {"questions": [_question(asked, mind, fact) for fact in picked]}


def _question(asked: Asked, mind: Mind, fact: Fact) -> dict[str, Any]:
    told = asked.facts()
    texts, place = fact.options(mind.dice(asked, fact.fact_id), OPTIONS)
    first = next(iter([*_labels(told, fact), *told]), "V1")
    others = sorted(
        (label for label in told if label != first and label[0] in "VD"),
        key=lambda label: (label[0] == first[0], label),
    )
    return {
        "question": fact.question,
        "options": texts,
        "answer": chr(ord("A") + place),
        "fact_ids": [first, *others[:1]],
        "explanation": fact.text,
    }


def open_reply(asked: Asked, mind: Mind) -> dict[str, Any]:
    """The answer to the question, as far as the judge knows the film."""
    fact = _asked_about(asked, mind)
    if fact is None:
        return {"answer": NOT_TOLD, "fact_ids": []}
    value = fact.value if mind.is_right(asked, "answer") else mind.dice(asked, "answer").choice(fact.others)
    return {"answer": value, "fact_ids": _labels(asked.facts(), fact)}


def option_meant(asked: Asked, mind: Mind) -> dict[str, Any]:
    """The option that has the words of the given answer, or none."""
    item = asked.item()
    given = next((str(one["given"]) for one in asked.context() if "given" in one), "")
    options = item.options if item else {}
    same = [letter for letter, text in options.items() if text.casefold() == given.casefold()]
    right = same[0] if same else "none"
    if mind.is_right(asked, "match"):
        return {"answer": right}
    return {"answer": mind.dice(asked, "match").choice([letter for letter in [*options, "none"] if letter != right])}


def claims_judged(asked: Asked, mind: Mind) -> dict[str, Any]:
    """One claim, which question and answer make together."""
    item, answer = asked.item(), marked_answer(asked)
    fact = _asked_about(asked, mind)
    status = mind.status(asked)
    cited = (_labels(asked.facts(), fact) if fact else []) or list(asked.facts())[:1]
    claim = f"{item.question if item else ''} {answer}".strip()
    return {"claims": [{"claim": claim, "status": status, "fact_ids": cited if status != "not_stated" else []}]}


def options_judged(asked: Asked, mind: Mind) -> dict[str, Any]:
    """Each option, right or wrong. A judge who errs takes the first one for what it is not."""
    item = asked.item() or Item("", {})
    videos = {span.video_id for span in asked.spans()} & set(mind.truth.films)
    is_wrong = [
        mind.truth.judged(Item(item.question, {}), text, videos) != "supported" for text in item.options.values()
    ]
    if is_wrong and not mind.is_right(asked, "options"):
        is_wrong[0] = not is_wrong[0]
    cited = list(asked.facts())[:1]
    return {
        "options": [
            {"letter": letter, "status": "wrong" if wrong else "right", "fact_ids": cited}
            for letter, wrong in zip(item.options, is_wrong, strict=True)
        ]
    }


def _asked_about(asked: Asked, mind: Mind) -> Fact | None:
    item = asked.item()
    videos = {span.video_id for span in asked.spans()}
    if item and not videos & set(mind.truth.films):
        return _invented(item.question)
    return mind.truth.answered(Item(item.question, {}), videos) if item else None


def _invented(question: str) -> Fact:
    """What is taken for true of a film that nobody knows: it hangs on the question alone, so a judge finds it again."""
    dice = Random(zlib.crc32(asked_plainly(question).encode()))
    value, *others = list(dict.fromkeys(english.phrase(dice) for _ in range(20)))
    text = f"The answer is {value}."
    facts = {"fact_id": "", "video_id": "", "start_us": 0, "end_us": 0, "kind": "invented"}
    return Fact(**facts, text=text, question=question, value=value, others=tuple(others))  # type: ignore[arg-type]


def _labels(told: Mapping[str, str], fact: Fact) -> Sequence[str]:
    """The ids of the prompt's facts that tell this one, what is said by its words alone."""
    words = (fact.text, fact.value) if fact.kind == "speech" else (fact.text,)
    return [label for label, text in told.items() if any(one in text for one in words) and label[0] in "VD"]


ANSWERERS: dict[str, Answerer] = {
    "WindowSeen": window_seen,
    "SceneSummary": scene_summary,
    "SceneQuestions": scene_questions,
    "OpenReply": open_reply,
    "OptionMeant": option_meant,
    "ClaimsJudged": claims_judged,
    "OptionsJudged": options_judged,
}
"""By the form's name."""
