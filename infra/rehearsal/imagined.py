"""A truth made of chance, for films that nobody knows: a plan's rehearsal takes it for true, to come to questions.

Nothing of it is in the films. It is as dense as a teacher could wish, so a recipe asks for no less than it would.
"""

from random import Random

from infra.rehearsal.english import DOES, WHAT, WHERE, WHO
from infra.rehearsal.truth import Fact, FilmTruth

EVERY_US = 500_000
LASTS_US = 1_500_000


def imagined(video_id: str, duration_us: int) -> FilmTruth:
    """A fact every half second, each with a question of its own. The same film is always imagined alike."""
    dice = Random(video_id)
    starts = range(0, max(duration_us, 1), EVERY_US)
    facts = tuple(_fact(dice, video_id, number, start, duration_us) for number, start in enumerate(starts))
    return FilmTruth(video_id=video_id, name=video_id, duration_us=duration_us, shots=(), facts=facts)


def _fact(dice: Random, video_id: str, number: int, start_us: int, duration_us: int) -> Fact:
    who, does, where = dice.choice(WHO), dice.choice(DOES), dice.choice(WHERE)
    what, *others = dice.sample(WHAT, len(WHAT))
    at = f"{where} at take {number + 1}"
    return Fact(
        fact_id=f"{video_id}/{number}",
        video_id=video_id,
        start_us=start_us,
        end_us=min(start_us + LASTS_US, max(duration_us, start_us + 1)),
        kind="imagined",
        text=f"{who[0].upper()}{who[1:]} {does} {what} {at}.",
        question=f"What is it that {who} {does} {at}?",
        value=what,
        others=tuple(others),
    )
