"""Speech recognition, the stage: cut at pauses, timed from the first frame, nobody asked about silence."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from schemas.chat import NoReply
from schemas.rejects import Reject
from schemas.speech import Heard, Unspoken
from schemas.units import VideoId
from stages.stage import Sound, Utterance
from stages.transcribe import RATE, TranscribeSound, pause
from tests.builders import FakeEnv
from tests.footage import ffmpeg

pytestmark = pytest.mark.slow

BEEPS_S = (1.0, 3.0, 7.0, 11.0)
AT_US = round(0.2 * 1e6)


@dataclass
class Beeps:
    """Hears beeps where there are some; ``lost`` says of which pieces it hears nothing. ``asked`` keeps the sounds."""

    lost: Callable[[int], bool] = lambda _: False
    model: str = "ear@1"
    asked: list[Sound] = field(default_factory=list)

    def __call__(self, sounds: Sequence[Sound]) -> Iterator[Sequence[Utterance] | NoReply]:
        numbers = range(len(self.asked), len(self.asked) + len(sounds))
        self.asked += sounds
        return iter([self._heard(one, number) for one, number in zip(sounds, numbers, strict=True)])

    def _heard(self, sound: Sound, number: int) -> Sequence[Utterance] | NoReply:
        if self.lost(number):
            return NoReply(self.model, "bad_reply", "half a JSON", "{")
        loud = np.flatnonzero(np.abs(np.frombuffer(sound.samples, "<i2").astype(int)) > 2000)
        starts = [int(loud[0]), *loud[1:][np.diff(loud) > RATE // 10].tolist()]
        return [Utterance(at * 1_000_000 // RATE, at * 1_000_000 // RATE + AT_US, f"beep {at}") for at in starts]


def film(path: Path, *more: str, starts_s: float = 0.0, beeps: Sequence[float] = BEEPS_S, length_s: int = 13) -> Path:
    """A film whose picture begins at ``starts_s`` of the file's clock, and beeps at those times of that clock."""
    when = "+".join(f"between(t,{at},{at + 0.2})" for at in beeps) or "0"
    sound = f"aevalsrc='if({when},0.5*sin(2*PI*1000*t),0)':s=44100:d={length_s}"
    picture = ("-itsoffset", str(starts_s), "-f", "lavfi", "-i", f"testsrc2=s=64x48:r=25:d={length_s - 3}")
    codec = ("-c:v", "libx264", "-c:a", "flac" if path.suffix == ".mkv" else "aac")
    ffmpeg("-f", "lavfi", "-i", sound, *picture, "-map", "1:v", "-map", "0:a", *codec, *more, str(path))
    return path


def heard(path: Path, listener: Beeps, piece_s: int = 4, language: str = "en") -> list[Heard | Reject]:
    stage = TranscribeSound(piece_s=piece_s, language=language)
    video = Unspoken(video_id=VideoId("a" * 16), uri=str(path))
    return list(stage.run([video], stage.open(FakeEnv(transcribers={"transcriber": listener}))))


def starts(made: Sequence[Heard | Reject]) -> list[float]:
    return [one.start_us / 1e6 for one in made if isinstance(one, Heard)]


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
@pytest.mark.parametrize("piece_s", [3, 4, 60])
def test_times_count_from_the_first_frame_whichever_piece_they_lie_in(tmp_path: Path, name: str, piece_s: int) -> None:
    made = heard(film(tmp_path / name), Beeps(), piece_s)
    assert starts(made) == pytest.approx(BEEPS_S, abs=0.002)
    assert {(one.by, one.track) for one in made if isinstance(one, Heard)} == {("ear@1", "stream 1")}
    assert [one.heard_id for one in made if isinstance(one, Heard)] == [f"{'a' * 16}/{at:05d}" for at in range(4)]


def test_a_picture_that_begins_later_than_the_sound_moves_all_times(tmp_path: Path) -> None:
    made = heard(film(tmp_path / "film.mkv", "-bf", "0", starts_s=2.0), Beeps(), 3)
    assert starts(made) == pytest.approx([at - 2.0 for at in BEEPS_S if at > 2.0], abs=0.002)


def test_no_word_is_cut_in_two(tmp_path: Path) -> None:
    across = (2.9, 3.9)  # over the start of the first piece's last quarter, and over its end
    assert starts(heard(film(tmp_path / "film.mkv", beeps=across), Beeps(), 4)) == pytest.approx(across, abs=0.002)


def test_silence_is_not_asked_about(tmp_path: Path) -> None:
    listener = Beeps()
    assert heard(film(tmp_path / "quiet.mp4", beeps=()), listener) == []
    assert starts(heard(film(tmp_path / "film.mkv", beeps=(9.0,)), listener, 3)) == pytest.approx([9.0], abs=0.002)
    assert len(listener.asked) == 1


def test_a_film_without_sound_gives_nothing_and_no_reject(tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=3", "-c:v", "libx264", str(path))
    listener = Beeps()
    assert heard(path, listener) == []
    assert not listener.asked


def test_a_piece_without_an_answer_is_one_reject_and_the_rest_stays(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv")
    made = heard(path, Beeps(lost=lambda number: number in {0, 1}), 3)
    [lost] = [one for one in made if isinstance(one, Reject)]
    assert (lost.reason, lost.video_id) == ("bad_reply", "a" * 16)
    assert "from 0.0 s on: half a JSON" in lost.detail
    assert starts(made) == pytest.approx(BEEPS_S[2:], abs=0.002)


def test_what_cannot_be_decoded_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film at all" * 100)
    [lost] = heard(path, Beeps())
    assert isinstance(lost, Reject)
    assert lost.reason in {"not_media", "format_not_allowed", "undecodable"}


@pytest.mark.parametrize(
    ("other", "told", "wanted"), [("deu", "eng", "en"), ("eng", "ger", "de"), ("est", "spa", "es")]
)
def test_the_track_in_the_wanted_language_is_taken(tmp_path: Path, other: str, told: str, wanted: str) -> None:
    sounds = [f"aevalsrc='if(between(t,{at},{at + 0.2}),0.5*sin(6283*t),0)':s=16000:d=5" for at in (1, 2)]
    inputs = [part for sound in sounds for part in ("-f", "lavfi", "-i", sound)]
    picture = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=5", "-map", "2:v", "-map", "0:a", "-map", "1:a")
    tags = ("-metadata:s:a:0", f"language={other}", "-metadata:s:a:1", f"language={told}")
    ffmpeg(*inputs, *picture, *tags, "-c:v", "libx264", "-c:a", "flac", str(tmp_path / "film.mkv"))
    [made] = heard(tmp_path / "film.mkv", Beeps(), language=wanted)
    assert isinstance(made, Heard)
    assert made.track == "stream 2"
    assert made.start_us / 1e6 == pytest.approx(2.0, abs=0.002)


def test_a_piece_ends_in_the_quietest_moment_of_its_last_quarter() -> None:
    chance = np.random.default_rng(3)
    samples = (8000 * chance.standard_normal(20 * RATE)).clip(-32000, 32000).astype(np.int16)
    samples[round(17.0 * RATE) : round(17.4 * RATE)] = 5
    assert pause(samples) / RATE == pytest.approx(17.2, abs=0.1)
    samples[: 10 * RATE] = 0
    assert pause(samples) / RATE == pytest.approx(17.2, abs=0.1)
