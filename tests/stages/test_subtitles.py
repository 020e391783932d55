"""Subtitles: every encoding, no markup, no trust; the best track beside the film or inside it."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from schemas.media import Video
from schemas.rejects import Reject
from schemas.speech import Speech
from stages.refusal import Refused
from stages.subtitles import ReadSubtitles
from stages.subtitles_parse import Cue, cues
from tests.builders import FakeEnv, row
from tests.footage import ffmpeg

pytestmark = pytest.mark.slow

SRT = "1\n00:00:00,200 --> 00:00:01,000\n<i>Is that</i> {\\an8}Zoë?\n\n2\n00:00:01,500 --> 00:00:02,250\nNo.\nNever.\n"
LINES = [Cue(200_000, 1_000_000, "Is that Zoë?"), Cue(1_500_000, 2_250_000, "No. Never.")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_the_words_come_out_of_any_encoding(encoding: str) -> None:
    assert cues(SRT.encode(encoding)) == LINES
    assert cues(SRT.replace("\n", "\r\n").encode(encoding)) == LINES


def test_webvtt_is_read_with_who_speaks_and_without_notes() -> None:
    text = (
        "WEBVTT\n\nNOTE 00:00 is no time\n\nSTYLE\n::cue {}\n\nid\n00:01.000 --> 00:02.000 align:start\n"
        "<v.loud Roger>Come &amp; <00:00:01.500><c.yellow>see</c>\n"
    )
    assert cues(text.encode()) == [Cue(1_000_000, 2_000_000, "Roger: Come & see")]


def timed(*pairs: str) -> bytes:
    return "".join(f"{number}\n{pair}\nline {number}\n\n" for number, pair in enumerate(pairs)).encode()


@pytest.mark.parametrize(
    ("times", "spans"),
    [
        (["00:00:05,000 --> 00:00:04,000"], [(5_000_000, 8_000_000)]),
        (["00:00:05,000 -->", "00:00:06,000 --> 00:00:07,000"], [(5_000_000, 6_000_000), (6_000_000, 7_000_000)]),
        (["-00:00:01,000 --> 00:00:01,000"], [(0, 1_000_000)]),
        (["-00:00:03,000 --> -00:00:02,000", "00:01 --> 00:02"], [(1_000_000, 2_000_000)]),
        (["00:01 --> 00:03", "00:00:02.000 --> 00:04.0"], [(1_000_000, 3_000_000), (2_000_000, 4_000_000)]),
        (["00:09 --> 00:10", "00:00:01,000 --> 00:00:02,000"], [(1_000_000, 2_000_000), (9_000_000, 10_000_000)]),
        (["00:99:01,000 --> 00:99:02,000", "00:00:01,000 --> 00:00:02,000"], [(1_000_000, 2_000_000)]),
    ],
)  # fmt: skip
def test_times_that_cannot_be_are_mended_or_left_out(times: Sequence[str], spans: Sequence[tuple[int, int]]) -> None:
    assert [(cue.start_us, cue.end_us) for cue in cues(timed(*times))] == spans


def test_the_number_of_the_next_line_is_no_words_where_no_empty_line_parts_them() -> None:
    text = b"1\n00:00:01,000 --> 00:00:02,000\nOne.\n2\n00:00:03,000 --> 00:00:04,000\nTwo.\n"
    assert [cue.text for cue in cues(text)] == ["One.", "Two."]


@pytest.mark.parametrize("content", [b"", b"hello", bytes(range(256)) * 40, b"\x00" * 5000, "سلام".encode("utf-16-le")])
def test_what_holds_no_subtitle_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="not_media"):
        cues(content)


@pytest.mark.parametrize(
    "flood",
    ["<i " * 200_000, "<" * 800_000, "{\\" * 300_000, "0:" * 400_000, " " * 800_000, "&amp" * 200_000,
     "00:00:01,000 --> 00:00:02,000\n" * 30_000, "00:00:01,000 --> 00:00:02,000\n<v " * 20_000],
)  # fmt: skip
def test_a_flood_takes_no_longer_than_its_length(flood: str) -> None:
    begun = time.process_time()
    found = cues(f"1\n00:00:01,000 --> 00:00:02,000\nfirst\n\n2\n00:00:03,000 --> 00:00:04,000\n{flood}\n".encode())
    assert time.process_time() - begun < 5
    assert Cue(1_000_000, 2_000_000, "first") in found
    assert all(len(cue.text) <= 500 for cue in found)


@given(some.binary(max_size=400) | some.text(alphabet="0123:,.->\n <i{\\}é", max_size=400).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_no_bytes_break_the_reader(content: bytes) -> None:
    try:
        found = cues(content)
    except Refused:
        return
    assert found == sorted(set(found))
    assert all(0 <= cue.start_us < cue.end_us and cue.text.strip() for cue in found)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return plain(tmp_path / "film.mp4")


def plain(path: Path, *more: str) -> Path:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=3", *more, "-c:v", "libx264", "-g", "10", str(path))
    return path


def spoken(*paths: Path, stage: ReadSubtitles | None = None) -> list[Speech | Reject]:
    videos = [row(Video, number, uri=str(path)) for number, path in enumerate(paths)]
    stage = stage or ReadSubtitles()
    return list(stage.run(videos, stage.open(FakeEnv())))


def words(made: Sequence[Speech | Reject]) -> list[tuple[int, int, str]]:
    return [(line.start_us, line.end_us, line.text) for line in made if isinstance(line, Speech)]


TOLD = [(cue.start_us, cue.end_us, cue.text) for cue in LINES]


def test_a_film_without_subtitles_gives_nothing_and_no_reject(film: Path) -> None:
    assert spoken(film) == []


@pytest.mark.parametrize("name", ["film.srt", "film.en.srt", "film.EN-GB.SRT", "film.vtt"])
def test_a_file_beside_the_film_is_read(film: Path, name: str) -> None:
    (film.parent / name).write_text(SRT)
    made = spoken(film)
    assert words(made) == TOLD
    assert {(line.source, line.track) for line in made if isinstance(line, Speech)} == {("sidecar", name)}


@pytest.mark.parametrize("name", ["film2.srt", "other.srt", "film.txt", "film.part one.srt"])
def test_a_file_of_another_name_is_not(film: Path, name: str) -> None:
    (film.parent / name).write_text(SRT)
    assert spoken(film) == []


def test_the_wanted_language_goes_first_then_the_one_that_names_none(film: Path) -> None:
    for language in ("de", "fr"):
        (film.parent / f"film.{language}.srt").write_text(timed("00:01 --> 00:02").decode() + language)
    assert {line.language for line in spoken(film) if isinstance(line, Speech)} == {"de"}
    assert {
        line.language for line in spoken(film, stage=ReadSubtitles(language="fra")) if isinstance(line, Speech)
    } == {"fr"}
    (film.parent / "film.srt").write_text(SRT)
    assert {line.language for line in spoken(film) if isinstance(line, Speech)} == {None}


def test_a_file_that_cannot_be_read_is_a_reject_and_the_next_one_is_taken(film: Path) -> None:
    (film.parent / "film.en.srt").write_bytes(bytes(range(256)) * 20)
    (film.parent / "film.srt").write_text(SRT)
    made = spoken(film)
    assert words(made) == TOLD
    assert [(one.reason, "film.en.srt" in one.detail) for one in made if isinstance(one, Reject)] == [
        ("not_media", True)
    ]


def test_a_file_that_leads_elsewhere_or_is_too_large_is_turned_away(
    film: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.srt"
    elsewhere.write_text(SRT)
    beside = film.with_suffix(".srt")
    beside.symlink_to(elsewhere)
    assert [one.reason for one in spoken(film) if isinstance(one, Reject)] == ["path_forbidden"]
    beside.unlink()
    beside.write_text(SRT * 100)
    made = spoken(film, stage=ReadSubtitles(max_bytes=1000))
    assert [one.reason for one in made if isinstance(one, Reject)] == ["decode_budget"]
    beside.unlink()
    beside.mkdir()
    assert [one.reason for one in spoken(film) if isinstance(one, Reject)] == ["not_a_file"]


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mkv", "srt"), (".mkv", "ass"), (".mp4", "mov_text"), (".webm", "webvtt")]
)
def test_a_text_track_inside_the_film_is_read(tmp_path: Path, suffix: str, codec: str) -> None:
    (tmp_path / "words.srt").write_text(SRT)
    coder = ("-c:v", "libvpx", "-b:v", "100k") if suffix == ".webm" else ("-c:v", "libx264")
    path = tmp_path / f"film{suffix}"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=3", "-i", str(tmp_path / "words.srt"), *coder),
        *("-c:s", codec, "-metadata:s:s:0", "language=eng", str(path)),
    )
    made = spoken(path)
    assert words(made) == TOLD
    facts = {(line.source, line.track, line.language) for line in made if isinstance(line, Speech)}
    assert facts == {("embedded", "stream 1", "eng")}


def test_times_inside_count_from_the_first_frame(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text(SRT)
    path = tmp_path / "film.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=3", "-i", str(tmp_path / "words.srt"), "-c:v", "libx264"),
        *("-c:s", "srt", "-output_ts_offset", "5", str(path)),
    )
    assert words(spoken(path)) == TOLD


@pytest.mark.parametrize(("wanted", "told"), [("es", "spa"), ("de", "ger"), ("deu", "ger"), ("fil", "fil")])
def test_a_track_names_its_language_by_other_letters_than_the_wanted_one(
    tmp_path: Path, wanted: str, told: str
) -> None:
    path = tracks(tmp_path, {"language": "est"}, {"language": "fin"}, {"language": told})
    made = spoken(path, stage=ReadSubtitles(language=wanted))
    assert {line.language for line in made if isinstance(line, Speech)} == {told}


def test_a_track_that_is_shown_to_everybody_has_not_all_that_is_said(tmp_path: Path) -> None:
    path = tracks(tmp_path, {"language": "eng"}, {"language": "eng"}, more=("-disposition:s:0", "forced"))
    assert {line.track for line in spoken(path) if isinstance(line, Speech)} == {"stream 2"}


def tracks(folder: Path, *tags: dict[str, str], more: Sequence[str] = ()) -> Path:
    """A film with a track of subtitles for each of these sets of tags."""
    (folder / "words.srt").write_text(SRT)
    told = [f for nth, tag in enumerate(tags) for name, text in tag.items()
            for f in ("-map", "1", f"-metadata:s:s:{nth}", f"{name}={text}")]  # fmt: skip
    path = folder / "film.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=3", "-i", str(folder / "words.srt"), "-map", "0"),
        *told, *more, "-c:v", "libx264", "-c:s", "srt", str(path),
    )  # fmt: skip
    return path


def test_a_file_beside_goes_before_a_track_inside(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text(SRT)
    path = tmp_path / "film.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=3", "-i", str(tmp_path / "words.srt"), "-c:v", "libx264"),
        *("-c:s", "srt", str(path)),
    )
    path.with_suffix(".srt").write_bytes(timed("00:01 --> 00:02"))
    assert words(spoken(path)) == [(1_000_000, 2_000_000, "line 0")]
