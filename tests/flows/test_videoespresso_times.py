"""The recipe videoespresso, in time: when pictures are taken, and how long a core caption holds."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from flows.recipes.videoespresso import videoespresso
from schemas.media import Media, Shot, ShotLook, Source, Video
from schemas.questions import Chain, Grounding
from schemas.text import Caption, Embedding, Moment
from schemas.units import CaptionId, ShotId, VideoId
from stages.graph import given
from tests.builders import FakeEnv, row
from tests.flows.rehearsed import Bench
from tests.flows.test_videoespresso import SPAN, STEP_US, Tables, moments

pytestmark = pytest.mark.slow


def grounding(shown: list[Moment], turned: Sequence[int | None]) -> Grounding:
    """When the third picture's caption holds, of captions that say one of two things; None: there is none."""
    said = [(one, turn) for one, turn in zip(shown, turned, strict=True) if turn is not None]
    captions = [
        row(Caption, caption_id=CaptionId(one.frame_id), level="frame", **{key: getattr(one, key) for key in SPAN})
        for one, _ in said
    ]
    vectors = [
        row(
            Embedding,
            caption_id=CaptionId(one.frame_id),
            video_id=one.video_id,
            vector=np.array([turn, 1 - turn], np.float32),
        )
        for one, turn in said
    ]
    chain = row(Chain, video_id=VideoId("v"), caption_ids=(shown[2].frame_id,))
    tables: Tables = {"captions": captions, "embeddings": vectors, "moments": shown, "chains": [chain]}
    found: list[Grounding] = Bench(videoespresso(given(Source)), FakeEnv(), tables).rows("groundings")
    assert len(found) == 1
    return found[0]


def test_a_core_caption_lasts_as_long_as_its_neighbours_say_the_same() -> None:
    shown = moments("v", 6)
    found = grounding(shown, [1, 0, 0, 1, 0, 0])  # it holds for two pictures, and again for two later ones
    assert (found.start_us, found.end_us) == (STEP_US // 2, 3 * STEP_US // 2)
    assert (found.n_frames, found.n_elsewhere, found.at_us) == (2, 2, shown[2].at_us)


def test_a_core_caption_does_not_last_over_a_picture_without_a_caption() -> None:
    found = grounding(moments("v", 6), [1, 0, 0, None, 0, 0])
    assert (found.start_us, found.end_us) == (STEP_US // 2, 3 * STEP_US // 2)
    assert (found.n_frames, found.n_elsewhere) == (2, 2)


def test_a_core_caption_does_not_last_over_a_black_screen_between_two_shots() -> None:
    shown = moments("v", 7)
    found = grounding([one for one in shown if one is not shown[3]], [0, 0, 0, 0, 0, 0])
    assert (found.start_us, found.end_us) == (0, 3 * STEP_US // 2)
    assert (found.n_frames, found.n_elsewhere) == (3, 3)


def paced(difference: float, length_us: int = 10 * STEP_US, fast_hz: int = 4) -> list[Moment]:
    """The moments of a shot whose neighbouring frames, 25 a second, differ so much on the mean."""
    ids = {"shot_id": ShotId("s"), "video_id": VideoId("v")}
    tables: Tables = {
        "shots": [row(Shot, **ids, start_us=STEP_US, end_us=STEP_US + length_us)],
        "shot_looks": [row(ShotLook, **ids, difference_mean=difference, is_black=difference < 0.0001)],
        "media": [row(Media, video_id=VideoId("v"), rate_hz_measured=25.0)],
        "videos": [row(Video, video_id=VideoId("v"))],
    }
    return Bench(videoespresso(given(Source), fast_hz=fast_hz), FakeEnv(), tables).rows("moments")


@pytest.mark.parametrize(("difference", "n"), [(0.0010, 10), (0.0018, 20), (0.0036, 30), (0.0054, 40), (0.5, 40)])
def test_where_more_changes_pictures_are_closer_together_from_one_to_four_a_second(difference: float, n: int) -> None:
    assert len(paced(difference)) == n


def test_moments_tile_their_shot_and_each_is_shown_by_its_middle() -> None:
    found = sorted(paced(0.0018, length_us=3_333_333), key=lambda one: one.at_us)
    assert (found[0].start_us, found[-1].end_us) == (STEP_US, STEP_US + 3_333_333)
    assert all(one.end_us == other.start_us for one, other in pairwise(found))
    assert all(abs(2 * one.at_us - one.start_us - one.end_us) <= 2 for one in found)
    assert len(paced(0.001, length_us=100)) == 1
    assert paced(0.0) == []
    assert len(paced(0.5, fast_hz=1)) == 10
