"""Of damaged footage only what is whole is used: nothing that a decoder made up, or built on what it made up."""

from pathlib import Path

import numpy as np
import pytest

from schemas.media import Frame, FrameRequest, Signal, Video
from schemas.rejects import Reject
from schemas.units import FrameId, VideoId
from stages.sample import TakeFrames
from stages.watch import WatchVideos
from tests import footage
from tests.builders import FakeEnv, row
from tests.footage import N_FRAMES, STEP_US, X264, clip, number_in_grid

pytestmark = pytest.mark.slow


def watched(path: Path) -> Signal:
    (signal,) = WatchVideos().run([row(Video, uri=str(path), size_bytes=path.stat().st_size)], FakeEnv())
    assert isinstance(signal, Signal), signal
    return signal


def numbers(signal: Signal) -> list[int | None]:
    return [number_in_grid(bytes(grid)) for grid in np.frombuffer(signal.grids, np.uint8).reshape(-1, 432)]


def frames_of(path: Path, times_us: list[int]) -> dict[int, int | None]:
    """The number in the picture at each of the times at which there is one."""
    wishes = [
        FrameRequest(frame_id=FrameId(str(at)), video_id=VideoId("v"), uri=str(path), at_us=at) for at in times_us
    ]
    taken = TakeFrames().run(wishes, FakeEnv())
    return {one.at_us: number_in_grid(one.grid) for one in taken if isinstance(one, Frame)}


def packet_of(path: Path, number: int) -> slice:
    """Where in the file the packet of the frame with this number lies."""
    import av

    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    chosen = sorted(packets, key=lambda packet: packet.pts or 0)[number]
    assert chosen.pos is not None
    return slice(chosen.pos, chosen.pos + chosen.size)


def damaged(path: Path, source: Path, number: int) -> Path:
    """A copy in which the middle of that frame's packet is zeros."""
    content, where = bytearray(source.read_bytes()), packet_of(source, number)
    hit = slice(where.start + 8, where.stop)
    content[hit] = bytes(hit.stop - hit.start)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", footage.KINDS)
def test_healthy_footage_is_believed_whole(kind: str) -> None:
    signal = watched(clip(kind).path)
    lost = 2 if kind == "AVI with B-frames" else 0
    assert (signal.start_us, signal.n_frames) == (0, len(clip(kind).numbers) - lost)


def test_from_damage_on_nothing_is_believed_up_to_the_next_keyframe(tmp_path: Path) -> None:
    signal = watched(damaged(tmp_path / "a.mp4", clip("plain").path, 20))
    assert numbers(signal) == list(range(25, N_FRAMES))
    assert (signal.start_us, signal.end_us) == (25 * STEP_US, N_FRAMES * STEP_US)


def test_the_longest_whole_stretch_is_used(tmp_path: Path) -> None:
    path = damaged(tmp_path / "a.mp4", clip("plain").path, 60)
    signal = watched(path)
    assert numbers(signal) == list(range(signal.n_frames))
    assert 50 <= signal.n_frames <= 60
    assert signal.end_us == signal.n_frames * STEP_US


def test_the_first_frame_of_a_stretch_is_compared_with_none(tmp_path: Path) -> None:
    signal = watched(damaged(tmp_path / "a.mp4", clip("plain").path, 20))
    assert (signal.difference[0], signal.pan[0], signal.camera_fit[0]) == (0, 0, 1)
    assert signal.difference[1] > 0


def test_a_lost_frame_that_nothing_hangs_on_still_ends_a_stretch(tmp_path: Path) -> None:
    """The last packet before a keyframe: all others come out, but the frame before it would stay on for too long."""
    source = footage.encode(tmp_path / "source.mp4", *X264, "-bf", "0")
    signal = watched(damaged(tmp_path / "a.mp4", source, 24))
    assert numbers(signal) == list(range(25, N_FRAMES))


