"""The recipe videoespresso over made-up films with known truth: what is planted goes, what is good stays."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from flows.recipes.videoespresso import videoespresso
from infra.rehearsal.answers_videoespresso import ANSWERERS
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Fact, FilmTruth, Truth
from schemas.errors import BadInput
from schemas.items import Answer, Item, Verdict
from schemas.media import Frame, Source, Video
from schemas.row import Row
from schemas.text import Caption, Moment, Repeat, Sight
from schemas.units import BlobId, CaptionId, FrameId, ShotId, VideoId
from stages.graph import cast_models, given, roles_of
from stages.hashed_embedding import HashedNgrams
from tests.builders import FakeEnv, row
from tests.flows.rehearsed import Bench, taught

ROLES = {"captioner": ("eye",), "writer": ("pen",), "judge": ("judge",), "blind": ("one", "two")}
MODELS = {"eye": 1.0, "pen": 1.0, "judge": 0.95, "one": 0.95, "two": 0.95}
CAST = {role: tuple(f"{name}@1" for name in names) for role, names in ROLES.items()} | {"embedder": ("hashed@1",)}
THINGS = ("kite", "boat", "coat", "door", "lamp", "cart", "flag", "hat", "cup", "bell", "rope", "drum")
COLORS = ("red", "blue", "green", "white", "black", "yellow")
STEP_US = 1_000_000
SPAN = ("video_id", "start_us", "end_us", "at_us")
N_FILMS = 60
Tables = dict[str, Sequence[Row]]
pytestmark = pytest.mark.slow


def test_the_recipe_asks_seven_roles_of_which_three_may_stay_open() -> None:
    rows = videoespresso(given(Source))
    roles = {"captioner", "embedder", "writer", "judge", "blind", "detector", "picture_embedder"}
    assert set(roles_of(rows)) == roles
    needed = {role: CAST[role] for role in ("captioner", "embedder", "writer", "judge")}
    left_out = [node.table for node in cast_models(rows, needed).walk() if node.left_out]
    assert sorted(left_out) == ["answers", "regions"]
    unverified = cast_models(rows, needed | {"detector": ("finder@1",)})
    assert [node.left_out for node in unverified.walk() if node.table == "regions"] == [
        "left out: no model fills the role 'picture_embedder' of GroundObjects"
    ]
    for role in needed:
        with pytest.raises(BadInput, match=f"asks for the role '{role}'"):
            cast_models(rows, {name: models for name, models in needed.items() if name != role})


def film(number: int) -> FilmTruth:
    """A film in which twelve things are seen one after the other, each in a colour."""
    video = f"{number:016x}"
    facts = []
    for at, thing in enumerate(THINGS):
        color = COLORS[(7 * number + 5 * at) % len(COLORS)]
        facts.append(
            Fact(
                fact_id=f"{video}-{at:03d}",
                video_id=video,
                start_us=at * STEP_US,
                end_us=(at + 1) * STEP_US,
                kind="color",
                text=f"In film {number} the {thing} is {color}.",
                question=f"Which colour has the {thing} in film {number}?",
                value=color,
                others=tuple(other for other in COLORS if other != color),
            )
        )
    return FilmTruth(video_id=video, name=video, duration_us=12 * STEP_US, shots=(), facts=tuple(facts))


TRUTH = Truth({one.video_id: one for one in map(film, range(N_FILMS))})


def moments(video: str, n: int = 24) -> list[Moment]:
    """Two pictures of each thing."""
    step = STEP_US // 2
    return [
        row(
            Moment,
            frame_id=FrameId(f"{video}/{at * step + step // 2:012d}"),
            video_id=VideoId(video),
            shot_id=ShotId(f"{video}-s"),
            start_us=at * step,
            end_us=(at + 1) * step,
            at_us=at * step + step // 2,
        )
        for at in range(n)
    ]


def sights(rows: list[Moment]) -> list[Sight]:
    return [
        Sight(frame_id=one.frame_id, blob=BlobId("x.jpg"), **{key: getattr(one, key) for key in SPAN}) for one in rows
    ]


@cache
def bench(panel: bool = True, **defects: float) -> Bench:
    models = taught(Settings(seed=3, models=MODELS, defects=defects), TRUTH, ANSWERERS, ROLES)
    chats: dict[str, Any] = {role: one[0] for role, one in models.items()}
    env = FakeEnv(models=chats, panels=models, embedders={"embedder": HashedNgrams()})  # type: ignore[arg-type]
    shown = [moment for video in TRUTH.films for moment in moments(video)]
    tables: Tables = {
        "videos": [row(Video, video_id=VideoId(video), title=None) for video in TRUTH.films],
        "moments": list(shown),
        "sights": list(sights(shown)),
        "frames": [row(Frame, frame_id=one.frame_id, video_id=one.video_id, at_us=one.at_us) for one in shown],
        "shots": [],
        "shot_looks": [],
    }
    cast = {role: names for role, names in CAST.items() if panel or role != "blind"}
    rows = cast_models(videoespresso(given(Source), tau=0.95, alike_percent=95, per_video=1000), cast)
    made = Bench(rows, env, tables)
    made.rows("samples")
    return made


BAD = {"hallucinated": 0.1, "blind": 0.2, "refused": 0.02, "broken_json": 0.05}


def planted(made: Bench, name: str) -> set[str]:
    """The texts of questions with such a defect."""
    writer: Any = made.env.chat("writer")
    return {one["question"] for one in writer.planted if one["defect"] == name}


def kept(made: Bench) -> set[str]:
    """The questions that no gate but the balance turned away."""
    verdicts: list[Verdict] = made.rows("verdicts")
    lost = {one.item_id for one in verdicts if not one.passed and one.gate != "balance"}
    return {item.question for item in made.rows("items") if item.item_id not in lost}


def test_two_like_pictures_are_told_once_and_groups_follow_on_each_other() -> None:
    made = bench()
    groups = made.rows("caption_groups")
    assert len(groups) == 2 * N_FILMS
    assert {len(group.caption_ids) for group in groups} == {6}
    first = groups[0]
    assert list(first.starts_us) == sorted(first.starts_us)
    assert (first.start_us, first.end_us) == (0, first.starts_us[-1] + STEP_US // 2)


def test_good_questions_become_items_that_pass() -> None:
    made = bench()
    assert len(made.rows("questions")) == 4 * N_FILMS
    assert len(kept(made)) >= 0.97 * 4 * N_FILMS
    gates = [one.gate for one in made.rows("verdicts")]
    assert {gate: gates.count(gate) for gate in gates} == dict.fromkeys(
        ("context", "veracity", "ambiguity", "duplicate"), len(made.rows("items"))
    ) | {"balance": len(kept(made))}


def test_the_core_pictures_of_a_taught_item_show_what_it_asks_about() -> None:
    items: list[Item] = bench().rows("items")
    asked = {fact.question: fact for known in TRUTH.films.values() for fact in known.facts}
    facts = [asked[item.question] for item in items]
    shown = [
        any(fact.start_us <= at < fact.end_us for at in item.pictures_us)
        for item, fact in zip(items, facts, strict=True)
    ]
    assert len(items) > 3 * N_FILMS
    assert all(shown)


def test_what_is_planted_goes_and_little_else() -> None:
    made = bench(**BAD)
    false, blind = planted(made, "hallucinated"), planted(made, "blind")
    good = {one.question for one in made.rows("questions")} - false - blind
    assert len(false) > 15 < len(blind)
    assert len(false & kept(made)) <= 0.01 * len(false)
    assert blind & kept(made) == set()
    unanswered = [one.row_id for table in ("chains", "distractions") for one in made.rejects[table]]
    broken = {one.question for one in made.rows("questions") if one.question_id in unanswered}
    assert len(good - broken - kept(made)) <= 0.03 * len(good)


def test_every_violated_criterion_is_kept_with_its_explanation() -> None:
    checks = bench(**BAD).rows("criterion_checks")
    assert {one.explanation is not None for one in checks if one.violated} == {True}
    assert {one.explanation for one in checks if not one.violated} == {None}
    assert any(one.violated for one in checks)


def test_a_panel_finds_what_the_wording_of_a_question_does_not_show() -> None:
    made = bench()
    items: list[Item] = made.rows("items")[:3]
    answers = [
        Answer(
            answer_id=f"{item.item_id}/{by}/{repeat}",
            item_id=item.item_id,
            video_id=item.video_id,
            by=by,
            repeat=repeat,
            choice=item.answer if repeat < n_right else (item.answer + 1) % 4,
        )
        for item, rights in zip(items, ((6, 4), (4, 4), (8, 0)), strict=True)
        for by, n_right in zip(("a", "b"), rights, strict=True)
        for repeat in range(8)
    ]
    verdicts = Bench(made.recipe, made.env, {**made.given, "items": items, "answers": answers}).rows("verdicts")
    context = {one.item_id: one for one in verdicts if one.gate == "context"}
    told = [context[item.item_id] for item in items]
    assert [one.passed for one in told] == [False, True, False]
    assert "10 times of 16" in told[0].reason
    assert "a is right without the film" in told[2].reason


def test_without_a_panel_the_text_classifier_is_left_and_the_reason_says_so() -> None:
    made = bench(panel=False)
    reasons = {one.reason for one in made.rows("verdicts") if one.gate == "context"}
    assert reasons == {"no panel answered it; a text-only classifier guesses it no better than others"}


def test_a_sample_holds_its_core_pictures_and_the_chain_with_times() -> None:
    made = bench()
    sample = made.rows("samples")[0]
    assert len(sample.pictures) == len(sample.pictures_us) == len(sample.labels) == 2
    assert sample.options[sample.answer] == sample.answer_text
    steps = [one for one in made.rows("traces") if one.item_id == sample.sample_id]
    assert [one.op for one in sorted(steps, key=lambda one: one.step)] == ["core_frame"] * 2 + [
        "key_objects",
        "evidence",
    ]
    cited = [one for one in made.rows("evidence") if one.item_id == sample.sample_id]
    assert all(one.end_us - one.start_us == STEP_US for one in cited)
    assert [one.start_us <= at < one.end_us for one, at in zip(cited, sample.pictures_us, strict=True)] == [True, True]


def test_a_film_that_says_one_thing_only_gives_no_group() -> None:
    captions = [row(Caption, n, caption_id=CaptionId(f"c{n}"), video_id=VideoId("v"), end_us=9) for n in range(3)]
    first = CaptionId("c0")
    repeats = [row(Repeat, caption_id=one.caption_id, repeats=first) for one in captions]
    repeats[0] = replace(repeats[0], repeats=None)
    tables: Tables = {"captions": captions, "repeats": repeats, "videos": [row(Video, video_id=VideoId("v"))]}
    assert Bench(videoespresso(given(Source)), FakeEnv(), tables).rows("caption_groups") == []
    all_new = [replace(one, repeats=None) for one in repeats]
    [group] = Bench(videoespresso(given(Source)), FakeEnv(), tables | {"repeats": all_new}).rows("caption_groups")
    assert group.caption_ids == ("c0", "c1", "c2")
