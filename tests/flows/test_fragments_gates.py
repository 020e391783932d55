"""The gates of `fragments`, by rows made by hand: what each turns away, what it leaves, and who is held out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from flows.recipes.fragments import fragments
from schemas.items import Answer, Evidence, Guess, Item, TraceStep, Twin, Verdict
from schemas.media import Frame, Shot, ShotLook, Source, Video
from schemas.row import Row
from schemas.samples import Pick, Sample
from schemas.units import ItemId, ShotId, VideoId
from stages.graph import Rows, given
from tests.builders import FakeEnv, row
from tests.flows.rehearsed import Bench


@cache
def recipe(**settings: int) -> Rows[Sample]:
    return fragments(given(Source), **settings)  # type: ignore[arg-type]


def item(number: int, video: int = 0, **facts: Any) -> Item:
    """An item with two options, the right one first and second in turn."""
    place = number % 2
    plain: dict[str, Any] = {
        "item_id": ItemId(f"item-{number:05d}"),
        "video_id": VideoId(f"video-{video:04d}"),
        "task": "rearrange",
        "options": ("left", "right"),
        "answer": place,
        "answer_text": ("left", "right")[place],
        "shot_ids": (f"video-{video:04d}/{number}",),
        "pictures_us": (0, 40_000),
        "labels": ("1", "2"),
        "end_us": 1,
    }
    return row(Item, number, **plain | facts)


def answer(to: Item, choice: int | None) -> Answer:
    """What the second route says of an item; ``None`` where it reaches nothing."""
    return row(Answer, answer_id=to.item_id, item_id=to.item_id, video_id=to.video_id, choice=choice, detail="unsure")


def guesses(of: Item, *rights: bool) -> list[Guess]:
    """A guess a repeat, right or wrong."""
    return [
        row(
            Guess,
            answer_id=f"{of.item_id}/{n}",
            item_id=of.item_id,
            video_id=of.video_id,
            task=of.task,
            repeat=n,
            is_right=right,
        )
        for n, right in enumerate(rights)
    ]


def verdicts(items: Sequence[Item], more: Mapping[str, Sequence[Row]] | None = None, **settings: int) -> dict[Any, Any]:
    """What each gate says of each item; the second route agrees, nobody guesses and nothing repeats, unless told."""
    told: dict[str, Sequence[Row]] = {
        "items": items,
        "answers": [answer(one, one.answer) for one in items],
        "guesses": [],
        "twins": [],
    }
    bench = Bench(recipe(**settings), FakeEnv(), told | dict(more or {}))
    found: list[Verdict] = bench.rows("verdicts")
    return {(one.item_id, one.gate): one for one in found}


def fallen(found: Mapping[Any, Verdict], gate: str) -> set[str]:
    return {item_id for (item_id, by), verdict in found.items() if by == gate and not verdict.passed}


def test_every_gate_speaks_of_every_item_once() -> None:
    found = verdicts([item(0), item(1)])
    assert set(found) == {
        (f"item-0000{n}", gate)
        for n in range(2)
        for gate in ("context", "veracity", "ambiguity", "duplicate", "balance")
    }
    assert all(verdict.passed for verdict in found.values())


def test_what_the_second_route_answers_otherwise_is_not_true_and_what_it_leaves_open_is_ambiguous() -> None:
    items = [item(n) for n in range(4)]
    found = verdicts(items, {"answers": [answer(items[0], 0), answer(items[1], 0), answer(items[2], None)]})
    assert fallen(found, "veracity") == {"item-00001"}
    assert found["item-00001", "veracity"].reason == 'the second route answers "left"'
    assert fallen(found, "ambiguity") == {"item-00002", "item-00003"}
    assert found["item-00002", "ambiguity"].reason == "unsure"


def test_what_is_guessed_right_every_time_goes_where_its_task_can_be_guessed() -> None:
    items = [item(n, n) for n in range(40)]
    told = [guess for one in items for guess in guesses(one, True, True, one is not items[7])]
    gone = fallen(verdicts(items, {"guesses": told}), "context")
    assert gone == {one.item_id for one in items if one is not items[7]}


def test_where_a_task_is_guessed_as_chance_would_a_lucky_guess_costs_no_item() -> None:
    items = [item(n, n) for n in range(40)]
    told = [guess for n, one in enumerate(items) for guess in guesses(one, *[n % 4 < 2] * 3)]
    assert fallen(verdicts(items, {"guesses": told}), "context") == set()


def test_one_task_that_can_be_guessed_costs_the_others_nothing() -> None:
    items = [item(n, n, task="rearrange" if n < 40 else "find_cut") for n in range(80)]
    told = [guess for n, one in enumerate(items) for guess in guesses(one, *[n < 40 or n % 4 < 2] * 3)]
    assert fallen(verdicts(items, {"guesses": told}), "context") == {one.item_id for one in items[:40]}


def test_footage_that_repeats_another_videos_goes() -> None:
    items = [item(0), item(1), item(2)]
    twin = row(Twin, shot_id=ShotId("video-0000/1"), video_id=VideoId("video-0000"), twin_of=ShotId("other/3"))
    found = verdicts(items, {"twins": [twin]})
    assert fallen(found, "duplicate") == {"item-00001"}
    assert "other/3" in found["item-00001", "duplicate"].reason


@pytest.mark.slow
def test_no_video_and_no_task_keeps_more_than_its_quota() -> None:
    items = [item(n, n % 2) for n in range(24)]
    assert len(fallen(verdicts(items, per_video=4), "balance")) == 16
    by_video = Counter(one.video_id for one in items if one.item_id in fallen(verdicts(items, per_video=4), "balance"))
    assert set(by_video.values()) == {8}
    assert len(fallen(verdicts(items, per_task=5), "balance")) == 19


def test_answers_that_crowd_at_one_place_are_thinned() -> None:
    """Of 40 items with two options 27 may have the answer at one place: 2 and a quarter more than an even share."""
    items = [item(n, n, answer=0 if n < 36 else 1) for n in range(40)]
    assert len(fallen(verdicts(items), "balance")) == 36 - 27


def test_an_item_that_another_gate_turns_away_takes_no_place() -> None:
    items = [item(n) for n in range(8)]
    told = [answer(one, one.answer if n >= 4 else None) for n, one in enumerate(items)]
    found = verdicts(items, {"answers": told}, per_video=4)
    assert {item_id for item_id, gate in found if gate == "balance"} == {one.item_id for one in items[4:]}
    assert fallen(found, "balance") == set()


def shot(
    video: str, number: int, hashed: int, length_us: int = 2_000_000, rate_hz: int = 25, **look: Any
) -> tuple[Shot, ShotLook]:
    own = {"shot_id": ShotId(f"{video}/{number}"), "video_id": VideoId(video)}
    plain = {"is_still": False, "is_black": False, "hash": hashed}
    n_frames = length_us * rate_hz // 1_000_000
    cut = row(Shot, **own, start_us=0, end_us=length_us, n_frames=n_frames, opened_from_us=None, cut_score=None)
    return cut, row(ShotLook, **own, **plain | look)


def twins(*shots: tuple[Shot, ShotLook]) -> dict[str, tuple[str, int]]:
    told: dict[str, Sequence[Row]] = {"shots": [cut for cut, _ in shots], "shot_looks": [look for _, look in shots]}
    found: list[Twin] = Bench(recipe(), FakeEnv(), told).rows("twins")
    return {twin.shot_id: (twin.twin_of, twin.distance) for twin in found}


HASH = 0x8000_1234_FFFF_0001


@pytest.mark.parametrize("bits", [(), (63,), (0, 17, 34), (15, 31, 63)])
def test_a_shot_that_differs_by_three_bits_at_most_is_a_twin_of_the_earlier_one(bits: tuple[int, ...]) -> None:
    other = HASH
    for bit in bits:
        other ^= 1 << bit
    assert twins(shot("a", 1, HASH), shot("b", 1, other)) == {"b/1": ("a/1", len(bits))}


def test_shots_that_only_look_alike_are_no_twins() -> None:
    first = shot("a", 1, HASH)
    assert twins(first, shot("b", 1, HASH ^ 0b1111)) == {}, "four bits differ"
    assert twins(first, shot("b", 1, HASH, length_us=2_200_000)) == {}, "it is longer"
    assert twins(first, shot("a", 2, HASH)) == {}, "a video may show a thing twice"
    assert twins(first, shot("b", 1, HASH, is_black=True)) == {}
    assert twins(first, shot("b", 1, HASH, is_still=True)) == {}


def test_a_still_shot_is_a_twin_where_its_video_shares_another_shot_with_that_one() -> None:
    moving = shot("a", 1, HASH), shot("b", 1, HASH)
    still = shot("a", 2, ~HASH & 2**64 - 1, is_still=True), shot("b", 2, ~HASH & 2**64 - 1, is_still=True)
    assert twins(*still) == {}
    assert twins(*moving, *still) == {"b/1": ("a/1", 0), "b/2": ("a/2", 0)}
    assert twins(*moving, still[0], shot("c", 2, ~HASH & 2**64 - 1, is_still=True)) == {"b/1": ("a/1", 0)}


def test_a_copy_at_another_frame_rate_is_a_twin_though_its_cuts_lie_on_other_frames() -> None:
    sparse = shot("b", 1, HASH, length_us=2_200_000, rate_hz=5)
    assert twins(shot("a", 1, HASH), sparse) == {"b/1": ("a/1", 0)}
    assert twins(shot("a", 1, HASH), shot("b", 1, HASH, length_us=2_400_000, rate_hz=5)) == {}


def test_of_many_copies_the_first_stays() -> None:
    copies = [shot(video, 1, HASH) for video in "cab"]
    assert twins(*copies) == {"b/1": ("a/1", 0), "c/1": ("a/1", 0)}


def passed(items: Sequence[Item]) -> list[Verdict]:
    return [one for one in verdicts(items).values() if one.passed]


def picks(told: Sequence[Verdict], **settings: int) -> dict[str, str]:
    found: list[Pick] = Bench(recipe(**settings), FakeEnv(), {"verdicts": told}).rows("picks")
    return {pick.item_id: pick.split for pick in found}


def test_an_item_that_a_gate_turns_away_or_does_not_speak_of_is_not_picked() -> None:
    told = passed([item(0), item(1)])
    assert set(picks(told)) == {"item-00000", "item-00001"}
    assert set(picks([one for one in told if one.verdict_id != "item-00000/context"])) == {"item-00001"}


def test_a_video_keeps_its_split_when_others_come_and_lies_in_one_alone() -> None:
    told = passed([item(n, n // 2) for n in range(400)])
    splits = picks(told)
    assert splits | picks(told[:500]) == splits
    assert all(splits[f"item-{n:05d}"] == splits[f"item-{n + 1:05d}"] for n in range(0, 400, 2))
    shares = Counter(splits.values())
    assert 290 <= shares["train"] <= 350, shares
    assert 16 <= shares["validation"] <= 64
    assert 16 <= shares["test"] <= 64


def test_of_all_that_is_held_out_nothing_trains() -> None:
    told = passed([item(n, n) for n in range(50)])
    assert set(picks(told, validation_percent=0, test_percent=100).values()) == {"test"}


def samples(items: Sequence[Item], frames: Sequence[Frame]) -> list[Sample]:
    own = [{"item_id": one.item_id, "video_id": one.video_id} for one in items]
    told: dict[str, Sequence[Row]] = {
        "items": items,
        "picks": [row(Pick, **one) for one in own],
        "frames": frames,
        "traces": [row(TraceStep, n, **one) for n, one in enumerate(own)],
        "evidence": [row(Evidence, n, **one, start_us=0, end_us=1) for n, one in enumerate(own)],
        "videos": [row(Video, n, video_id=video) for n, video in enumerate({one.video_id for one in items})],
    }
    found: list[Sample] = Bench(recipe(), FakeEnv(), told).rows("samples")
    return found


def frame(video: VideoId, at_us: int) -> Frame:
    return row(Frame, frame_id=f"{video}/{at_us}", video_id=video, at_us=at_us, blob=f"blob-{at_us}")


def test_an_item_shows_its_pictures_in_its_own_order() -> None:
    one = item(0, pictures_us=(80_000, 0, 40_000), labels=("1", "P", "Q"))
    found = samples([one], [frame(one.video_id, at) for at in (0, 40_000, 80_000)])
    assert [sample.pictures for sample in found] == [("blob-80000", "blob-0", "blob-40000")]


def test_an_item_of_which_a_picture_could_not_be_taken_is_not_published() -> None:
    whole, short = item(0, 0), item(1, 1)
    frames = [frame(whole.video_id, 0), frame(whole.video_id, 40_000), frame(short.video_id, 0)]
    assert [sample.sample_id for sample in samples([whole, short], frames)] == [whole.item_id]
