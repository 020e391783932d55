"""How the teacher fills in the forms of the recipe videoespresso: truthfully, as far as the films are known.

``answerers = "infra.rehearsal.answers_videoespresso:ANSWERERS"`` in the settings. The form of the blind panel is left
to the generic answerer: whoever sees nothing guesses.
"""

import re
from collections.abc import Mapping
from typing import Any

from infra.rehearsal import english
from infra.rehearsal.asked import Asked, Item
from infra.rehearsal.chats import Answerer
from infra.rehearsal.mind import Mind, marked_answer
from infra.rehearsal.truth import Fact

TOLD = re.compile(r"^(c\d+), at [\d.]+ s: (.*)$", re.MULTILINE)
WRONG, CORE = 3, 2


def frame_caption(asked: Asked, mind: Mind) -> dict[str, Any]:
    """What the picture shows: up to two facts of its moment, but for what is said."""
    dice = mind.dice(asked)
    shown = [fact.text for fact in mind.seen(asked) if fact.kind != "speech"]
    told = dice.sample(shown, min(2, len(shown))) or [english.sentence(dice)]
    return {"caption": " ".join(told)}


def frame_questions(asked: Asked, mind: Mind) -> dict[str, Any]:
    """Questions about facts that begin in the span and that a caption tells, each with two labels and some task."""
    dice, wanted = mind.dice(asked), next((one["wanted"] for one in asked.context() if "wanted" in one), 1)
    begins = [span.start_us for span in asked.spans()] or [0]
    known = [fact for fact in mind.seen(asked) if fact.start_us >= min(begins) and _can_be_asked(asked, fact)]
    distinct = list({(fact.question, fact.value): fact for fact in known}.values())
    picked = dice.sample(distinct, min(len(distinct), int(wanted)))
    tasks = _tasks(asked.schema)
    return {
        "questions": [
            {
                "question": fact.question,
                "answer": fact.value,
                "task": dice.choice(tasks),
                "caption_ids": _core(asked, fact),
            }
            for fact in picked
        ]
    }


def criteria_check(asked: Asked, mind: Mind) -> dict[str, Any]:
    """The criterion that the judge finds violated, if any: it is not consistent, or not settled by the footage."""
    status = mind.status(asked)
    if status == "supported":
        return {"violated": []}
    criterion = "consistent" if status == "contradicted" else "determined"
    return {"violated": [{"criterion": criterion, "explanation": "The film does not bear the answer out."}]}


def evidence_chain(asked: Asked, mind: Mind) -> dict[str, Any]:
    """Two captions, of which one tells the fact if any does, the answer as key object, and the fact as evidence."""
    fact = _asked_about(asked, mind)
    text = fact.text if fact else english.sentence(mind.dice(asked))
    objects = [fact.value] if fact else [english.phrase(mind.dice(asked, "object"))]
    return {"caption_ids": _core(asked, fact), "key_objects": objects, "evidence": text}


def wrong_answers(asked: Asked, mind: Mind) -> dict[str, Any]:
    """What could be taken for the answer, and is not: any three of about its length, else the nearest in length."""
    fact, right = _asked_about(asked, mind), marked_answer(asked)
    dice = mind.dice(asked)
    others = [one for one in fact.others if one.casefold() != right.casefold()] if fact else []
    like = [one for one in others if abs(len(one) - len(right)) <= max(6, len(right) // 4)]
    if len(like) < WRONG:
        like = sorted(others, key=lambda one: abs(len(one) - len(right)))[:WRONG]
    texts = dice.sample(like, min(WRONG, len(like)))
    return {"distractors": texts + [english.phrase(dice) for _ in range(WRONG - len(texts))]}


def _can_be_asked(asked: Asked, fact: Fact) -> bool:
    """Whether a caption tells it, it has wrong answers enough, and does not stand in its own question."""
    is_told = any(fact.text in text for _, text in TOLD.findall(asked.prompt))
    return is_told and len(fact.others) >= WRONG and fact.value.casefold() not in fact.question.casefold()


def _core(asked: Asked, fact: Fact | None) -> list[str]:
    """The labels of the captions that tell the fact, and of those next to them: two of them, in order of time."""
    told = TOLD.findall(asked.prompt)
    tells = [at for at, (_, text) in enumerate(told) if fact and fact.text in text]
    nearest = sorted(range(len(told)), key=lambda at: min((abs(at - other) for other in tells), default=at))
    return [told[at][0] for at in sorted(nearest[:CORE])]


def _asked_about(asked: Asked, mind: Mind) -> Fact | None:
    item, right = asked.item(), marked_answer(asked)
    return (
        mind.truth.answered(Item(item.question, {"A": right}), {span.video_id for span in asked.spans()})
        if item
        else None
    )


def _tasks(schema: Mapping[str, Any]) -> list[str]:
    """The names of the tasks, out of the form."""
    for one in schema.get("$defs", {}).values():
        for name, field in one.get("properties", {}).items():
            if name == "task":
                return list(field["enum"])
    return ["Event Process"]


ANSWERERS: dict[str, Answerer] = {
    "FrameCaption": frame_caption,
    "FrameQuestions": frame_questions,
    "CriteriaCheck": criteria_check,
    "EvidenceChain": evidence_chain,
    "WrongAnswers": wrong_answers,
}
"""By the name of the form."""
