"""Random access: it must really seek, be right when it does, and give up where it cannot be sure."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from stages import readers_pyav
from stages.damage import Complaints
from stages.readers_child import Picture, Request, Unreadable
from stages.readers_film import Film
from stages.readers_pyav import Doubt
from tests import footage
from tests.footage import STEP_US, X264, number_in

pytestmark = pytest.mark.slow

T = TypeVar("T")
N_FRAMES = 400
OPEN = "open-gop=1:keyint=20:min-keyint=20:bframes=3:scenecut=0:b-adapt=0"
PYRAMID = "b-pyramid=strict:b-adapt=2:ref=5"
LONG = {
    "a.mp4": X264,
    "open.mp4": (*X264, "-x264-params", OPEN),
    "open.mkv": (*X264, "-x264-params", OPEN),
    "open.ts": (*X264, "-x264-params", OPEN),
    "pyramid.mp4": (*X264, "-bf", "8", "-x264-params", PYRAMID),
    "h265.mp4": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", f"{OPEN}:log-level=none"),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "12"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"),
    "fragmented.mp4": (*X264, "-movflags", "frag_keyframe+empty_moov"),
}
REFRESH = (*X264, "-x264-params", "intra-refresh=1:keyint=20:bframes=0")
QUIET = Complaints(*os.pipe2(os.O_NONBLOCK))
"""Nobody complains here."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("long")


def _film(path: Path, times: list[int]) -> Film:
    return Film(Request(path=str(path), times_us=times, side_px=64, quality=0, threads=2), QUIET)


def _by_seeking(film: Film) -> list[Picture]:
    return list(readers_pyav.pictures(film, readers_pyav.by_seeking))


def _by_reading_all(film: Film) -> list[Picture]:
    return list(readers_pyav.pictures(film, readers_pyav.by_reading_all))


def _made(path: Path, options: tuple[str, ...]) -> Path:
    return path if path.exists() else footage.encode(path, *options, "-pix_fmt", "yuv420p", numbers=range(N_FRAMES))


def _number(small: bytes) -> int | None:
    return number_in(np.frombuffer(small, np.uint8).reshape(3, 36, 64)[0])


def _noting(act: Callable[[T], None], notes: list[T]) -> Callable[[T], None]:
    def noted(what: T) -> None:
        notes.append(what)
        act(what)

    return noted


@pytest.mark.parametrize("name", LONG)
def test_seeking_gives_what_reading_all_gives(folder: Path, name: str) -> None:
    path, draw = _made(folder / name, LONG[name]), random.Random(7)
    seeks: list[int] = []
    for _ in range(6):
        times = sorted(draw.sample(range((N_FRAMES - 1) * STEP_US), 4))
        film = _film(path, times)
        film.seek = _noting(film.seek, seeks)  # type: ignore[method-assign, assignment]
        pictures = _by_seeking(film)
        assert [(one.at_us, _number(one.small)) for one in pictures] == [(at, (at + 2) // STEP_US) for at in times]
    assert len(seeks) > 6


def test_a_film_that_refreshes_bit_by_bit_is_read_from_the_start(folder: Path) -> None:
    path = _made(folder / "refresh.mp4", REFRESH)
    with pytest.raises(Doubt):
        _by_seeking(_film(path, [14_000_000]))
    (picture,) = readers_pyav.read(_film(path, [14_000_000]).request)
    assert _number(picture.small) == 350


def test_frames_that_nobody_wants_and_nothing_needs_are_not_decoded(folder: Path) -> None:
    film = _film(_made(folder / "a.mp4", LONG["a.mp4"]), [4_000_000, 4_120_000, 4_160_000])
    spared: list[bool] = []
    film.spare = _noting(film.spare, spared)  # type: ignore[method-assign, assignment]
    assert [_number(one.small) for one in _by_seeking(film)] == [100, 103, 104]
    assert any(spared)
    assert not all(spared)


def test_reading_all_and_seeking_agree_to_the_byte(folder: Path) -> None:
    path = _made(folder / "pyramid.mp4", LONG["pyramid.mp4"])
    times = [STEP_US * number for number in (3, 150, 151, 152, 299)]
    assert _by_seeking(_film(path, times)) == _by_reading_all(_film(path, times))


def test_a_file_in_which_nothing_can_be_decoded_says_so(tmp_path: Path) -> None:
    path = footage.cut_short(tmp_path / "a.mp4", 0.38)
    with pytest.raises(Unreadable, match=r"no_frames|undecodable"):
        list(readers_pyav.read(_film(path, [0]).request))
