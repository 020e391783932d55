"""Watching a video once: exact frames at exact times, true measurements, and one clear end for every file."""

import io
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from schemas.media import Signal, Video
from schemas.rejects import Reject
from stages import sandbox
from stages.ffmpeg import FORMATS
from stages.watch import WatchVideos
from stages.watch_child import Task, watch
from stages.watch_clock import Clock, micros
from stages.watch_measures import measure
from stages.watch_messages import HEAD, STRETCH, End, read_stretch
from tests import footage
from tests.builders import FakeEnv, row
from tests.footage import KINDS, clip, ffmpeg, number_in_grid
from tests.stages.scenes import camera, plain

pytestmark = pytest.mark.slow


def video(path: Path) -> Video:
    return row(Video, uri=str(path), size_bytes=path.stat().st_size)


def seen(path: Path, stage: WatchVideos | None = None) -> list[Signal | Reject]:
    return list((stage or WatchVideos()).run([video(path)], FakeEnv()))


def signals(path: Path) -> list[Signal]:
    found = [one for one in seen(path) if isinstance(one, Signal)]
    assert found, seen(path)
    return found


def reason(path: Path, stage: WatchVideos | None = None) -> str:
    found = seen(path, stage)
    assert [type(one) for one in found] == [Reject], found
    return found[0].reason  # type: ignore[union-attr]


def made(path: Path, source: str, *options: str) -> Path:
    """A clip of one of ffmpeg's own sources."""
    ffmpeg("-f", "lavfi", "-i", source, *(options or ("-c:v", "libx264", "-preset", "ultrafast")), str(path))
    return path


def without_sandbox(path: Path) -> tuple[End, list[dict[str, npt.NDArray[Any]]]]:
    """What the child says, in this process."""
    out = io.BytesIO()
    end = watch(Task(str(path), FORMATS, 2, 10**6), out)
    said, found = out.getvalue(), []
    while said:
        _, size = HEAD.unpack(said[: HEAD.size])
        found.append(read_stretch(said[HEAD.size : HEAD.size + size]))
        said = said[HEAD.size + size :]
    return end, found


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_seen_once_at_its_time(kind: str) -> None:
    known = clip(kind)
    if kind == "AVI with B-frames":  # it stores no times of showing: frames that B-frames hold back come out without
        known = replace(known, numbers=known.numbers[:-2], times_us=known.times_us[:-2])
    end, (found,) = without_sandbox(known.path)
    turned = [np.rot90(grid.reshape(9, 16, 3), -known.turns) for grid in found["grids"]]
    assert (end.why, end.detail) == ("", "")
    assert tuple(found["pts_us"]) == known.times_us
    if known.turns % 2 == 0:  # a film lying on its side has its bars across: its grid is too coarse to read them
        assert tuple(number_in_grid(np.ascontiguousarray(grid).tobytes()) for grid in turned) == known.numbers
    assert (end.width_px, end.height_px) == known.size


def test_the_stage_gives_what_the_child_says() -> None:
    known = clip("variable rate")
    (found,) = signals(known.path)
    _, (said,) = without_sandbox(known.path)
    assert found.grids == said["grids"].tobytes()
    assert tuple(found.pts_us) == known.times_us
    assert (found.first_frame, found.n_frames, found.start_us) == (0, len(known.numbers), 0)
    assert found.end_us == known.times_us[-1] + footage.STEP_US
    for name in ("brightness", "saturation", "sharpness", "difference", "pan", "tilt", "zoom", "camera_fit", "hash"):
        np.testing.assert_array_equal(getattr(found, name), said[name])


def test_watching_twice_gives_the_same_bytes() -> None:
    assert signals(clip("open GOP").path) == signals(clip("open GOP").path)


