"""Clips: exactly the wanted frames, copied where that is possible."""

from pathlib import Path

import av
import pytest

from schemas.media import Clip, ClipRequest
from schemas.rejects import Reject
from schemas.units import ClipId, VideoId
from stages.transform import CutClips
from tests import footage
from tests.builders import FakeEnv
from tests.footage import STEP_US, Known, clip, number_in

pytestmark = pytest.mark.slow


def _cut(
    path: Path, tmp_path: Path, span: tuple[int, int], stage: CutClips | None = None
) -> tuple[Clip | Reject, Path]:
    wish = ClipRequest(clip_id=ClipId("c"), video_id=VideoId("v"), uri=str(path), start_us=span[0], end_us=span[1])
    env = FakeEnv()
    (made,) = (stage or CutClips()).run([wish], env)
    out = tmp_path / "clip.mp4"
    if isinstance(made, Clip):
        out.write_bytes(env.get(made.blob))
    return made, out


def _frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as clip_file:
        return list(clip_file.decode(video=0))


def _numbers(path: Path) -> list[int | None]:
    """The number of each frame of a clip, in the order of showing."""
    return [number_in(frame.to_ndarray(format="gray")) for frame in _frames(path)]


def _wanted(known: Known, span: tuple[int, int]) -> list[int]:
    return [number for number, at in zip(known.numbers, known.times_us, strict=True) if span[0] <= at < span[1]]


def test_a_span_that_is_one_whole_run_of_pictures_is_copied(tmp_path: Path) -> None:
    span = (1_000_000, 2_000_000)
    made, out = _cut(clip("plain").path, tmp_path, span)
    assert isinstance(made, Clip)
    assert (made.made_by, made.n_frames) == ("copied", 25)
    assert _numbers(out) == list(range(25, 50))


@pytest.mark.parametrize(
    "kind",
    ["plain", "variable rate", "transport stream", "starts late", "negative times", "cut by copy", "AVI", "open GOP"],
)
def test_any_other_span_is_encoded_with_exactly_its_frames(tmp_path: Path, kind: str) -> None:
    span = (320_000, 1_480_000)
    made, out = _cut(clip(kind).path, tmp_path, span)
    assert isinstance(made, Clip), made
    assert made.made_by == "encoded"
    assert _numbers(out) == _wanted(clip(kind), span)
    assert made.n_frames == len(_wanted(clip(kind), span))


def test_an_open_run_of_pictures_is_not_copied(tmp_path: Path) -> None:
    span = (800_000, 1_600_000)
    made, out = _cut(clip("open GOP").path, tmp_path, span)
    assert isinstance(made, Clip)
    assert made.made_by == "encoded"
    assert _numbers(out) == list(range(20, 40))


def test_the_gaps_of_a_variable_rate_are_kept(tmp_path: Path) -> None:
    _made, out = _cut(clip("variable rate").path, tmp_path, (1_000_000, 2_000_000))
    times = [round(1_000_000 * (frame.time or 0)) for frame in _frames(out)]
    wanted = [at for at in clip("variable rate").times_us if 1_000_000 <= at < 2_000_000]
    assert times == [at - wanted[0] for at in wanted]


def test_a_clip_of_odd_size_gets_even_sides_and_a_turned_one_stands_upright(tmp_path: Path) -> None:
    for kind, size in (("odd size", (160, 96)), ("turned by 90", (96, 160)), ("wide pixels", (320, 96))):
        made, out = _cut(clip(kind).path, tmp_path, (40_000, 400_000))
        assert isinstance(made, Clip)
        first = _frames(out)[0]
        assert (first.width, first.height, first.rotation) == (*size, 0)


def test_without_lossless_everything_is_encoded(tmp_path: Path) -> None:
    made, out = _cut(clip("plain").path, tmp_path, (0, 1_000_000), CutClips(lossless=False))
    assert isinstance(made, Clip)
    assert made.made_by == "encoded"
    assert _numbers(out) == list(range(25))


def test_the_same_clip_is_cut_to_the_same_bytes(tmp_path: Path) -> None:
    for span in ((0, 1_000_000), (40_000, 480_000)):
        one, other = (_cut(clip("plain").path, tmp_path, span)[0] for _ in range(2))
        assert isinstance(one, Clip)
        assert one == other


def test_a_span_after_the_end_is_rejected(tmp_path: Path) -> None:
    made, _ = _cut(clip("plain").path, tmp_path, (5_000_000, 6_000_000))
    assert isinstance(made, Reject)
    assert made.reason == "frame_missing"


def test_a_span_over_the_end_gives_what_there_is(tmp_path: Path) -> None:
    made, out = _cut(clip("plain").path, tmp_path, (70 * STEP_US, 100 * STEP_US))
    assert isinstance(made, Clip)
    assert _numbers(out) == list(range(70, 75))


def test_one_bad_film_does_not_cost_another(tmp_path: Path) -> None:
    bad = footage.sound_only(tmp_path / "a.mp4")
    wishes = [
        ClipRequest(clip_id=ClipId(name), video_id=VideoId(name), uri=str(path), start_us=0, end_us=1_000_000)
        for name, path in (("a", bad), ("b", tmp_path / "none.mp4"), ("c", clip("plain").path))
    ]
    assert [getattr(one, "reason", "clip") for one in CutClips().run(wishes, FakeEnv())] == [
        "no_video_stream",
        "missing",
        "clip",
    ]
