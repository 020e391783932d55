"""Identifying and probing."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from schemas.arrow import to_table
from schemas.media import Probe, Source, Video
from schemas.rejects import Reject
from schemas.units import SourceId, VideoId
from stages import decode
from stages.decode import IdentifyVideos, ProbeVideos
from tests import footage
from tests.builders import FakeEnv, row

pytestmark = pytest.mark.slow


def _source(path: Path, number: int = 0, **facts: Any) -> Source:
    size = path.stat().st_size if path.exists() else 0
    return Source(source_id=SourceId(f"s{number}"), uri=str(path), size_bytes=size, changed_us=1, **facts)


def _identified(sources: Iterable[Source], **settings: Any) -> list[Video | Reject]:
    return list(IdentifyVideos(**settings).run(list(sources), FakeEnv()))


def _probe(path: Path) -> Probe | Reject:
    size = path.stat().st_size if path.exists() else 0
    video = row(Video, video_id=VideoId("v"), uri=str(path), size_bytes=size)
    (probe,) = ProbeVideos().run([video], FakeEnv())
    return probe


def _claims(kind: str) -> Probe:
    probe = _probe(footage.clip(kind).path)
    assert isinstance(probe, Probe), probe
    return probe


def _reason(path: Path) -> str:
    rejected = _probe(path)
    assert isinstance(rejected, Reject), rejected
    assert rejected.detail
    return rejected.reason


def test_a_video_is_known_by_its_content_and_keeps_its_provenance() -> None:
    path = footage.clip("plain").path
    (video,) = _identified([_source(path, license="CC0", origin="archive", title="A film")])
    assert isinstance(video, Video)
    assert video.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert video.video_id == video.sha256[:16]
    assert (video.container, video.license, video.origin, video.title) == ("mp4", "CC0", "archive", "A film")


def test_a_copy_under_another_name_is_rejected_and_names_the_first(tmp_path: Path) -> None:
    content = footage.clip("plain").path.read_bytes()
    (tmp_path / "a.mp4").write_bytes(content)
    (tmp_path / "b.mov").write_bytes(content)
    first, second = _identified([_source(tmp_path / "a.mp4", 1), _source(tmp_path / "b.mov", 2)])
    assert isinstance(first, Video)
    assert isinstance(second, Reject)
    assert second.reason == "duplicate"
    assert "a.mp4" in second.detail


def test_copies_always_come_in_one_call() -> None:
    assert IdentifyVideos.group_by == "size_bytes"


def test_files_of_equal_size_and_other_content_are_both_kept(tmp_path: Path) -> None:
    content = footage.clip("plain").path.read_bytes()
    (tmp_path / "a.mp4").write_bytes(content)
    (tmp_path / "b.mp4").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert [type(one) for one in _identified([_source(tmp_path / "a.mp4", 1), _source(tmp_path / "b.mp4", 2)])] == [
        Video,
        Video,
    ]


def test_what_the_gate_turns_away_does_not_cost_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("not a film")
    found = _identified(
        [_source(tmp_path / "a.mp4", 1), _source(footage.clip("plain").path, 2), _source(tmp_path / "no", 3)]
    )
    assert [getattr(one, "reason", "video") for one in found] == ["not_media", "video", "missing"]


def test_a_file_that_changed_since_it_was_listed_is_rejected(tmp_path: Path) -> None:
    source = _source(footage.clip("plain").path)
    path = tmp_path / "a.mp4"
    path.write_bytes(footage.clip("plain").path.read_bytes() + b"more")
    listed = Source(source_id=source.source_id, uri=str(path), size_bytes=source.size_bytes, changed_us=1)
    (rejected,) = _identified([listed])
    assert isinstance(rejected, Reject)
    assert rejected.reason == "input_changed"


def test_the_header_of_a_plain_clip_is_told_as_it_is() -> None:
    probe = _claims("plain")
    assert (probe.codec, probe.pixel_format) == ("h264", "yuv420p")
    assert (probe.width_px_claimed, probe.height_px_claimed) == (160, 96)
    assert (probe.rate_hz_claimed, probe.duration_us_claimed, probe.n_frames_claimed) == (25, 3_000_000, 75)
    assert not (probe.has_audio)
    assert not (probe.is_hdr)
    assert not (probe.is_interlaced)
    assert not (probe.rotation_deg)


@pytest.mark.parametrize(("kind", "turn"), [("turned by 90", 270), ("turned by 180", 180), ("turned by 270", 90)])
def test_rotation_is_told_clockwise_and_is_in_the_shown_size(kind: str, turn: int) -> None:
    probe, known = _claims(kind), footage.clip(kind)
    assert probe.rotation_deg == turn == known.turns * -90 % 360
    assert (probe.width_px_claimed, probe.height_px_claimed) == (160, 96)
    assert (probe.shown_width_px_claimed, probe.shown_height_px_claimed) == known.size


def test_wide_pixels_are_in_the_shown_size() -> None:
    probe = _claims("wide pixels")
    assert (probe.sample_aspect, probe.shown_width_px_claimed, probe.shown_height_px_claimed) == (2, 320, 96)


def test_the_duration_is_the_films_own_not_the_sounds() -> None:
    probe = _claims("sound lasts longer")
    assert probe.duration_us_claimed == 3_000_000
    assert probe.has_audio


def test_matroska_durations_are_read_from_their_tag() -> None:
    assert _claims("open GOP in Matroska").duration_us_claimed == 3_000_000


def test_an_avi_that_lost_its_end_still_claims_all_of_its_length(tmp_path: Path) -> None:
    content = footage.clip("AVI").path.read_bytes()
    (tmp_path / "a.avi").write_bytes(content[: len(content) * 3 // 4])
    cut = _probe(tmp_path / "a.avi")
    assert isinstance(cut, Probe)
    assert cut.duration_us_claimed == _claims("AVI").duration_us_claimed == 3_000_000


def test_start_times_are_told() -> None:
    assert _claims("starts late").start_us_claimed == 1_500_000
    assert (_claims("transport stream").start_us_claimed or 0) > 1_000_000


def test_hdr_and_interlacing_are_seen() -> None:
    assert _claims("HDR").is_hdr
    assert _claims("interlaced").is_interlaced


def test_the_film_is_chosen_not_the_first_stream() -> None:
    probe = _claims("with a cover")
    assert (probe.stream_index, probe.codec, probe.width_px_claimed) == (1, "h264", 160)


@pytest.mark.parametrize("kind", footage.KINDS)
def test_every_kind_of_clip_can_be_probed(kind: str) -> None:
    probe = _claims(kind)
    assert (probe.shown_width_px_claimed, probe.shown_height_px_claimed) == footage.clip(kind).size


def test_footage_without_a_film_is_rejected(tmp_path: Path) -> None:
    assert _reason(footage.sound_only(tmp_path / "a.mp4")) == "no_video_stream"


def test_encrypted_footage_is_rejected(tmp_path: Path) -> None:
    assert _reason(footage.encrypted(tmp_path / "a.mp4")) == "encrypted"


def test_too_many_pixels_are_rejected() -> None:
    assert _reason(footage.huge()) == "too_many_pixels"


def test_a_film_of_a_few_pixels_is_rejected(tmp_path: Path) -> None:
    footage.encode(tmp_path / "a.mp4", *footage.X264, size=(8, 8))
    assert _reason(tmp_path / "a.mp4") == "too_small"


def test_an_unknown_codec_is_rejected(tmp_path: Path) -> None:
    content = footage.clip("plain").path.read_bytes()
    (tmp_path / "a.mp4").write_bytes(content.replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC"))
    assert _reason(tmp_path / "a.mp4") == "unsupported_codec"


def test_a_file_without_its_index_is_rejected_as_truncated(tmp_path: Path) -> None:
    content = footage.clip("plain").path.read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) * 6 // 10])
    assert _reason(tmp_path / "a.mp4") == "truncated"


def test_a_playlist_reaches_no_decoder(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\n{footage.clip('transport stream').path}\n#EXT-X-ENDLIST")
    assert _reason(tmp_path / "a.mp4") == "playlist_forbidden"


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    content = footage.clip("plain").path.read_bytes()
    names = ["-i.mp4", "a b'\"$(touch x);.mp4", "new\nline.mp4", "12:30 http:x.mp4", "%03d.mp4", "bad\udcff\udcfe.mp4"]
    for name in names:
        (tmp_path / name).write_bytes(content)
        assert isinstance(_probe(tmp_path / name), Probe), name


def test_an_index_of_more_frames_than_bytes_is_not_read(tmp_path: Path) -> None:
    content = bytearray(footage.clip("plain").path.read_bytes())
    sizes, durations = content.index(b"stsz"), content.index(b"stts")
    content[sizes + 8 : sizes + 16] = (16).to_bytes(4, "big") + (60_000_000).to_bytes(4, "big")
    content[durations + 12 : durations + 16] = (60_000_000).to_bytes(4, "big")
    (tmp_path / "a.mp4").write_bytes(content)
    assert _reason(tmp_path / "a.mp4") == "decode_budget"


def test_probes_of_hostile_json_give_reasons_not_errors() -> None:
    hostile = {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 64, "height": 64}
    odd: dict[str, Any] = {
        "avg_frame_rate": "0/0",
        "r_frame_rate": "N/A",
        "sample_aspect_ratio": "0:1",
        "nb_frames": "N/A",
        "duration": "1e30",
        "start_time": "-9223372036854775808",
    }
    probe = decode.probed(VideoId("v"), {"streams": [hostile | odd | {"tags": {"DURATION": "a:b:c"}}], "format": {}})
    assert (probe.rate_hz_claimed, probe.duration_us_claimed, probe.sample_aspect) == (None, None, 1)
    assert probe.start_us_claimed is None
    assert len(to_table(Probe, [probe])) == 1
