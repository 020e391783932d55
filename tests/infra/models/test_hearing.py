"""Speech recognised over HTTP: kept, paid by the minute, within the budget; what is no answer is not taken for one."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.env import WorkerEnv
from infra.models.ledger import Ledger, Sum
from infra.models.raw import BadEnvelope
from infra.models.room import Room
from infra.models.served_transcriber import multipart, opened
from infra.profile_models import Budget, Cast
from infra.rehearsal import start
from infra.rehearsal.batches import parts
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from infra.rehearsal.truth import FilmTruth, Truth, Words
from schemas.errors import BadInput, BudgetSpent
from schemas.rejects import Reject
from schemas.speech import Heard, Unspoken
from schemas.units import VideoId
from stages.transcribe import TranscribeSound
from storage.blobs import Blobs
from tests.footage import ffmpeg
from tests.infra.models.asking import QUICK, part

pytestmark = pytest.mark.slow

VIDEO = VideoId("f" * 16)
SAID = (
    Words(start_us=500_000, end_us=2_500_000, text="We have waited here since dawn."),
    Words(start_us=5_200_000, end_us=7_000_000, text="Look over there, before it is gone."),
    Words(start_us=9_300_000, end_us=11_000_000, text="Tomorrow we begin again."),
)
KNOWN = Truth({VIDEO: FilmTruth(video_id=VIDEO, name="film", duration_us=12_000_000, shots=(), speech=SAID)})
TOLD = [(one.start_us, one.end_us, one.text) for one in SAID]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of picture and of a sound that never rests, so that every piece is asked about."""
    path = tmp_path_factory.mktemp("hearing") / "film.mkv"
    picture = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=12")
    ffmpeg(*picture, "-f", "lavfi", "-i", "anoisesrc=d=12:seed=5:a=0.2", "-c:v", "libx264", "-c:a", "flac", str(path))
    return path


def teacher(**settings: Any) -> Teacher:
    return Teacher(Settings(models={"teacher": 1.0}, **settings), truth=KNOWN)


def hear(
    folder: Path, url: str, film: Path, budget: Budget | None = None, **facts: Any
) -> tuple[list[Heard | Reject], dict[str, Any]]:
    """What a new worker hears in the film, in pieces of at most five seconds, and what that cost."""
    model = part(url, **({"usd_per_minute": 0.6} | facts))
    cast = Cast(models={"m": model}, roles={"transcriber": ("m",)}, budget=budget or Budget())
    with closing(Room(cast, folder / "replies", folder / "log", lambda _: b"", habits=QUICK)) as room:
        stage = TranscribeSound(piece_s=5)
        ears = stage.open(WorkerEnv(Blobs(folder), folder, models=room))
        made = list(stage.run([Unspoken(video_id=VIDEO, uri=str(film))], ears))
        return made, room.tally.taken()


def lines(made: Sequence[Heard | Reject]) -> list[tuple[int, int, str]]:
    return [(one.start_us, one.end_us, one.text) for one in made if isinstance(one, Heard)]


def test_what_is_said_is_heard_at_its_time_and_asked_for_once(film: Path, tmp_path: Path) -> None:
    with start.in_thread(server := teacher()) as place:
        made, cost = hear(tmp_path, place.url, film)
        n_asked = len(server.log.entries)
        again, cost_again = hear(tmp_path, place.url, film)
    assert [text for _, _, text in lines(made)] == [text for _, _, text in TOLD]
    # A line may go on over the end of its piece; its start is exact, up to the rounding of samples.
    assert [at for at, _, _ in lines(made)] == pytest.approx([at for at, _, _ in TOLD], abs=70)
    assert {(one.by, one.language) for one in made if isinstance(one, Heard)} == {("teacher@1", "english")}
    assert made == again
    assert 3 <= n_asked == len(server.log.entries) <= 4
    assert cost["teacher@1"]["cost_usd"] == pytest.approx(0.01 * 12, rel=0.3)  # each piece is a whole second more
    assert cost_again == cost


def test_what_a_broken_server_never_said_is_a_reject_and_is_asked_for_next_time(film: Path, tmp_path: Path) -> None:
    with start.in_thread(server := teacher(faults={"html": 0.5}, seed=4)) as place:
        made, _ = hear(tmp_path, place.url, film, in_flight=1)
    lost = [one for one in made if isinstance(one, Reject)]
    heard_of = {entry["key"] for entry in server.log.since() if not entry["fault"]}
    assert len(server.log.entries) > len(heard_of)
    assert {one.reason for one in lost} <= {"bad_reply"}
    with start.in_thread(server := teacher()) as place:
        assert len(lines(hear(tmp_path, place.url, film)[0])) == 3
    assert not heard_of & {entry["key"] for entry in server.log.since()}


