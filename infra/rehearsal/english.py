"""Sentences that read like English, made of chance: for whatever the teacher has no truth about."""

from random import Random

WHO = (
    "a woman",
    "a man",
    "the driver",
    "an old sailor",
    "the younger child",
    "a street vendor",
    "the cook",
    "the guard",
)
DOES = ("lifts", "carries", "looks at", "puts down", "turns over", "points at", "walks past", "reaches for")
WHAT = ("a red umbrella", "the wooden crate", "a folded map", "the lantern", "a bicycle", "the kettle", "a blue door")
WHERE = ("in the courtyard", "beside the canal", "under the awning", "on the stairs", "near the window", "at the gate")
WHEN = (
    "as the light fades",
    "before anyone speaks",
    "while others watch",
    "a moment later",
    "without hurry",
    "at first",
)
NOUNS = ("lantern", "bicycle", "harbour", "umbrella", "staircase", "kettle", "awning", "courtyard", "ladder", "orchard")
INVENTED = (
    "A purple elephant juggles three lanterns.",
    "A marching band of penguins crosses the frame.",
    "Somebody paints the word MARZIPAN on a submarine.",
    "A giant clockwork owl reads a newspaper aloud.",
)
"""What no film here shows: a hallucinated fact, where the truth about the footage is not known."""


def sentence(dice: Random) -> str:
    """One sentence."""
    who, does, what = dice.choice(WHO), dice.choice(DOES), dice.choice(WHAT)
    return f"{who[0].upper()}{who[1:]} {does} {what} {dice.choice(WHERE)} {dice.choice(WHEN)}."


def question(dice: Random) -> str:
    """One question."""
    return f"What does {dice.choice(WHO)} do {dice.choice(WHERE)} {dice.choice(WHEN)}?"


def phrase(dice: Random) -> str:
    """A few words, in lower case."""
    return f"{dice.choice(DOES)} {dice.choice(WHAT)}"


def prose(dice: Random, least: int = 0, most: int | None = None) -> str:
    """A text of one sentence or as many as ``least`` characters need, cut at ``most``."""
    text = sentence(dice)
    while len(text) < least:
        text += " " + sentence(dice)
    if most is not None and len(text) > most:
        return fitted(text, most, least)
    return text


def fitted(text: str, most: int, least: int = 0) -> str:
    """At most that many characters of the text, cut between words where that leaves enough."""
    cut = text[:most]
    words = cut.rsplit(" ", 1)[0].rstrip(" ,.")
    return words if len(words) >= max(least, most // 2) else cut
