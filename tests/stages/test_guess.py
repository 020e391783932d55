"""What words alone give away is found, and what they do not give away is not."""

from random import Random

from schemas.items import Guess, Item
from schemas.units import ItemId, VideoId
from stages.guess import GuessBlind

N = 240


def an_item(number: int, chance: Random, *, tell: bool) -> Item:
    """One of 60 videos' items; with ``tell`` the right option is worded otherwise than the wrong ones."""
    answer = chance.randrange(4)
    options = [f"Picture {chance.randrange(1, 9)}" for _ in range(4)]
    if tell:
        options[answer] = f"Certainly picture {chance.randrange(1, 9)}"
    return Item(
        item_id=ItemId(f"i{number:04d}"),
        video_id=VideoId(f"v{number // 4}"),
        uri="x.mp4",
        task="odd_one_out",
        question="Which picture does not belong?",
        options=tuple(options),
        answer=answer,
        answer_text=options[answer],
        pictures_us=(0, 1),
        labels=("1", "2"),
        shot_ids=(),
        start_us=0,
        end_us=1,
        seed=0,
        wording=0,
        program="[]",
    )


def items(*, tell: bool) -> list[Item]:
    chance = Random(3)
    return [an_item(number, chance, tell=tell) for number in range(N)]


def guesses(rows: list[Item]) -> list[Guess]:
    return [guess for guess in GuessBlind().run(rows, None) if isinstance(guess, Guess)]


def accuracy(found: list[Guess]) -> float:
    return sum(guess.is_right for guess in found) / len(found)


def test_a_wording_that_gives_the_answer_away_is_found() -> None:
    assert accuracy(guesses(items(tell=True))) > 0.95


def test_without_a_tell_the_guesses_are_no_better_than_chance() -> None:
    # 240 items, chance 1/4: three standard errors are 8.4 points.
    assert abs(accuracy(guesses(items(tell=False))) - 0.25) < 0.09


def test_every_item_is_guessed_once_in_each_repeat_and_the_same_way_each_time() -> None:
    rows = items(tell=False)
    found = guesses(rows)
    assert sorted(guess.answer_id for guess in found) == sorted(
        f"{row.item_id}/blind/{n}" for row in rows for n in range(3)
    )
    assert guesses(rows) == found


def test_the_right_answers_of_a_video_never_help_to_guess_that_video() -> None:
    """A word that appears in one video only cannot be learned, although it marks every right answer there."""
    chance = Random(5)
    rows = [an_item(number, chance, tell=False) for number in range(N)]
    only = [an_item(number, chance, tell=True) for number in range(4 * 60, 4 * 60 + 40)]
    only = [Item(**(vars(row) | {"video_id": VideoId("alone")})) for row in only]
    found = [guess for guess in guesses(rows + only) if guess.video_id == "alone"]
    assert accuracy(found) < 0.6


def test_with_too_little_to_learn_from_nothing_is_guessed() -> None:
    assert guesses(items(tell=True)[:20]) == []
    one_video = [Item(**(vars(row) | {"video_id": VideoId("v")})) for row in items(tell=True)]
    assert guesses(one_video) == []
