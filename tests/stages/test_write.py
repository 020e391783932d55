import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from schemas.items import Item, Task
from schemas.rejects import Reject
from stages.fragments.slate import Wish
from stages.fragments.timeline import film
from stages.write import TASKS, WriteItems
from tests.stages.reels import Scene, reel, steady, to_and_fro, torn
from tests.stages.written import ORDERED, films, home, items, of, shots, times, written

pytestmark = pytest.mark.slow

PLACED: tuple[Task, ...] = ("rearrange", "odd_one_out", "camera_motion", "before_after", "find_cut")


def rearranged(item: Item) -> bool:
    order = sorted(item.labels, key=lambda label: times(item)[label])
    return item.answer_text == ", ".join(order[1:]) and order[0] == "1"


def put_in_order(item: Item) -> bool:
    moved = [
        label
        for label, true in zip(item.labels, np.argsort(np.argsort(item.pictures_us)) + 1, strict=True)
        if int(label) != true
    ]
    if item.answer_text.startswith(("Yes", "No")):
        return item.answer_text.startswith("No") == bool(moved)
    return re.findall(r"\d+", item.answer_text) == moved


def directed(item: Item) -> bool:
    signs = np.sign(np.diff(item.pictures_us[1:])).tolist()
    name = "Forwards" if signs[0] > 0 else "Backwards"
    return item.answer_text.startswith(name) and ("first" in item.answer_text) == (len(set(signs)) == 2)


def odd(item: Item) -> bool:
    numbers = shots(item)
    (alone,) = [place for place, number in enumerate(numbers) if numbers.count(number) == 1]
    return item.answer_text == f"Picture {alone + 1}"


def counted(item: Item) -> bool:
    names = ("One shot", "Two shots", "Three shots", "Four shots", "Five shots")
    often = ("Not once", "Once", "Twice", "Three times", "Four times")
    return item.answer_text in {list_[len(set(shots(item))) - 1] for list_ in (names, often)}


def found(item: Item) -> bool:
    first, last = (int(number) for number in re.findall(r"\d+", item.answer_text))
    line = home(item).timeline
    number = int(np.searchsorted(line.shot_starts_us, item.pictures_us[-1], side="right")) - 1
    kind = {"cut": "hard cut"}.get(line.shot_opened_by[number], line.shot_opened_by[number])
    begins, ends = line.shot_ends_us[number - 1], line.shot_starts_us[number]
    is_there = item.pictures_us[first - 1] < begins and item.pictures_us[last - 1] >= ends
    return bool(is_there) and (kind in item.answer_text or item.answer_text.startswith("Between"))


def longest(item: Item) -> bool:
    strip = [time for label, time in times(item).items() if label.isdigit()]
    line = home(item).timeline
    spans = np.minimum(line.shot_ends_us, strip[-1]) - np.maximum(line.shot_starts_us, strip[0])
    letter = item.answer_text[-1]
    return shots(item)[item.labels.index(letter)] == int(spans.argmax())


def moved(item: Item) -> bool:
    words = {"static": "still", "zoom in": "zooms in", "zoom out": "zooms out", "tilt up": "tilts up"}
    words |= {"tilt down": "tilts down", "pan left": "left", "pan right": "right"}
    return words[home(item).timeline.shot_cameras[shots(item)[0]]] in item.answer_text


def paced(item: Item) -> bool:
    rows = [[time for label, time in times(item).items() if check(label)] for check in (str.isdigit, str.isalpha)]
    ratio = np.diff(rows[1]).mean() / np.diff(rows[0]).mean()
    return (
        item.answer_text
        == {0.5: "At half speed", 1: "At normal speed", 2: "At twice the speed", 3: "At three times the speed"}[
            min((0.5, 1, 2, 3), key=lambda k: abs(k - ratio))
        ]
    )


def placed(item: Item) -> bool:
    letters = sorted((label for label in item.labels if label.isalpha()), key=lambda label: times(item)[label])
    if len(letters) == 2:
        return ("before" in item.answer_text) == (letters == ["P", "Q"])
    return item.answer_text[-1] == letters[-1 if re.search(r"\blast\b", item.question) else 0]


