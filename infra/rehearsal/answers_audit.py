"""How the teacher answers under an audit: rightly where what it is shown is enough, else by chance.

``answerers = "infra.rehearsal.answers_audit:ANSWERERS"`` in the settings. What is enough stands in the truth: a fact of
the kind ``single frame``, ``any order`` or ``in order`` takes that much; one of the kind ``nobody`` cannot be known.
Who is shown frames believes what the prompt says of their order.
"""

from typing import Any

from infra.rehearsal.asked import Asked, Item
from infra.rehearsal.chats import Answerer
from infra.rehearsal.mind import Mind, given_away

TAKES = {"single frame": 1, "any order": 2, "in order": 3}


def option_chosen(asked: Asked, mind: Mind) -> dict[str, Any]:
    """The letter of an option."""
    item, dice = asked.item(), mind.dice(asked, "letter")
    letters = list(item.options) if item else []
    if item is None or not letters:
        return {"answer": "A"}
    right = _known(asked, mind, item)
    if right is None:
        return {"answer": dice.choice(letters)}
    wrong = [letter for letter in letters if letter != right]
    return {"answer": right if mind.is_right(asked, "letter") else dice.choice(wrong)}


def _known(asked: Asked, mind: Mind, item: Item) -> str | None:
    """The letter of the right option, where the words or what is shown are enough to tell."""
    if told := given_away(item):
        return told
    fact = mind.truth.answered(item)
    if fact is None or _shown(asked) < TAKES.get(fact.kind, 4):
        return None
    texts = {text.casefold(): letter for letter, text in item.options.items()}
    return texts.get(fact.value.casefold())


def _shown(asked: Asked) -> int:
    """How much is shown: nothing, one frame, several, several in order."""
    if len(asked.pictures) < 2:
        return len(asked.pictures)
    return 3 if any(one.get("in_order") is True for one in asked.context()) else 2


ANSWERERS: dict[str, Answerer] = {"OptionChosen": option_chosen}
"""By the form's name."""
