"""Scenes end where the look changes most, and are never longer than asked."""

from collections.abc import Sequence

import numpy as np
import pytest

from schemas.items import Timeline
from schemas.rejects import Reject
from schemas.scenes import Scene
from schemas.units import VideoId
from stages.fragments.timeline import CELLS
from stages.scenes import GroupShots
from tests.builders import row

SECOND = 1_000_000


def timeline(*shots: tuple[int, int]) -> list[Timeline]:
    """A film of shots, each of so many seconds and of one grey level; a frame a second, in stretches of seven."""
    lengths = [seconds for seconds, _ in shots]
    ends = np.cumsum([0, *lengths]) * SECOND
    frames = [bytes([level]) * CELLS for seconds, level in shots for _ in range(seconds)]
    facts = {
        "video_id": VideoId("v"),
        "shot_ids": tuple(f"s{n}" for n in range(len(shots))),
        "shot_starts_us": ends[:-1],
        "shot_ends_us": ends[1:],
    }
    firsts = range(0, max(1, len(frames)), 7)
    times = np.arange(len(frames)) * SECOND
    return [row(Timeline, at, **facts, pts_us=times[at : at + 7], grids=b"".join(frames[at : at + 7])) for at in firsts]


def grouped(*shots: tuple[int, int], least: int = 1, most: int = 10) -> list[Scene]:
    stage = GroupShots(least_us=least * SECOND, most_us=most * SECOND)
    made = list(stage.run(timeline(*shots), None))
    assert all(isinstance(one, Scene) for one in made)
    return [one for one in made if isinstance(one, Scene)]


def spans(scenes: Sequence[Scene]) -> list[tuple[int, int]]:
    return [(scene.start_us // SECOND, scene.end_us // SECOND) for scene in scenes]


def test_a_short_film_is_one_scene() -> None:
    assert [scene.shot_ids for scene in grouped((3, 10), (3, 200), (3, 50))] == [("s0", "s1", "s2")]


def test_a_long_one_is_split_where_the_look_changes_most() -> None:
    assert spans(grouped((3, 10), (3, 40), (4, 200), (4, 220))) == [(0, 6), (6, 14)]


def test_a_dialogue_that_goes_to_and_fro_is_not_split() -> None:
    to_and_fro = [(2, 10), (2, 200)] * 3
    assert spans(grouped(*to_and_fro, (2, 100), (4, 120), most=12)) == [(0, 12), (12, 18)]


def test_no_scene_is_shorter_than_the_least_where_that_can_be_helped() -> None:
    assert spans(grouped((1, 10), (6, 255), (6, 250), least=5)) == [(0, 7), (7, 13)]


def test_a_single_shot_that_is_too_long_is_split_evenly() -> None:
    scenes = grouped((24, 10), (3, 200))
    assert spans(scenes) == [(0, 8), (8, 16), (16, 24), (24, 27)]
    assert len({scene.scene_id for scene in scenes}) == 4
    assert [scene.shot_ids for scene in scenes] == [("s0",)] * 3 + [("s1",)]


@pytest.mark.parametrize("seed", range(20))
def test_scenes_follow_each_other_and_hold_every_shot_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shots = [(int(rng.integers(1, 9)), int(rng.integers(0, 256))) for _ in range(40)]
    scenes = grouped(*shots, least=4)
    assert [shot for scene in scenes for shot in scene.shot_ids] == [f"s{n}" for n in range(40)]
    assert all(scene.end_us - scene.start_us <= 10 * SECOND for scene in scenes)
    assert [scene.start_us for scene in scenes[1:]] == [scene.end_us for scene in scenes[:-1]]
    assert [scene.number for scene in scenes] == list(range(len(scenes)))


def test_a_film_without_shots_is_rejected() -> None:
    [made] = GroupShots().run(timeline(), None)
    assert isinstance(made, Reject)
    assert made.reason == "no_shots"