TRUTHS: dict[str, Callable[[Item], bool]] = {
    "rearrange": rearranged,
    "in_order": put_in_order,
    "direction": directed,
    "odd_one_out": odd,
    "count_shots": counted,
    "find_cut": found,
    "longest_shot": longest,
    "camera_motion": moved,
    "playback_speed": paced,
    "before_after": placed,
}


@pytest.mark.parametrize("task", get_args(Task))
def test_every_task_writes_items_whose_answer_is_true(task: str) -> None:
    made = of(task)
    assert len(made) >= 3
    assert [item.item_id for item in made if not TRUTHS[task](item)] == []


def test_each_item_is_whole_and_in_its_own_film() -> None:
    assert len({item.item_id for item in items()}) == len(items())
    for item in items():
        assert len(item.pictures_us) == len(item.labels) == len(set(item.labels))
        assert len(set(item.options)) == len(item.options) >= 2
        assert item.options[item.answer] == item.answer_text
        assert item.start_us == min(item.pictures_us) < max(item.pictures_us) < item.end_us
        assert set(item.pictures_us) <= set(home(item).timeline.pts_us.tolist())
        assert set(item.shot_ids) <= set(home(item).timeline.shot_ids)
        assert "{" not in item.question


def test_the_chain_of_thought_names_the_answer_and_no_inner_name() -> None:
    for item in items():
        steps = json.loads(item.program)
        text = " ".join(step["text"] for step in steps)
        assert not set("_{}") & set(text)
        assert all(set(step) - {"seen"} == {"op", "args", "out", "text"} for step in steps)
        if item.task not in ("camera_motion", "find_cut", "before_after", "longest_shot"):
            assert item.answer_text.rstrip(".").lower() in text.lower()


def test_every_step_that_looks_at_footage_cites_it() -> None:
    for item in items():
        cited = [stretch for step in json.loads(item.program) for stretch in step.get("seen", [])]
        assert {stretch["start_us"] for stretch in cited} >= set(item.pictures_us)
        assert all(stretch["start_us"] < stretch["end_us"] for stretch in cited)


def test_answers_stand_at_every_place_alike_and_words_vary() -> None:
    places: dict[tuple[str, int], Counter[int]] = {}
    wordings: dict[str, set[int]] = {}
    view = film([films()[0].timeline])
    assert view is not None
    for seed in range(12):
        for task in PLACED:
            for draft in TASKS[task](view, Wish(seed=seed)):
                places.setdefault((task, len(draft.options)), Counter())[draft.answer] += 1
                wordings.setdefault(task, set()).add(draft.wording)
    assert all(len(numbers) >= 4 for numbers in wordings.values())
    for (name, n_options), counts in places.items():
        total = sum(counts.values())
        if total >= 60:
            limit = total / n_options + 4 * (total / n_options) ** 0.5
            assert max(counts.values()) <= limit, (name, counts)
            assert len(counts) == n_options


def test_yes_and_no_are_asked_alike() -> None:
    view = film([films()[1].timeline])
    assert view is not None
    drafts = [draft for seed in range(25) for draft in TASKS["in_order"](view, Wish(seed=seed))]
    plain = Counter(draft.options[draft.answer][:3] for draft in drafts if len(draft.options) == 2)
    assert 0.35 < plain["Yes"] / plain.total() < 0.65
    assert 0.35 < plain.total() / len(drafts) < 0.65


def test_the_right_order_is_no_nearer_to_the_other_options_than_they_are_to_each_other() -> None:
    """A wrong order that is the true one with two pictures exchanged would give the true one away."""
    for item in of("rearrange"):
        orders = [option.split(", ") for option in item.options]
        nearness = [sorted(sum(a == b for a, b in zip(one, other, strict=True)) for other in orders) for one in orders]
        assert all(row == nearness[0] for row in nearness)