@pytest.mark.parametrize("n", [1, 2])
def test_a_video_of_one_or_two_frames_has_as_many(n: int, tmp_path: Path) -> None:
    (found,) = signals(footage.encode(tmp_path / "short.mp4", *footage.X264, numbers=range(n)))
    assert found.n_frames == n
    assert found.end_us == n * footage.STEP_US
    assert found.difference[0] == found.pan[0] == 0


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 4500 frames."""
    return made(tmp_path_factory.mktemp("long") / "long.mp4", "testsrc2=s=32x32:r=50:d=90")


def test_a_long_video_comes_in_stretches_that_join(long: Path) -> None:
    one, other = signals(long)
    assert (one.n_frames, other.n_frames, other.first_frame) == (STRETCH, 4500 - STRETCH, STRETCH)
    assert one.end_us == other.start_us == other.pts_us[0] == STRETCH * 20_000
    assert other.end_us == 90_000_000
    assert one.signal_id < other.signal_id


def test_memory_does_not_grow_with_length(long: Path, tmp_path: Path) -> None:
    def peak(path: Path) -> int:
        argv = sandbox.module("stages.watch_child", str(path), FORMATS, "2", "1000000")
        finished = sandbox.run(argv, sandbox.Limits(memory_bytes=3 << 30), inputs=(path,))
        assert finished.rc == 0, finished.stderr_tail
        return finished.peak_rss_bytes

    short = made(tmp_path / "short.mp4", "testsrc2=s=32x32:r=50:d=6")
    assert peak(long) < peak(short) + (16 << 20)


def test_black_has_no_brightness_and_white_all_of_it() -> None:
    assert measure(plain(16, 2), None).brightness.tolist() == [0, 0]
    assert measure(plain(235, 2), None).brightness.tolist() == [1, 1]


@pytest.mark.parametrize("options", [("-pix_fmt", "yuv420p"), ("-pix_fmt", "yuvj420p"), ("-pix_fmt", "yuv444p10le")])
def test_black_is_black_in_every_way_to_store_it(options: tuple[str, ...], tmp_path: Path) -> None:
    path = made(tmp_path / "black.mp4", "color=black:s=64x64:r=25:d=0.2", "-c:v", "libx264", *options)
    assert without_sandbox(path)[1][0]["brightness"].max() < 0.005


def test_colour_is_saturated_and_grey_is_not(tmp_path: Path) -> None:
    red = without_sandbox(made(tmp_path / "red.mp4", "color=red:s=64x64:r=25:d=0.2"))[1][0]
    grey = without_sandbox(made(tmp_path / "grey.mp4", "color=gray:s=64x64:r=25:d=0.2"))[1][0]
    assert red["saturation"].min() > 0.8
    assert grey["saturation"].max() < 0.02


def test_a_blurred_picture_is_less_sharp(tmp_path: Path) -> None:
    source = "testsrc2=s=320x240:r=25:d=0.2,noise=alls=40"
    sharp = without_sandbox(made(tmp_path / "sharp.mp4", source))[1][0]
    blurred = without_sandbox(made(tmp_path / "blurred.mp4", f"{source},gblur=4"))[1][0]
    assert blurred["sharpness"].max() < 0.5 * sharp["sharpness"].min()


def test_difference_and_hash_tell_a_cut_from_a_repeated_frame() -> None:
    found = measure(np.concatenate([camera(1, 1), camera(1, 1), camera(2, 1)]), None)
    assert found.difference[1] == 0
    assert found.difference[2] > 0.05
    assert found.hash[0] == found.hash[1] != found.hash[2]


def test_the_pictures_before_a_block_are_remembered() -> None:
    pictures = camera(1, 6, pan=0.02)
    whole, rest = measure(pictures, None), measure(pictures[3:], pictures[2])
    np.testing.assert_allclose(whole.pan[3:], rest.pan, atol=1e-5)
    np.testing.assert_array_equal(whole.difference[3:], rest.difference)


def test_a_text_file_cannot_be_opened(tmp_path: Path) -> None:
    """The gate would have said what it is; here FFmpeg's own words have to do."""
    (tmp_path / "text.mp4").write_text("this is no film\n" * 100)
    assert reason(tmp_path / "text.mp4") == "truncated"


def test_a_playlist_in_disguise_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{clip('transport stream').path}\n#EXT-X-ENDLIST\n")
    assert reason(path) == "truncated"


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    assert reason(footage.sound_only(tmp_path / "sound.mp4")) == "no_video_stream"


def test_an_encrypted_video_is_called_so(tmp_path: Path) -> None:
    assert reason(footage.encrypted(tmp_path / "encrypted.mp4")) == "encrypted"


def test_a_picture_of_a_few_pixels_is_turned_away(tmp_path: Path) -> None:
    assert reason(made(tmp_path / "tiny.mp4", "testsrc2=s=8x8:r=25:d=0.2")) == "too_small"


def test_too_large_a_picture_is_refused_before_it_is_decoded() -> None:
    assert reason(footage.huge()) == "too_many_pixels"


def test_a_video_cut_short_gives_what_is_left_of_it(tmp_path: Path) -> None:
    (found,) = signals(footage.cut_short(tmp_path / "cut.mp4", 0.6))
    assert 10 < found.n_frames < footage.N_FRAMES
    assert tuple(found.pts_us) == clip("plain").times_us[: found.n_frames]


def test_more_frames_than_a_file_can_hold_end_the_watching() -> None:
    assert reason(clip("plain").path, WatchVideos(most_frames=20)) == "decode_budget"


def test_a_picture_that_changes_its_size_is_turned_away(tmp_path: Path) -> None:
    parts = [made(tmp_path / f"{s}.ts", f"testsrc2=s={s}:r=25:d=0.5") for s in ("64x64", "96x64")]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert reason(joined) in ("size_change", "timestamps")


def test_time_that_starts_again_is_turned_away(tmp_path: Path) -> None:
    twice = tmp_path / "twice.ts"
    twice.write_bytes(clip("transport stream").path.read_bytes() * 2)
    assert reason(twice) == "timestamps"


def test_a_child_that_takes_too_long_is_ended() -> None:
    assert reason(clip("plain").path, WatchVideos(wall_s=0.01)) == "decode_timeout"


def test_a_bad_video_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is no film\n" * 100)
    rows = [video(tmp_path / "text.mp4"), video(clip("plain").path)]
    assert [type(one) for one in WatchVideos().run(rows, FakeEnv())] == [Reject, Signal]


def test_times_are_rounded_as_fractions_are() -> None:
    for base in (Fraction(1, 3), Fraction(1001, 30000), Fraction(1, 90000), Fraction(1, 2_000_000), Fraction(1, 1)):
        assert all(micros(ticks, base) == round(ticks * base * 1_000_000) for ticks in range(-50, 50))


def test_the_clock_counts_from_the_first_stamp_and_passes_over_what_has_no_place() -> None:
    clock = Clock(Fraction(1, 1_000_000))
    assert [clock.time_us(pts, None) for pts in (None, 90, 180, 180, 90, 270)] == [None, 0, 90, None, None, 180]
    assert clock.lost == 2
    assert clock.later_us(90) == 270
    assert [clock.time_us(pts, None) for pts in (272, 273)] == [None, 183]


def test_ffmpeg_and_we_count_the_same_frames() -> None:
    path = clip("open GOP in Matroska").path
    counted = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path],
        check=True,
        capture_output=True,
        text=True,
    )
    assert without_sandbox(path)[0].frames == int(counted.stdout.strip().strip(","))