@pytest.mark.parametrize("fault", ["html", "truncated_body", "error_envelope", "silence"])
def test_a_server_that_never_answers_well_gives_one_reject(film: Path, tmp_path: Path, fault: str) -> None:
    with start.in_thread(teacher(faults={fault: 1.0})) as place:
        made, cost = hear(tmp_path, place.url, film, timeout_s=1)
    [lost] = made
    assert isinstance(lost, Reject)
    assert lost.reason == ("model_timeout" if fault == "silence" else "bad_reply")
    assert cost == {}


def test_the_budget_counts_minutes_and_stops_before_it_is_overspent(film: Path, tmp_path: Path) -> None:
    with start.in_thread(server := teacher()) as place, pytest.raises(BudgetSpent, match=r"spent 0\.0[4-8]"):
        hear(tmp_path, place.url, film, Budget(usd=0.08), in_flight=1)
    paid = {entry["key"] for entry in server.log.since()}
    assert 1 <= len(paid) == len(server.log.entries) <= 2
    with start.in_thread(server := teacher()) as place:
        assert len(lines(hear(tmp_path, place.url, film)[0])) == 3
    assert server.log.entries
    assert not paid & {entry["key"] for entry in server.log.since()}


def test_money_without_tokens_is_set_aside_until_it_is_given_back() -> None:
    ledger = Ledger(most_usd=1)
    aside = ledger.reserve("m", Sum(usd=0.9))
    assert aside
    assert not ledger.reserved.is_nothing
    ledger.settle("m", 0, aside, Sum())
    assert ledger.reserved.is_nothing


def test_a_budget_wants_a_price_by_the_minute_and_a_chat_one_by_tokens() -> None:
    by_token, by_minute = part("http://x", usd_per_million_out=1.0), part("http://x", usd_per_minute=0.1)
    cast = Cast(models={"m": by_token}, roles={"transcriber": ("m",)}, budget=Budget(usd=1))
    with pytest.raises(BadInput, match=r"models\.m has no price: give it usd_per_minute"):
        cast.check_prices(["transcriber"])
    by_minute = replace(by_minute, usd_per_million_out=0.0)
    cast = Cast(models={"m": by_minute}, roles={"transcriber": ("m",), "writer": ("m",)}, budget=Budget(usd=1))
    cast.check_prices(["transcriber"])
    with pytest.raises(BadInput, match="usd_per_million_in"):
        cast.check_prices(["writer"])


def test_a_model_in_the_process_or_in_batches_does_not_listen(tmp_path: Path) -> None:
    for facts, what in (({"kind": "transformers"}, "kind 'transformers'"), ({"mode": "batch"}, "mode 'batch'")):
        cast = Cast(models={"m": part("http://x", **facts)}, roles={"transcriber": ("m",)})
        with (
            closing(Room(cast, tmp_path, tmp_path / "log", lambda _: b"")) as room,
            pytest.raises(BadInput, match=what),
        ):
            room.transcriber("transcriber")


def body(*segments: Any, **more: Any) -> bytes:
    return json.dumps({"text": "words", "segments": list(segments)} | more).encode()


def segment(start_s: float = 0.0, end_s: float = 1.0, text: Any = " Hello. ") -> dict[str, Any]:
    return {"id": 0, "start": start_s, "end": end_s, "text": text}


def test_segments_are_brought_into_order_and_into_the_sound() -> None:
    told = body(
        segment(3, 90, "b\x00c\n d"), segment(0.5, 0.2), segment(31, 32), segment(1, 2, "  "), language="english"
    )
    found, _ = opened("application/json", told, 30_000_000)
    assert [(one.start_us, one.end_us, one.text, one.language) for one in found] == [
        (500_000, 600_000, "Hello.", "english"),
        (3_000_000, 30_000_000, "b c d", "english"),
    ]
    assert opened("application/json", b'{"text": "", "segments": []}', 9)[0] == []
    assert opened("application/json", b'{"text": " "}', 9)[0] == []


@pytest.mark.parametrize(
    "told",
    [
        b"<html>",
        b'{"text": "words without times"}',
        b'{"text": "words", "segments": []}',
        b'{"error": {"message": "no"}}',
        b"[1]",
        b'{"segments": 5}',
        body(segment(text=None)),
        body(segment(text="la " * 1000)),
        body(segment(-1, 1)),
        body({"text": "no times"}),
        body(segment()).replace(b"1.0", b"NaN"),
        body(segment()).replace(b"1.0", b"Infinity"),
    ],
)
def test_what_is_no_transcript_is_never_taken_for_one(told: bytes) -> None:
    with pytest.raises(BadEnvelope):
        opened("application/json", told, 30_000_000)


def test_a_form_is_read_as_it_was_written() -> None:
    content = bytes(range(256)) * 9 + b"\r\n--\r\n"
    kind, written = multipart({"model": "m", "temperature": "0"}, "a.wav", content)
    assert parts(kind, written) == {"model": b"m", "temperature": b"0", "file": content}
