"""How the teacher fills in the forms of the recipe peakclips: truthfully, as far as the films are known.

``answerers = "infra.rehearsal.answers_peakclips:ANSWERERS"`` in the settings. The form of the blind panel is left to
the generic answerer: whoever sees nothing guesses.
"""

from typing import Any

from infra.rehearsal import english
from infra.rehearsal.asked import Asked
from infra.rehearsal.chats import Answerer
from infra.rehearsal.mind import Mind
from infra.rehearsal.truth import Fact, asked_plainly

MOST_SEEN = 3
MOST_TOLD = 3


def scene_told(asked: Asked, mind: Mind) -> dict[str, Any]:
    """What the pictures of a scene show: some of the facts that lie in it, but for what is said."""
    shown = [fact.text for fact in mind.seen(asked) if fact.kind != "speech"]
    dice = mind.dice(asked)
    picked = sorted(dice.sample(range(len(shown)), min(len(shown), MOST_SEEN)))
    return {"caption": " ".join(shown[at] for at in picked) or english.sentence(dice)}


def chapter_told(asked: Asked, mind: Mind) -> dict[str, Any]:
    """The first captions that the prompt gives, put together."""
    return {"caption": _told(asked, mind, "caption")}


def film_told(asked: Asked, mind: Mind) -> dict[str, Any]:
    """The first chapters that the prompt gives, put together."""
    return {"summary": _told(asked, mind, "chapter")}


def queries_wanted(asked: Asked, mind: Mind) -> dict[str, Any]:
    """Questions about facts of the film, each of which has one answer."""
    wanted = next((int(one["wanted"]) for one in asked.context() if "wanted" in one), 1)
    known: dict[str, set[str]] = {}
    for fact in mind.seen(asked):
        if fact.kind != "speech":
            known.setdefault(fact.question, set()).add(fact.value)
    clear = [question for question, values in known.items() if len(values) == 1]
    dice = mind.dice(asked)
    return {"queries": dice.sample(clear, min(len(clear), wanted)) or [english.question(dice)]}


def caption_judged(asked: Asked, mind: Mind) -> dict[str, Any]:
    """Whether the caption is true of the film."""
    claim = next((str(one["claim"]) for one in asked.context() if "claim" in one), "")
    return {"status": mind.status(asked, claim), "explanation": "So the pictures show it."}


def scene_scored(asked: Asked, mind: Mind) -> dict[str, Any]:
    """All points where the scene holds the fact that is asked for, else one; a judge who errs turns it round."""
    query = next((str(one["query"]) for one in asked.context() if "query" in one), "")
    is_shown = any(_answers(fact, query) for fact in mind.seen(asked))
    if not mind.is_right(asked, "relevance"):
        is_shown = not is_shown
    return {
        "rationale": "It shows what is asked for." if is_shown else "It shows nothing of what is asked for.",
        "relevance": 5 if is_shown else 1,
    }


def _answers(fact: Fact, query: str) -> bool:
    return asked_plainly(fact.question) == asked_plainly(query)


def _told(asked: Asked, mind: Mind, name: str) -> str:
    texts = [str(one[name]) for one in asked.context() if name in one]
    return " ".join(texts[:MOST_TOLD]) or english.sentence(mind.dice(asked))


ANSWERERS: dict[str, Answerer] = {
    "SceneTold": scene_told,
    "ChapterTold": chapter_told,
    "FilmTold": film_told,
    "QueriesWanted": queries_wanted,
    "CaptionJudged": caption_judged,
    "SceneScored": scene_scored,
}
"""By the form's name."""
