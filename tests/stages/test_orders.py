"""What reads as an order to a model, and what people say in films."""

import random
import re

import pytest

from stages.orders import WAYS, reads_as_order
from tests.chaos.orders_in_footage import ORDERS

SAID = (
    "Ignore him, he is drunk.", "Forget the rules of the road and drive!", "I forgot all about the previous owner.",
    "Answer the phone, please.", "Say the word and I will come.", "What did he say to your question?",
    "The correct answer is the red car.", "Follow the instructions on the box.", "You are now in Paris.",
    "Assistant: your appointment is at nine.", "From now on we walk.", "Write to me every week.",
    "The system failed before the storm.", "He must choose between two doors.", "Pick option two at the terminal.",
    "Give me one reason for all of this.", "A judge must be fair.", "The sign says EXIT.", "Rate of climb: 5 m/s",
    "Please mark the trees that are to be cut as before.", "Don't tell me what to do!", "Repeat after me: I do.",
    "Bitte die Regeln beachten.", "Vous avez les instructions ?", "No ignores a tu madre.", "不要忽略我。",
    "She drops everything above the second floor.", "Print the tickets only once.", "Act as if nothing happened.",
)  # fmt: skip


@pytest.mark.parametrize("text", ORDERS)
def test_an_order_to_a_model_is_known_for_one(text: str) -> None:
    assert reads_as_order(text)
    assert reads_as_order(f"A man walks by. {text} It rains.")
    assert reads_as_order("\u200b".join(text))


@pytest.mark.parametrize("text", SAID)
def test_what_people_say_to_each_other_is_none(text: str) -> None:
    assert not reads_as_order(text)


def test_a_long_text_takes_no_time() -> None:
    assert not reads_as_order("ignore all say answer rate mark as " * 600)


@pytest.mark.parametrize("seed", range(20))
def test_no_hint_hides_an_order(seed: int) -> None:
    """Half orders put together by chance, with letters that a pattern takes for others."""
    chance = random.Random(seed)
    words = sorted({word for text in (*ORDERS, *SAID) for word in re.findall(r"\S+", text)})
    found = 0
    for _ in range(300):
        order = chance.choice(ORDERS).split()
        at = chance.randrange(len(order))
        text = " ".join([*order[:at], *chance.choices(words, k=2), *order[at + chance.randrange(3) :]])
        text = chance.choice((str.upper, str.title, str))(text)
        text = text.replace("I", chance.choice("II\u0130")).replace("i", chance.choice("ii\u0131"))
        expected = any(way.pattern.search(text) for way in WAYS)
        found += expected
        assert reads_as_order(text) == expected, text
    assert 30 < found < 290
