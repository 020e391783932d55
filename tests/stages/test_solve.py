import json
import pickle
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from schemas.items import Answer, Item
from schemas.units import SignalId
from stages.recheck import blend, camera
from stages.recheck.likeness import unlike
from stages.recheck.shots import OTHER, SAME
from stages.solve import ROUTES, SolveAgain
from stages.write import TASKS, WriteItems
from tests.stages.reels import Reel, Scene, recheck, reel, rich

pytestmark = pytest.mark.slow

FILM = rich("film0", 0)


@cache
def items() -> tuple[Item, ...]:
    return tuple(item for item in WriteItems().run([FILM.timeline], None) if isinstance(item, Item))


@cache
def answers() -> dict[str, Answer]:
    return {answer.item_id: answer for answer in SolveAgain().run([recheck(FILM, items())], None)}


def answer(item: Item, film: Reel = FILM, shown: list[int] | None = None) -> Answer:
    (one,) = SolveAgain().run([recheck(film, [item], (lambda _: shown) if shown else None)], None)
    return one


def test_every_task_has_a_second_route() -> None:
    assert set(ROUTES) == set(TASKS)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_the_second_route_finds_the_same_answers(task: str) -> None:
    asked = [item for item in items() if item.task == task]
    reached = [item for item in asked if answers()[item.item_id].choice is not None]
    agreed = [item for item in reached if answers()[item.item_id].choice == item.answer]
    assert len(agreed) >= max(1, 0.8 * len(asked)), [answers()[item.item_id].detail for item in asked]


def test_it_says_what_it_saw() -> None:
    assert all(one.detail and one.by == "second route" for one in answers().values())
    assert len({one.answer_id for one in answers().values()}) == len(items())


def test_it_disagrees_with_an_answer_that_is_wrong() -> None:
    """The given answer is not even among what it reads: it works from pictures and words alone."""
    told = [item for item in items() if answers()[item.item_id].choice is not None]
    wrong = [replace(item, answer=(item.answer + 1) % len(item.options)) for item in told]
    found = SolveAgain().run([recheck(FILM, wrong)], None)
    by_item = {one.item_id: one for one in found}
    assert sum(by_item[item.item_id].choice == item.answer for item in wrong) <= 0.1 * len(wrong)


def test_options_in_another_order_get_another_number() -> None:
    item = next(item for item in items() if item.task == "rearrange")
    turned = replace(item, options=item.options[1:] + item.options[:1])
    assert answer(turned).choice == (item.answer - 1) % len(item.options)


@pytest.mark.parametrize("task", ["rearrange", "in_order", "direction"])
def test_pictures_that_were_exchanged_do_not_give_the_written_answer(task: str) -> None:
    for item in [item for item in items() if item.task == task and not item.answer_text.startswith("No,")][:3]:
        shown = list(item.pictures_us)
        shown[1], shown[4] = shown[4], shown[1]
        assert answer(item, shown=shown).choice != item.answer


@pytest.mark.parametrize("task", ["rearrange", "in_order", "direction"])
def test_two_pictures_that_are_the_same_leave_no_answer(task: str) -> None:
    item = next(item for item in items() if item.task == task)
    shown = list(item.pictures_us)
    shown[2] = shown[1]
    one = answer(item, shown=shown)
    assert one.choice is None
    assert "look alike" in (one.detail or "")


def test_pictures_found_at_the_very_end_of_the_film_are_nothing_to_break_on() -> None:
    item = next(item for item in items() if item.task == "count_shots")
    last = int(FILM.timeline.pts_us[-1])
    at_the_end = replace(item, start_us=max(0, last - 1_000_000), end_us=FILM.timeline.duration_us)
    one = answer(at_the_end, shown=[last] * len(item.pictures_us))
    assert one.choice is None or at_the_end.options[one.choice].lower() in {"one shot", "not once"}


def test_a_moment_that_the_film_repeats_leaves_no_answer() -> None:
    item = next(item for item in items() if item.task == "before_after")
    lettered = next(place for place, label in enumerate(item.labels) if label.isalpha())
    frame = FILM.frame_at(item.pictures_us[lettered])
    row = recheck(FILM, [item])
    track = np.frombuffer(row.grids, np.uint8).reshape(-1, 432).copy()
    track[5] = track[-5] = track[frame]
    (one,) = SolveAgain().run([replace(row, grids=track.tobytes())], None)
    assert one.choice is None


