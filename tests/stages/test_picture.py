"""Grids and hashes of small pictures."""

import numpy as np
import pytest

from stages.picture import Small, bits_apart, grid_distance, grids, hashes


def _noise(seed: int, n: int = 4) -> Small:
    """Smooth random pictures, as footage is: blocks of 9 by 16, stretched."""
    blocks = np.random.default_rng(seed).integers(16, 235, (n, 3, 9, 16), dtype=np.uint8)
    return np.kron(blocks, np.ones((1, 1, 4, 4), np.uint8))


def test_a_grid_holds_the_mean_of_each_block() -> None:
    small = _noise(1)
    assert np.array_equal(grids(small), small[:, :, ::4, ::4].transpose(0, 2, 3, 1))
    ramp = np.zeros((1, 3, 36, 64), np.uint8)
    ramp[0, 0, 0, :4] = (0, 100, 200, 255)
    assert grids(ramp)[0, 0, 0, 0] == round(555 / 16)


def test_the_same_picture_with_noise_keeps_most_of_its_hash() -> None:
    small = _noise(2, 32)
    rough = np.clip(small.astype(int) + np.random.default_rng(3).integers(-6, 7, small.shape), 0, 255).astype(np.uint8)
    apart = [bits_apart(one, other) for one, other in zip(hashes(small), hashes(rough), strict=True)]
    assert max(apart) <= 4


def test_brightness_does_not_change_the_hash() -> None:
    small = np.clip(_noise(4), 30, 200)
    assert all(bits_apart(a, b) <= 2 for a, b in zip(hashes(small), hashes(small + np.uint8(20)), strict=True))


def test_unrelated_pictures_differ_in_about_half_of_the_bits() -> None:
    one, other = hashes(_noise(5, 64)), hashes(_noise(6, 64))
    assert np.mean([bits_apart(a, b) for a, b in zip(one, other, strict=True)]) == pytest.approx(32, abs=3)


def test_flat_pictures_all_have_the_hash_zero() -> None:
    black, grey = np.full((1, 3, 36, 64), 16, np.uint8), np.full((1, 3, 36, 64), 128, np.uint8)
    grey[0, 0, ::7, ::5] += 1
    assert hashes(black)[0] == hashes(grey)[0] == 0


def test_a_hash_does_not_depend_on_its_neighbours() -> None:
    small = _noise(7, 8)
    assert np.array_equal(hashes(small), np.concatenate([hashes(small[i : i + 1]) for i in range(8)]))


def test_grid_distance_is_zero_for_the_same_and_one_for_black_against_white() -> None:
    black, white = bytes(432), b"\xff" * 432
    assert grid_distance(black, black) == 0
    assert grid_distance(black, white) == 1
