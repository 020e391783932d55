"""Shots out of signals: every kind of boundary to the frame, and no boundary where there is none."""

import numpy as np
import pytest

from schemas.media import Shot
from stages.cut import CutShots
from stages.cut_track import black_stretches, still_stretches, track
from stages.picture import Small
from tests.stages.scenes import STEP_US, camera, dissolve, fade, film, plain, wipe

N = 40
DIRECTIONS = ("left", "right", "top", "bottom", "centre")


def shots(*pieces: Small) -> list[Shot]:
    found = list(CutShots().run(film(pieces), None))
    assert all(isinstance(row, Shot) for row in found)
    return [row for row in found if isinstance(row, Shot)]


def frames(found: list[Shot]) -> list[tuple[int, int, str]]:
    """First frame, frame after the last, and kind of opening of each shot."""
    return [(one.start_us // STEP_US, one.end_us // STEP_US, one.opened_by) for one in found]


def joined(kind: str, first: int, second: int, span: int, **how: str) -> tuple[Small, Small, Small]:
    """Two slowly moving shots of N pure frames each, and the ``span`` mixed frames between them."""
    old, new = camera(first, N + span, pan=0.002), camera(second, N + span, tilt=0.002)
    mix = {"dissolve": dissolve, "fade": fade, "wipe": wipe}[kind]
    return old[:N], mix(old[N:], new[:span], **how), new[span:]  # type: ignore[operator]


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_is_found_to_the_frame(seed: int) -> None:
    found = shots(camera(seed, N, pan=0.003), camera(seed + 50, N, tilt=0.004), camera(seed + 90, N))
    assert frames(found) == [(0, N, "start"), (N, 2 * N, "cut"), (2 * N, 3 * N, "cut")]
    assert found[1].opened_from_us == found[1].start_us
    assert found[0].opened_from_us is None
    assert found[1].cut_score is not None
    assert found[1].cut_score > 0.7


@pytest.mark.parametrize("kind", ["dissolve", "fade"])
@pytest.mark.parametrize(("seed", "span"), [(1, 8), (2, 15), (3, 24), (4, 40)])
def test_a_dissolve_and_a_fade_are_found_to_two_frames_and_belong_to_no_shot(kind: str, seed: int, span: int) -> None:
    found = shots(*joined(kind, seed, seed + 30, span))
    assert [one.opened_by for one in found] == ["start", kind]
    assert found[0].end_us // STEP_US == pytest.approx(N, abs=2)
    assert found[1].start_us // STEP_US == pytest.approx(N + span, abs=2)
    assert found[1].opened_from_us == found[0].end_us


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("span", [10, 25])
def test_a_wipe_from_any_side_is_found_and_called_so(direction: str, span: int) -> None:
    found = shots(*joined("wipe", 7, 8, span, direction=direction))
    assert [one.opened_by for one in found] == ["start", "wipe"]
    slow = 2 + span // 6  # a wipe begins and ends in a corner or a point, where there is next to nothing to see
    assert found[0].end_us // STEP_US == pytest.approx(N, abs=slow)
    assert found[1].start_us // STEP_US == pytest.approx(N + span, abs=slow)


def test_a_fade_through_white_is_a_fade() -> None:
    old, new = camera(1, N + 20), camera(2, N + 20)
    found = shots(old[:N], fade(old[N:], new[:20], through=235), new[20:])
    assert [one.opened_by for one in found] == ["start", "fade"]


def test_a_cut_to_black_and_a_fade_in_are_one_boundary() -> None:
    new = camera(2, N)
    rising = fade(new[:16], new[:16])[8:]
    found = shots(camera(1, N), plain(16, 10), rising, new)
    assert [one.opened_by for one in found] == ["start", "fade"]
    assert found[0].end_us // STEP_US == N
    assert found[1].start_us // STEP_US == pytest.approx(N + 18, abs=2)


def test_a_black_screen_between_two_shots_belongs_to_neither() -> None:
    found = shots(camera(1, N), plain(16, 12), camera(2, N))
    assert frames(found) == [(0, N, "start"), (N + 12, 2 * N + 12, "cut")]
    assert found[1].opened_from_us == N * STEP_US


def test_black_at_the_start_and_at_the_end_belongs_to_no_shot() -> None:
    only = camera(3, N)
    sinking = fade(only[-20:], only[-20:])[:10]
    found = shots(plain(16, 10), only, sinking, plain(16, 10))
    assert [one.opened_by for one in found] == ["start"]
    assert found[0].start_us // STEP_US == pytest.approx(10, abs=1)
    assert found[0].end_us // STEP_US == pytest.approx(10 + N, abs=2)


def test_an_all_black_video_is_one_shot() -> None:
    assert frames(shots(plain(16, 20))) == [(0, 20, "start")]


@pytest.mark.parametrize("n", [1, 2])
def test_a_video_of_one_or_two_frames_is_one_shot(n: int) -> None:
    assert frames(shots(camera(1, n))) == [(0, n, "start")]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("pan", [0.01, 0.05])
def test_a_pan_is_no_boundary(seed: int, pan: float) -> None:
    assert len(shots(camera(seed, N, pan=pan))) == 1


@pytest.mark.parametrize("zoom", [0.02, -0.02])
def test_a_zoom_is_no_boundary(zoom: float) -> None:
    assert len(shots(camera(4, 60, zoom=zoom))) == 1


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_flash_is_no_boundary(length: int) -> None:
    one = camera(5, 60, pan=0.003).astype(float)
    one[30 : 30 + length, 0] = one[30 : 30 + length, 0] * 0.2 + 235 * 0.8
    assert len(shots(one.astype(np.uint8))) == 1


def test_an_explosion_that_dies_down_is_no_boundary() -> None:
    one = camera(6, 80).astype(float)
    fire = np.array([180, 60, 190])[:, None, None]
    for k in range(30):
        glow = 0.95 * np.exp(-max(0, k - 2) / 5)
        one[30 + k] = one[30 + k] * (1 - glow) + fire * glow
    assert len(shots(one.astype(np.uint8))) == 1


@pytest.mark.parametrize("every", [2, 3])
def test_repeated_frames_are_no_boundaries_and_hide_none(every: int) -> None:
    old, new = camera(7, 60, pan=0.01), camera(8, 60, pan=-0.01)
    slow = np.arange(60) // every * every
    assert frames(shots(old[slow], new[slow])) == [(0, 60, "start"), (60, 120, "cut")]


def test_a_shaking_camera_is_no_boundary_and_hides_none() -> None:
    rng = np.random.default_rng(1)
    steady = [camera(seed, 1, pan=0.0) for seed in (11, 12)]
    shaken = []
    for picture in steady:
        moves = np.cumsum(rng.integers(-1, 2, (40, 2)), axis=0).clip(-4, 4)
        shaken.append(np.concatenate([np.roll(picture, tuple(move), axis=(2, 3)) for move in moves]))
    found = shots(*shaken)
    assert [one.opened_by for one in found] == ["start", "cut"]
    assert found[1].start_us // STEP_US == 40


def test_a_title_that_fades_in_is_no_boundary() -> None:
    one = camera(9, 60).astype(float)
    for k in range(60):
        part = np.clip((k - 20) / 12, 0, 1)
        one[k, 0, 22:32, 6:58] = one[k, 0, 22:32, 6:58] * (1 - part) + 220 * part
    assert len(shots(one.astype(np.uint8))) == 1


def test_light_switched_on_is_no_boundary() -> None:
    one = camera(10, 60).astype(float)
    one[:30, 0] = 16 + (one[:30, 0] - 16) * 0.5
    assert len(shots(one.astype(np.uint8))) == 1


def test_dark_shots_are_cut_apart() -> None:
    def dark(pictures: Small) -> Small:
        grey = np.array([16, 128, 128])[None, :, None, None]
        return np.asarray(np.rint(grey + (pictures - grey) * 0.1).astype(np.uint8))

    assert frames(shots(dark(camera(1, N)), dark(camera(2, N)))) == [(0, N, "start"), (N, 2 * N, "cut")]


def test_slides_are_cut_apart() -> None:
    pieces = [camera(seed, 1).repeat(8, axis=0) for seed in range(6)]
    assert [one.opened_by for one in shots(*pieces)] == ["start", *["cut"] * 5]


def test_shots_are_the_same_however_the_signals_are_dealt_into_rows() -> None:
    pieces = joined("dissolve", 3, 4, 14)
    whole, parts = film(pieces, block=1000), film(pieces, block=37)
    assert list(CutShots().run(whole, None)) == list(CutShots().run(parts, None))


def test_each_video_of_a_batch_has_its_own_shots() -> None:
    one, other = film([camera(1, N)], video="a"), film([camera(1, N), camera(2, N)], video="b")
    found = list(CutShots().run([*one, *other], None))
    assert [(row.video_id, row.number) for row in found if isinstance(row, Shot)] == [("a", 0), ("b", 0), ("b", 1)]


def test_a_stricter_setting_finds_fewer_cuts() -> None:
    rows = film([camera(1, N, pan=0.004), camera(2, N, pan=0.004)])
    assert len(list(CutShots(cut_ratio=1e6).run(rows, None))) < len(list(CutShots().run(rows, None)))


def test_black_and_still_stretches_are_known_without_the_film() -> None:
    moving = camera(1, 30, pan=0.02)
    seen = track(film([moving, plain(16, 25), camera(2, 1).repeat(30, axis=0)]))
    assert black_stretches(seen) == [(30 * STEP_US, 55 * STEP_US)]
    assert still_stretches(seen) == [(30 * STEP_US, 55 * STEP_US), (55 * STEP_US, 85 * STEP_US)]