def test_a_picture_that_could_not_be_taken_again_leaves_no_answer() -> None:
    item = items()[0]
    row = recheck(FILM, [item])
    short = replace(
        row,
        picture_items=row.picture_items[1:],
        picture_grids=row.picture_grids[1:],
        picture_lumas=row.picture_lumas[1:],
    )
    (one,) = SolveAgain().run([short], None)
    assert (one.choice, one.detail) == (None, "a picture of it could not be taken again")


def test_a_picture_of_another_film_leaves_no_answer() -> None:
    item = next(item for item in items() if item.task == "rearrange")
    row, stranger = (
        recheck(FILM, [item]),
        recheck(reel([Scene(77, 90, mover=True)]), [replace(item, pictures_us=(0,) * 5)]),
    )
    mixed = replace(row, picture_grids=(*row.picture_grids[:-1], stranger.picture_grids[0]))
    (one,) = SolveAgain().run([mixed], None)
    assert one.choice is None
    assert "looks like nothing in the film" in (one.detail or "")


@pytest.mark.parametrize("move", ["pan right", "pan left", "tilt up", "tilt down", "zoom in", "zoom out"])
def test_a_camera_move_is_told_from_two_pictures(move: str) -> None:
    frames = Scene(8, 60, camera=move).frames()[[10, 18], 0].astype(np.float64)
    pan, tilt, zoom = camera.step(frames[0], frames[1])
    sizes = {
        "pan right": pan,
        "pan left": -pan,
        "tilt up": tilt,
        "tilt down": -tilt,
        "zoom in": zoom,
        "zoom out": -zoom,
    }
    assert max(sizes, key=lambda name: sizes[name]) == move


def test_edges_stay_under_a_still_camera_whatever_moves() -> None:
    still = Scene(9, 60, mover=True).frames()[:, 0].astype(np.float64)
    panned = Scene(9, 60, camera="pan left").frames()[:, 0].astype(np.float64)
    assert camera.staying(still[0], still[50]) > 0.6
    assert camera.staying(panned[0], panned[50]) < 0.3


@pytest.mark.parametrize("kind", ["dissolve", "fade", "wipe"])
def test_a_gradual_transition_is_named_from_the_pictures_in_it(kind: str) -> None:
    film = reel([Scene(11, 30), Scene(12, 30, opened_by=kind)])
    assert blend.kind(film.small[29:46:4, 0].astype(np.float64)) == kind


def test_a_hard_cut_is_named_from_the_pictures_around_it() -> None:
    film = reel([Scene(11, 30), Scene(12, 30)])
    assert blend.kind(film.small[20:40:4, 0].astype(np.float64)) == "cut"


def test_a_panning_shot_stays_like_itself_and_another_shot_does_not() -> None:
    film = reel([Scene(13, 40, camera="pan left"), Scene(14, 40)])
    row = recheck(film, [replace(items()[0], pictures_us=(0, 200_000, 2_000_000))])
    grids = np.stack([np.frombuffer(grid, np.uint8) for grid in row.picture_grids]).astype(np.float64)
    lumas = np.stack([np.frombuffer(luma, np.uint8).reshape(36, 64) for luma in row.picture_lumas]).astype(np.float64)
    between = unlike(grids, lumas)
    assert between[0, 1] < SAME
    assert between[0, 2] > OTHER


def test_a_track_that_comes_in_stretches_is_one_track() -> None:
    row = recheck(FILM, items())
    first, second = (replace(row, signal_id=SignalId(f"film0-{at:09d}")) for at in (0, 200))
    empty: dict[str, Any] = {name: () for name in vars(row) if name.startswith(("item_", "picture_"))}
    first = replace(first, pts_us=row.pts_us[:200], grids=row.grids[: 200 * 432])
    second = replace(second, pts_us=row.pts_us[200:], grids=row.grids[200 * 432 :], **empty)
    assert list(SolveAgain().run([first, second], None)) == list(answers().values())


def test_videos_are_solved_one_by_one_with_the_same_answers() -> None:
    other = rich("film1", 1)
    more = [item for item in WriteItems(per_task=1).run([other.timeline], None) if isinstance(item, Item)]
    rows = [recheck(FILM, items()[:5]), recheck(other, more)]
    together = list(SolveAgain().run(rows, None))
    apart = [one for row in rows for one in SolveAgain().run([row], None)]
    assert together == apart
    assert Counter(one.video_id for one in together) == {"film0": 5, "film1": len(more)}


def test_the_rows_hold_what_json_holds() -> None:
    row = recheck(FILM, items()[:2])
    assert json.loads(row.item_options[0]) == list(items()[0].options)
    assert len(pickle.dumps(SolveAgain())) < 4096
