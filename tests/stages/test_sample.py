"""Pictures at exact times, by each reader, against clips whose every frame carries its number."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from schemas.media import Frame, FrameAgain, FrameRequest, Signal, Video
from schemas.rejects import Reject
from schemas.units import FrameId, VideoId
from stages import readers, sandbox
from stages.picture import bits_apart, grid_distance
from stages.readers import Reader, Shape
from stages.refusal import Refused
from stages.sample import TakeFrames, TakeFramesAgain
from stages.watch import WatchVideos
from tests import footage
from tests.builders import FakeEnv, row
from tests.footage import Known, clip, number_in, number_in_grid

pytestmark = pytest.mark.slow

FAST = ["plain", "open GOP", "variable rate", "turned by 90", "transport stream", "cut by copy", "negative times"]


def _wishes(path: Path, times: Iterable[int], video: str = "v") -> list[FrameRequest]:
    return [
        FrameRequest(frame_id=FrameId(f"{video}/{at_us}"), video_id=VideoId(video), uri=str(path), at_us=at_us)
        for at_us in times
    ]


def _times(known: Known) -> list[int]:
    """The first and last frames, both sides of a change, and some in between.

    AVI stores no times of showing, so its last frames, which B-frames hold back, come out without one.
    """
    is_avi = known.path.suffix == ".avi"
    end = known.times_us[-3 if is_avi else -1]
    edges = {0, 1, known.times_us[1] - 5, known.times_us[1], end - 5, end, end if is_avi else end + 30_000}
    return sorted({*edges, *range(170_001, end, 310_000)})


def _upright(jpeg: bytes, known: Known) -> Any:
    """The coded picture again: truth is in its bars, which the shown picture has turned."""
    luma = np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"))
    return np.ascontiguousarray(np.rot90(luma, -known.turns))


def _check(known: Known, reader: Reader, times: Sequence[int]) -> set[str]:
    """Every picture is the known one; gives who read them."""
    taken = list(readers.take(known.path, times, Shape(side_px=768, quality=90), reader))
    assert [one.at_us for one in taken] == list(times)
    for one in taken:
        number, since = known.at(one.at_us)
        assert number_in(_upright(one.jpeg, known)) == number, one.at_us
        assert abs(one.pts_us - since) <= 1
        assert (one.width_px, one.height_px) == known.size
        assert known.turns or number_in_grid(one.grid) == number
    return {one.reader for one in taken}


@pytest.mark.parametrize("kind", footage.KINDS)
def test_pyav_gives_the_frame_on_screen(kind: str) -> None:
    assert _check(clip(kind), "pyav", _times(clip(kind))) == {"pyav"}


@pytest.mark.parametrize("kind", [*FAST, "cut by copy, late", "AVI with B-frames", "wide pixels", "with a cover"])
def test_ffmpeg_gives_the_frame_on_screen(kind: str) -> None:
    assert _check(clip(kind), "ffmpeg", _times(clip(kind))) == {"ffmpeg"}


@pytest.mark.parametrize("kind", ["plain", "variable rate", "turned by 90", "wide pixels"])
def test_decord_is_used_where_it_is_right(kind: str) -> None:
    assert _check(clip(kind), "decord", _times(clip(kind))) == {"decord"}


@pytest.mark.parametrize("kind", ["transport stream", "cut by copy", "negative times", "AVI", "intra refresh"])
def test_decord_is_replaced_where_it_is_not(kind: str) -> None:
    assert "ffmpeg" in _check(clip(kind), "decord", _times(clip(kind)))


def test_the_three_readers_agree_on_what_a_picture_looks_like() -> None:
    one, *others = (
        next(iter(readers.take(clip("plain").path, [1_000_000], Shape(side_px=768, quality=90), reader)))
        for reader in ("pyav", "ffmpeg", "decord")
    )
    for other in others:
        assert grid_distance(one.grid, other.grid) < 0.01
        assert bits_apart(one.hash, other.hash) <= 4


@pytest.mark.parametrize("kind", ["plain", "variable rate", "turned by 90", "transport stream", "cut by copy", "AVI"])
def test_pictures_and_signals_speak_of_the_same_frames(kind: str) -> None:
    path = clip(kind).path
    (signal,) = WatchVideos().run([row(Video, uri=str(path), size_bytes=path.stat().st_size)], FakeEnv())
    assert isinstance(signal, Signal)
    numbers = range(0, signal.n_frames, 7)
    wishes = _wishes(path, [int(signal.pts_us[number]) for number in numbers])
    for number, frame in zip(numbers, TakeFrames().run(wishes, FakeEnv()), strict=True):
        assert isinstance(frame, Frame)
        assert frame.pts_us == signal.pts_us[number]
        assert grid_distance(frame.grid, signal.grids[432 * number : 432 * number + 432]) < 0.01
        assert bits_apart(frame.hash, int(signal.hash[number])) <= 4


def test_a_time_after_the_end_has_no_frame() -> None:
    known = clip("plain")
    wishes = _wishes(known.path, [2_960_000, 2_999_000, 3_000_000, 99_000_000])
    for stage in (TakeFrames(), TakeFrames(reader="ffmpeg"), TakeFramesAgain()):
        taken: list[Any] = list(stage.run(wishes, FakeEnv()))
        assert [getattr(one, "reason", None) for one in taken] == [None, None, "frame_missing", "frame_missing"]


def test_frames_are_stored_as_pictures_with_all_their_numbers() -> None:
    env, known = FakeEnv(), clip("plain")
    (frame,) = TakeFrames().run(_wishes(known.path, [1_010_000]), env)
    assert isinstance(frame, Frame)
    assert (frame.pts_us, frame.width_px, frame.height_px, frame.reader) == (1_000_000, 160, 96, "pyav")
    assert number_in(env.get(frame.blob)) == number_in_grid(frame.grid) == 25
    assert len(frame.grid) == 432


def test_a_second_look_keeps_numbers_and_no_picture() -> None:
    env = FakeEnv()
    (frame,) = TakeFramesAgain().run(_wishes(clip("plain").path, [1_000_000]), env)
    assert isinstance(frame, FrameAgain)
    assert (number_in_grid(frame.grid), frame.reader, env.blobs) == (25, "decord", {})


def test_the_longer_side_is_capped_and_small_pictures_stay_small() -> None:
    env = FakeEnv()
    for side, size in ((80, (48, 80)), (2000, (96, 160))):
        (frame,) = TakeFrames(side_px=side).run(_wishes(clip("turned by 90").path, [0]), env)
        assert isinstance(frame, Frame)
        assert (frame.width_px, frame.height_px) == size == Image.open(io.BytesIO(env.get(frame.blob))).size


def test_several_wishes_for_one_time_are_all_answered() -> None:
    wishes = _wishes(clip("plain").path, [40_000, 40_000, 79_990])
    assert [getattr(one, "pts_us", one) for one in TakeFrames().run(wishes, FakeEnv())] == [40_000] * 3


def test_batching_does_not_change_the_frames() -> None:
    wishes = _wishes(clip("plain").path, [0, 2_000_000], "a") + _wishes(clip("VP9").path, [0, 2_000_000], "b")
    stage, env = TakeFrames(), FakeEnv()
    together = list(stage.run(wishes, env))
    assert together == [*stage.run(wishes[:2], env), *stage.run(wishes[2:], env)]


def test_one_bad_film_does_not_cost_another(tmp_path: Path) -> None:
    bad = footage.sound_only(tmp_path / "a.mp4")
    wishes = (
        _wishes(tmp_path / "none.mp4", [0], "a") + _wishes(bad, [0, 1], "b") + _wishes(clip("plain").path, [0], "c")
    )
    found = [getattr(one, "reason", "frame") for one in TakeFrames().run(wishes, FakeEnv())]
    assert found == ["missing", "no_video_stream", "no_video_stream", "frame"]


def test_a_truncated_film_gives_what_is_left_of_it(tmp_path: Path) -> None:
    path = footage.cut_short(tmp_path / "a.mp4", 0.7)
    *shown, last = TakeFrames().run(_wishes(path, [0, 1_000_000, 2_960_000]), FakeEnv())
    assert [number_in_grid(one.grid) for one in shown if isinstance(one, Frame)] == [0, 25]
    assert isinstance(last, Reject)
    assert last.reason == "frame_missing"


def test_damage_in_the_middle_costs_only_what_it_hit(tmp_path: Path) -> None:
    content = bytearray(clip("transport stream").path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 188 * 4] = bytes(188 * 4)
    (tmp_path / "a.ts").write_bytes(content)
    found = list(TakeFrames().run(_wishes(tmp_path / "a.ts", [200_000, 2_800_000]), FakeEnv()))
    assert [number_in_grid(one.grid) for one in found if isinstance(one, Frame)] == [5, 70]


def test_a_film_of_too_many_pixels_is_not_decoded() -> None:
    (rejected,) = TakeFrames().run(_wishes(footage.huge(), [0]), FakeEnv())
    assert isinstance(rejected, Reject)
    assert rejected.reason in ("too_many_pixels", "no_frames")


@pytest.mark.parametrize("reader", ["pyav", "decord", "ffmpeg"])
def test_hostile_names_are_only_names(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "-i 'new\nline' http:x bad\udcff.mp4"
    path.write_bytes(clip("plain").path.read_bytes())
    assert [one.pts_us for one in readers.take(path, [1_000_000], Shape(side_px=64, quality=0), reader)] == [1_000_000]


def test_a_reader_that_crashes_costs_one_film(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "module", lambda name: ["bash", "-c", "kill -SEGV $$"])
    with pytest.raises(Refused, match="decode_crash"):
        list(readers.take(clip("plain").path, [0], Shape(side_px=64, quality=0), "pyav"))


def test_a_reader_that_hangs_meets_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "module", lambda name: ["sleep", "60"])
    monkeypatch.setattr(readers, "limits", lambda *_: sandbox.Limits(wall_s=0.2))
    with pytest.raises(Refused, match="decode_timeout"):
        list(readers.take(clip("plain").path, [0], Shape(side_px=64, quality=0), "pyav"))
