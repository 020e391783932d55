import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from flows import demo
from flows.films import JOINT_FRAMES, RATE, SIZE, Film, Joint, Take, write_all
from flows.films_backdrops import BACKDROPS
from flows.films_movers import MOVERS

pytestmark = pytest.mark.slow


def decoded(path: Path) -> list[npt.NDArray[Any]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


@pytest.mark.parametrize("kind", ["cut", "dissolve", "fade", "wipe"])
def test_the_truth_says_to_the_frame_where_a_shot_ends_and_the_next_begins(tmp_path: Path, kind: Joint) -> None:
    film = Film("two shots", (Take("mural", 1, "static", 30, kind), Take("table", 2, "static", 34)))
    [path] = write_all([film], tmp_path, workers=1)
    frames, truth = decoded(path), json.loads(path.with_suffix(".json").read_text())
    one, two = truth["shots"]
    [joint] = truth["transitions"]
    assert len(frames) == truth["frames"] == 64 - JOINT_FRAMES[kind]
    assert joint["kind"] == kind
    assert joint["last_frame"] - joint["first_frame"] + 1 == max(1, JOINT_FRAMES[kind])
    first, last = frames[one["last_frame"]], frames[two["first_frame"]]
    assert np.abs(first.astype(int) - frames[0]).mean() < 15
    assert np.abs(last.astype(int) - frames[-1]).mean() < 15
    assert np.abs(first.astype(int) - last).mean() > 30
    inside = frames[(one["last_frame"] + two["first_frame"]) // 2 + 1] if kind != "cut" else last
    assert np.abs(inside.astype(int) - first).mean() > 8


def test_spans_are_half_open_and_in_microseconds(tmp_path: Path) -> None:
    truth: dict[str, Any] = Film("two shots", (Take("sea", 1, "static", 30), Take("reef", 2, "static", 30))).truth()
    one, two = truth["shots"]
    assert (one["start_us"], one["end_us"], two["start_us"]) == (0, 30_000_000 // RATE, 30_000_000 // RATE)


def test_a_film_is_drawn_from_its_seed_alone() -> None:
    same, again, other = (Take("space", seed, "pan left", 20).frame(7) for seed in (3, 3, 4))
    assert same.shape == (SIZE[1], SIZE[0], 3)
    assert np.array_equal(same, again)
    assert not np.array_equal(same, other)


@pytest.mark.parametrize("look", sorted(BACKDROPS))
def test_something_moves_before_every_backdrop(look: str) -> None:
    for choice in range(len(MOVERS[look])):
        take = Take(look, choice, "static", 50)
        assert np.abs(take.frame(0).astype(int) - take.frame(40)).mean() > 0.1


def test_the_demo_shows_every_kind_of_transition_and_camera() -> None:
    films = demo.cast_films()
    truths: list[dict[str, Any]] = [film.truth() for film in films]
    assert {joint["kind"] for truth in truths for joint in truth["transitions"]} == {"cut", "dissolve", "fade", "wipe"}
    assert len({shot["camera"] for truth in truths for shot in truth["shots"]}) == 7
    assert all(20 <= truth["frames"] / RATE <= 30 for truth in truths)


def test_the_demos_shots_follow_each_other_and_one_is_clearly_the_longest() -> None:
    for film in demo.cast_films():
        truth: dict[str, Any] = film.truth()
        pieces = sorted(
            (*truth["shots"], *(one for one in truth["transitions"] if one["kind"] != "cut")),
            key=lambda one: one["first_frame"],
        )
        assert all(after["first_frame"] == before["last_frame"] + 1 for before, after in pairwise(pieces)), film.name
        assert pieces[-1]["last_frame"] == truth["frames"] - 1
        lengths = sorted(shot["last_frame"] - shot["first_frame"] for shot in truth["shots"])
        assert lengths[-1] > 1.1 * lengths[-2]


def test_the_demos_films_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "cast_films", lambda: [Film("one", (Take("mural", 1, "static", 10),))])
    demo.films(tmp_path)
    made = (tmp_path / "one.mp4").stat().st_mtime_ns
    assert sorted(path.name for path in tmp_path.glob("*.mp4")) == ["not a film.mp4", "one.mp4", demo.COPY]
    demo.films(tmp_path)
    assert (tmp_path / "one.mp4").stat().st_mtime_ns == made
