"""Camera motion: how far, in which direction, and how much of the change it explains."""

import numpy as np
import pytest

from stages.motion import Motion, camera_motion
from stages.picture import Small
from tests.stages.scenes import camera

SEEDS = (1, 2, 3)


def seen(pictures: Small) -> Motion:
    return camera_motion(pictures[:, 0].astype(np.float32))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pan", [0.002, 0.01, 0.06, -0.01, -0.12])
def test_a_camera_moving_right_has_positive_pan(seed: int, pan: float) -> None:
    motion = seen(camera(seed, 8, pan=pan))
    assert np.median(motion.pan) == pytest.approx(pan, rel=0.15, abs=0.0005)
    assert abs(np.median(motion.tilt)) < 0.002
    assert abs(np.median(motion.zoom)) < 0.003


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tilt", [0.004, 0.05, -0.02])
def test_a_camera_moving_up_has_positive_tilt(seed: int, tilt: float) -> None:
    motion = seen(camera(seed, 8, tilt=tilt))
    assert np.median(motion.tilt) == pytest.approx(tilt, rel=0.15, abs=0.0005)
    assert abs(np.median(motion.pan)) < 0.002


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zoom", [0.004, 0.02, -0.01])
def test_a_camera_moving_in_has_positive_zoom(seed: int, zoom: float) -> None:
    motion = seen(camera(seed, 8, zoom=zoom))
    assert np.median(motion.zoom) == pytest.approx(zoom, rel=0.15, abs=0.0005)
    assert abs(np.median(motion.pan)) < 0.002


def test_motion_explains_a_pan_and_not_a_cut() -> None:
    assert seen(camera(1, 8, pan=0.03)).fit.min() > 0.7
    assert seen(np.concatenate([camera(1, 1), camera(2, 1)])).fit[0] < 0.4


def test_a_picture_that_stays_has_no_motion_and_nothing_to_explain() -> None:
    motion = seen(camera(1, 4))
    assert not motion.pan.any()
    assert not motion.tilt.any()
    assert not motion.zoom.any()
    assert (motion.fit == 1).all()


def test_something_moving_before_a_still_camera_is_no_camera_motion() -> None:
    pictures = camera(1, 8).copy()
    for k in range(8):
        pictures[k, :, 14:26, 8 + 3 * k : 20 + 3 * k] = 60
    motion = seen(pictures)
    assert np.abs(motion.pan).max() < 0.006
    assert np.abs(motion.tilt).max() < 0.006


def test_how_many_pairs_are_measured_at_once_changes_nothing() -> None:
    luma = camera(3, 9, pan=0.02, zoom=0.005)[:, 0].astype(np.float32)
    whole = camera_motion(luma)
    parts = [camera_motion(luma[at : at + 2]) for at in range(8)]
    for name in ("pan", "tilt", "zoom", "fit"):
        alone = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(getattr(whole, name), alone, atol=1e-5)
