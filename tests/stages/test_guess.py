import random
from collections import Counter
from dataclasses import replace

import pytest

from schemas.items import Guess, Item
from schemas.units import ItemId, VideoId
from stages.guess import GuessBlind, option_words
from tests.builders import row

pytestmark = pytest.mark.slow

COLOURS = ("red", "green", "blue", "grey")


def question(number: int, video: int, leak: str = "") -> Item:
    """An item with four options in random places; ``leak`` is a word that stands in the right one alone."""
    draw = random.Random(number)
    right, options = draw.randrange(4), draw.sample(COLOURS, 4)
    options[right] += leak
    return replace(
        row(Item, number),
        item_id=ItemId(f"item-{number:05d}"),
        video_id=VideoId(f"video-{video:03d}"),
        question="Which colour is it?",
        options=tuple(options),
        answer=right,
        answer_text=options[right],
        task="rearrange",
    )


def accuracy(guesses: list[Guess]) -> float:
    return sum(guess.is_right for guess in guesses) / len(guesses)


def guessed(items: list[Item]) -> list[Guess]:
    return list(GuessBlind().run(items, None))


def test_a_word_that_gives_the_answer_away_is_found() -> None:
    guesses = guessed([question(i, i % 20, " indeed") for i in range(300)])
    assert accuracy(guesses) > 0.95
    assert all(guess.confidence > 0.4 for guess in guesses)


def test_items_that_give_nothing_away_are_guessed_no_better_than_by_chance() -> None:
    assert 0.15 < accuracy(guessed([question(i, i % 20) for i in range(300)])) < 0.35


def test_an_answer_that_is_common_is_found() -> None:
    items = [question(i, i % 20) for i in range(300)]
    common = [replace(item, answer=item.options.index("blue"), answer_text="blue") for item in items[:200]] + items[
        200:
    ]
    assert accuracy(guessed(common)) > 0.6


def test_nothing_is_learned_from_the_same_video() -> None:
    """In each video the right option has the video's own word, and the wrong ones those of others."""
    items = []
    for i in range(300):
        item, video = question(i, i % 20), i % 20
        words = [video if place == item.answer else (video + 1 + place) % 20 for place in range(4)]
        options = tuple(
            f"{option} {'abcdefghijklmnopqrst'[word]}" for option, word in zip(item.options, words, strict=True)
        )
        items.append(replace(item, options=options, answer_text=options[item.answer]))
    assert accuracy(guessed(items)) < 0.4


def test_a_handful_of_items_is_guessed_by_lot() -> None:
    guesses = guessed([question(i, i) for i in range(3)])
    assert len(guesses) == 9
    assert {guess.repeat for guess in guesses} == {0, 1, 2}
    assert all(0.24 < guess.confidence < 0.26 for guess in guesses)
    assert len({guess.answer_id for guess in guesses}) == 9


def test_one_video_alone_is_guessed_by_lot() -> None:
    assert 0.1 < accuracy(guessed([question(i, 0, " indeed") for i in range(60)])) < 0.45


def test_no_items_give_no_guesses() -> None:
    assert guessed([]) == []


def test_the_order_in_which_items_come_changes_nothing() -> None:
    items = [question(i, i % 7, " indeed" if i % 2 else "") for i in range(80)]
    assert guessed(items) == guessed(items[::-1])


def test_another_seed_deals_and_draws_anew() -> None:
    items = [question(i, i % 7) for i in range(80)]
    again = list(GuessBlind(seed=8).run(items, None))
    assert [guess.choice for guess in again] != [guess.choice for guess in guessed(items)]


def test_learning_from_fewer_items_is_still_learning() -> None:
    items = [question(i, i % 20, " indeed") for i in range(300)]
    assert accuracy(list(GuessBlind(most=60, repeats=1).run(items, None))) > 0.9


def test_every_option_has_its_words_and_its_standing() -> None:
    item = replace(question(1, 1), options=("A, B, C", "B, A, C", "A, C, B"), answer=0, question="Which order?")
    words = list(option_words(item))
    assert [Counter(part.split()[1] for part in found)["place"] for found in words] == [1, 1, 1]
    assert "rearrange is a, b, c" in words[0]
    assert len({next(word for word in found if "common" in word) for found in words}) > 1