def test_no_frame_is_taken_where_damage_hides_it(tmp_path: Path) -> None:
    path = damaged(tmp_path / "a.mp4", clip("plain").path, 28)
    times = [STEP_US * number + 1000 for number in (0, 10, 20, 30, 40, 49, 50, 60, 74)]
    taken = frames_of(path, times)
    assert all(number == at // STEP_US for at, number in taken.items())
    assert taken.keys() >= {times[0], times[1], times[6], times[7], times[8]}
    assert not taken.keys() & set(times[3:6])


def test_after_damage_no_time_is_believed_where_frames_are_only_counted(tmp_path: Path) -> None:
    path = damaged(tmp_path / "a.avi", clip("AVI").path, 30)
    signal = watched(path)
    assert numbers(signal) == list(range(signal.n_frames))
    assert 12 <= signal.n_frames <= 30
    assert set(frames_of(path, [0, 10 * STEP_US, 60 * STEP_US])) <= {0, 10 * STEP_US}


def test_what_comes_before_a_decoder_stumbles_is_not_used_either(tmp_path: Path) -> None:
    """Where bytes were changed ahead of that cannot be known."""
    content = bytearray(clip("plain").path.read_bytes())
    content[packet_of(clip("plain").path, 56).stop - 12] ^= 255
    (tmp_path / "a.mp4").write_bytes(content)
    assert numbers(watched(tmp_path / "a.mp4")) == list(range(50))


def test_frames_that_a_broadcast_lost_as_a_whole_are_missed(tmp_path: Path) -> None:
    """FFmpeg says nothing of it, and shows the frames after it built on others than they were made for."""
    content = clip("transport stream").path.read_bytes()
    begins = [at for at in range(0, len(content), 188) if content[at + 1 : at + 3] == b"\x41\0"]
    (tmp_path / "a.ts").write_bytes(content[: begins[30] + 60] + content[begins[33] :])
    shown = numbers(watched(tmp_path / "a.ts"))
    assert shown == list(range(len(shown)))
    assert 26 <= len(shown) <= 30


def test_a_frame_whose_start_a_broadcast_lost_is_missed(tmp_path: Path) -> None:
    """FFmpeg takes what is left of it for a part of another."""
    content = bytearray(clip("transport stream").path.read_bytes())
    begins = [at for at in range(0, len(content), 188) if content[at + 1 : at + 3] == b"\x41\0"]
    slice_at = content.index(b"\0\0\1\x01", begins[60], begins[60] + 188)
    content[slice_at + 2] = 0
    (tmp_path / "a.ts").write_bytes(content)
    shown = numbers(watched(tmp_path / "a.ts"))
    assert shown == list(range(len(shown)))
    assert 50 <= len(shown) <= 60


def test_where_frames_are_counted_none_is_used_after_a_gap(tmp_path: Path) -> None:
    """FFmpeg passes over eight frames in silence, and all later ones would be shown too early."""
    content = bytearray(clip("AVI").path.read_bytes())
    hit = slice(packet_of(clip("AVI").path, 40).start - 8, packet_of(clip("AVI").path, 48).start - 8)
    content[hit] = bytes(hit.stop - hit.start)
    (tmp_path / "a.avi").write_bytes(content)
    assert numbers(watched(tmp_path / "a.avi")) == list(range(39))


def test_of_vp9_that_the_decoder_refused_once_nothing_is_used(tmp_path: Path) -> None:
    content = bytearray(clip("VP9").path.read_bytes())
    where = packet_of(clip("VP9").path, 60)
    content[where.start + 1 : where.stop] = bytes(where.stop - where.start - 1)
    (tmp_path / "a.webm").write_bytes(content)
    video = row(Video, uri=str(tmp_path / "a.webm"), size_bytes=len(content))
    (found,) = WatchVideos().run([video], FakeEnv())
    assert isinstance(found, Reject)
    assert (found.reason, "few of such" in found.detail) == ("no_frames", True)


def test_a_stream_that_appears_on_the_way_costs_no_frame(tmp_path: Path) -> None:
    """One flipped bit in the address of a broadcast's packet makes a second stream begin there."""
    content = bytearray(clip("transport stream").path.read_bytes())
    begins = [at for at in range(0, len(content), 188) if content[at + 1 : at + 3] == b"\x41\0"]
    content[begins[60] + 1] ^= 8
    (tmp_path / "a.ts").write_bytes(content)
    signal = watched(tmp_path / "a.ts")
    last = signal.n_frames - 1
    assert last > 50
    assert frames_of(tmp_path / "a.ts", [0, last * STEP_US]) == {0: 0, last * STEP_US: last}


def test_frames_too_near_to_be_told_apart_have_no_place_in_time(tmp_path: Path) -> None:
    """An AVI whose header says that a frame lasts a few billionths of a second."""
    content = bytearray(clip("AVI").path.read_bytes())
    at = content.index(b"vids") + 20
    content[at : at + 8] = (1).to_bytes(4, "little") + (1 << 30).to_bytes(4, "little")
    (tmp_path / "a.avi").write_bytes(content)
    video = row(Video, uri=str(tmp_path / "a.avi"), size_bytes=len(content))
    (found,) = WatchVideos().run([video], FakeEnv())
    assert isinstance(found, Reject)
    assert found.reason == "timestamps"


def test_damage_found_by_several_threads_is_looked_at_again_by_one(tmp_path: Path) -> None:
    """Films of more than a million pixels are decoded by two threads, whose complaints come when they come."""
    source = footage.encode(tmp_path / "source.mp4", *X264, numbers=range(60), size=(1280, 960))
    path = damaged(tmp_path / "a.mp4", source, 40)
    assert watched(path) == watched(path)
    assert numbers(watched(path)) == list(range(watched(path).n_frames))
