"""What items show of sparse footage, and whether what their reasoning says is so."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from schemas.items import Item
from stages.fragments.order import Order
from tests.stages.reels import Reel
from tests.stages.written import ORDERED, films, home, items, of, shots, written

pytestmark = pytest.mark.slow


def slowed(film: Reel, factor: int) -> Reel:
    """The same film at fewer frames a second."""
    line = film.timeline
    return replace(
        film,
        timeline=replace(
            line,
            duration_us=line.duration_us * factor,
            pts_us=line.pts_us * factor,
            shot_starts_us=line.shot_starts_us * factor,
            shot_ends_us=line.shot_ends_us * factor,
            shot_opened_from_us=tuple(at * factor for at in line.shot_opened_from_us),
        ),
    )


@pytest.mark.parametrize("factor", [12, 25])
def test_where_frames_are_far_apart_no_picture_is_of_the_next_shot(factor: int) -> None:
    sparse = [slowed(one, factor) for one in films()]
    asked = [item for item in written(*sparse) if item.task in (*ORDERED, "camera_motion")]
    assert {item.task for item in asked} == {*ORDERED, "camera_motion"}
    for item in asked:
        line = next(one.timeline for one in sparse if one.timeline.video_id == item.video_id)
        numbers = np.searchsorted(line.shot_starts_us, item.pictures_us, side="right") - 1
        assert len(set(numbers)) == 1, (item.task, item.pictures_us)
        assert max(item.pictures_us) < line.shot_ends_us[numbers[0]]


def test_where_frames_are_far_apart_steps_that_are_called_equal_are_nearly_so() -> None:
    sparse = [slowed(one, factor) for factor in (8, 12) for one in films()]
    strips = [item for item in written(*sparse) if item.task in ("count_shots", "find_cut", "longest_shot")]
    assert {item.task for item in strips} == {"count_shots", "find_cut", "longest_shot"}
    for item in strips:
        numbered = [at for label, at in zip(item.labels, item.pictures_us, strict=True) if label.isdigit()]
        steps = np.diff(numbered)
        assert max(steps) <= 1.5 * min(steps), (item.task, steps)


def test_how_far_the_camera_went_is_told_of_the_footage_that_it_was_measured_over() -> None:
    moving = [item for item in of("camera_motion") if "stands still" not in item.answer_text]
    assert moving
    for item in moving:
        (step,) = [step for step in json.loads(item.program) if step["op"] == "measure_camera"]
        (whole,) = step["seen"]
        assert whole["start_us"] < min(item.pictures_us)
        assert step["text"].startswith("Over the whole shot the setting ")


def told(item: Item) -> str:
    return " ".join(step["text"] for step in json.loads(item.program))


def test_a_change_that_is_said_to_grow_grows_in_the_numbers_beside_it() -> None:
    by_little = Order("drift", (0.0, 0.07, 0.1385, 0.1442), 0.05, 1.2).told(("1", "P", "Q", "R"))
    growing = [by_little, *(told(item) for item in items() if "keeps growing" in told(item))]
    assert len(growing) > 10
    for text in growing:
        shares = [float(share) for share in re.findall(r"\(([0-9.]+) %\)", text)]
        assert all(one < other for one, other in pairwise(shares)), text


def test_of_one_shot_it_is_never_said_that_a_moving_setting_stays() -> None:
    alone = [item for item in of("count_shots") if item.answer_text in ("One shot", "Not once")]
    cameras = [home(item).timeline.shot_cameras[shots(item)[0]] for item in alone]
    assert set(cameras) - {"static"}
    for item, camera in zip(alone, cameras, strict=True):
        assert camera == "static" or "setting stays" not in told(item)