def test_hard_cuts_and_gradual_ones_are_right_equally_often() -> None:
    kinds = [item.answer_text for item in of("find_cut") if not item.answer_text.startswith("Between")]
    assert kinds
    assert sum("hard cut" in kind for kind in kinds) * 2 == len(kinds)


def test_every_count_is_right_equally_often() -> None:
    for one in films():
        counts = Counter(len(set(shots(item))) for item in of("count_shots") if item.video_id == one.timeline.video_id)
        assert len(set(counts.values())) == 1
        assert set(counts) == set(range(1, len(counts) + 1))


def test_a_still_film_is_turned_away_with_its_reason() -> None:
    (one,) = WriteItems().run([reel([Scene(1, 150)]).timeline], None)
    assert isinstance(one, Reject)
    assert one.reason == "nothing_to_ask"
    assert "still or black" in one.detail


def test_a_timeline_without_frames_is_turned_away() -> None:
    empty = replace(reel([Scene(1, 10)]).timeline, pts_us=np.empty(0, np.int64), grids=b"")
    (one,) = WriteItems().run([empty], None)
    assert isinstance(one, Reject)
    assert one.reason == "no_frames"


@pytest.mark.parametrize("task", ORDERED)
def test_a_motion_that_comes_back_has_no_order_to_ask_for(task: str) -> None:
    swinging = reel([Scene(3, 200, mover=True, way=to_and_fro)])
    going = reel([Scene(3, 90, mover=True, way=steady)])
    assert of(task, written(going)) != []
    back = [item for item in of(task, written(swinging)) if item.end_us - item.start_us > 1_000_000]
    assert back == []


def test_repeated_frames_are_never_shown_as_different_moments() -> None:
    slow = reel([Scene(4, 200, camera="pan right", hold=20)])
    luma = slow.small[:, 0].astype(int)
    for item in written(slow):
        frames = [slow.frame_at(time) for time in sorted(set(item.pictures_us))]
        if item.task in ("rearrange", "in_order", "direction"):
            assert all(np.abs(luma[a] - luma[b]).mean() > 1 for a, b in pairwise(frames))


def test_shots_that_look_alike_are_not_told_apart() -> None:
    twins = reel(
        [Scene(5, 80, mover=True), Scene(5, 80, mover=True), Scene(5, 80, mover=True), Scene(5, 80, mover=True)]
    )
    tasks = {item.task for item in written(twins)}
    assert not tasks & {"odd_one_out", "count_shots", "find_cut", "longest_shot", "before_after"}


def test_black_shots_are_not_asked_about() -> None:
    line = films()[0].timeline
    black = replace(line, shot_is_black=(True,) * len(line.shot_ids))
    (one,) = WriteItems().run([black], None)
    assert isinstance(one, Reject)
    assert one.reason == "nothing_to_ask"


def test_a_setting_moves_only_the_items_that_it_is_about() -> None:
    stricter = written(films()[0], apart=0.16, margin=2.0)
    plain = [item for item in items() if item.video_id == "film0"]
    for task in ("rearrange", "in_order", "direction", "playback_speed"):
        assert of(task, stricter) == of(task, plain)
    assert of("odd_one_out", stricter) != of("odd_one_out", plain)


def test_fewer_items_are_some_of_the_same() -> None:
    few, many = written(films()[0], per_task=2), [item for item in items() if item.video_id == "film0"]
    assert max(Counter(item.task for item in few).values()) <= 2
    for task in ("rearrange", "direction", "odd_one_out"):
        assert of(task, few) == of(task, many)[:2]


def test_a_long_film_that_comes_in_stretches_gives_the_same_items() -> None:
    stretches = torn(films()[0].timeline, 100, 333)
    assert [row.first_frame for row in stretches] == [0, 100, 333]
    assert list(WriteItems().run(stretches, None)) == list(WriteItems().run([films()[0].timeline], None))


def test_a_film_gives_the_same_items_whatever_it_comes_with() -> None:
    assert [item for item in items() if item.video_id == "film1"] == written(films()[1])
