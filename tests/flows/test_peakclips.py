"""The recipe peakclips over made-up films with known truth: what is planted goes, what is good stays."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest

from flows.recipes.peakclips import peakclips
from infra.rehearsal.answers_peakclips import ANSWERERS
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Fact, FilmTruth, Truth, asked_plainly
from schemas.items import Item, Twin, Verdict
from schemas.media import Media, Source, Video
from schemas.peak_views import GroundingView, KeyClipView, PeakCase
from schemas.peaks import Query, SceneScore, SoundScene
from schemas.row import Row
from schemas.scenes import Scene, WindowView
from schemas.units import BlobId, SceneId, ShotId, VideoId, WindowId
from stages.graph import cast_models, given, roles_of
from stages.hashed_embedding import HashedNgrams
from tests.builders import FakeEnv
from tests.builders import row as valid
from tests.flows.rehearsed import Bench, taught

pytestmark = pytest.mark.slow

ROLES = {"captioner": ("eye",), "writer": ("pen",), "judge": ("judge",), "blind": ("one", "two")}
MODELS = {"eye": 1.0, "pen": 1.0, "judge": 0.95, "one": 0.95, "two": 0.95}
COLORS = ("red", "blue", "green", "white", "black", "yellow")
THINGS = ("kite", "boat", "coat", "door", "lamp", "cart", "flag", "hat", "cup", "bell", "rope", "drum")
SCENE_US = 5_000_000
N_FILMS = 30


def film(number: int) -> FilmTruth:
    """A film of twelve scenes, in each of which one thing has a colour."""
    video = f"{number:016x}"
    facts = []
    for at, thing in enumerate(Random(number).sample(THINGS, len(THINGS))):
        color = COLORS[(7 * number + 5 * at) % len(COLORS)]
        facts.append(
            Fact(
                fact_id=f"{video}-{at:03d}",
                video_id=video,
                start_us=at * SCENE_US,
                end_us=(at + 1) * SCENE_US,
                kind="color",
                text=f"In film {number} the {thing} is {color}.",
                question=f"Which colour has the {thing} in film {number}?",
                value=color,
                others=tuple(other for other in COLORS if other != color),
            )
        )
    return FilmTruth(video_id=video, name=video, duration_us=12 * SCENE_US, shots=(), facts=tuple(facts))


TRUTH = Truth({one.video_id: one for one in map(film, range(N_FILMS))})


def tables() -> dict[str, Sequence[Row]]:
    found: dict[str, list[Row]] = {
        name: [] for name in ("videos", "media", "scenes", "scene_views", "given_queries", "twins")
    }
    for known in TRUTH.films.values():
        video, uri = VideoId(known.video_id), f"/films/{known.name}.mp4"
        found["videos"].append(valid(Video, video_id=video, uri=uri))
        found["media"].append(valid(Media, video_id=video, duration_us_measured=known.duration_us))
        for number in range(len(THINGS)):
            start, end = number * SCENE_US, (number + 1) * SCENE_US
            scene = SceneId(f"{video}-{start:012d}-{end:012d}")
            span = {"scene_id": scene, "video_id": video, "start_us": start, "end_us": end}
            found["scenes"].append(valid(Scene, uri=uri, number=number, shot_ids=(f"{scene}#",), **span))
            shown = (start + SCENE_US // 4, start + 3 * SCENE_US // 4)
            pictures = tuple(BlobId(f"{scene}-{at}.jpg") for at in shown)
            found["scene_views"].append(
                valid(WindowView, window_id=WindowId(f"{scene}/0"), shown_us=shown, pictures=pictures, **span)
            )
    return dict(found)


@cache
def bench(seed: int = 3, **defects: float) -> Bench:
    models = taught(Settings(seed=seed, models=MODELS, defects=defects), TRUTH, ANSWERERS, ROLES)
    embedders = {"embedder": HashedNgrams()}
    chats = {role: one[0] for role, one in models.items()}
    env = FakeEnv(models=chats, panels=models, embedders=embedders)  # type: ignore[arg-type]
    cast = {role: tuple(f"{name}@1" for name in names) for role, names in ROLES.items()}
    rows = cast_models(peakclips(given(Source), per_video=1000), cast | {"embedder": ("hashed",)})
    made = Bench(rows, env, tables())
    made.rows("verdicts")
    return made


def planted(made: Bench) -> list[str]:
    """The lies that the captioner and the writer were made to tell."""
    return [one["text"] for role in ("captioner", "writer") for one in made.env.chat(role).planted if "text" in one]  # type: ignore[attr-defined]  # the taught one


def kept(made: Bench) -> set[str]:
    verdicts: list[Verdict] = made.rows("verdicts")
    return {item.item_id for item in made.rows("items")} - {
        one.item_id for one in verdicts if not one.passed and one.gate != "balance"
    }


def is_true(made: Bench, item: Item) -> bool:
    """Whether the item's answer is right and the only right one, by the truth about its film."""
    known = TRUTH.films[item.video_id]
    case = next(one for one in made.rows("peak_cases") if one.case_id == item.item_id)
    here = [fact for fact in known.facts if fact.start_us == case.start_us]
    if item.task in ("localise", "caption"):
        return TRUTH.status(case.caption, [item.video_id]) == "supported" and here[0].text in case.caption
    is_asked_for = any(asked_plainly(fact.question) == asked_plainly(case.text) for fact in here)
    return is_asked_for if case.is_relevant is not False else not is_asked_for


def test_the_recipe_asks_these_roles_and_a_picture_embedder_may_be_missing() -> None:
    rows = peakclips(given(Source))
    assert set(roles_of(rows)) == {"captioner", "writer", "judge", "blind", "embedder", "picture_embedder"}
    cast = dict.fromkeys(("captioner", "writer", "judge", "embedder"), ("a@1",))
    left_out = {node.table: node.left_out for node in cast_models(rows, cast).walk() if node.left_out}
    assert set(left_out) == {"likenesses", "answers"}
    assert "picture_embedder" in left_out["likenesses"]


def test_every_scene_is_scored_against_every_query_of_its_film() -> None:
    made = bench()
    queries: list[Query] = made.rows("queries")
    scores: list[SceneScore] = made.rows("scene_scores")
    assert len(queries) == 3 * N_FILMS
    assert {(one.query_id, one.scene_id) for one in scores} == {
        (query.query_id, scene.scene_id)
        for query in queries
        for scene in made.rows("scenes")
        if scene.video_id == query.video_id
    }


def test_the_key_clips_are_the_scenes_that_answer_the_query() -> None:
    views: list[KeyClipView] = bench().rows("sft2_views")
    assert len(views) >= 0.99 * 3 * N_FILMS
    right = 0
    for view in views:
        facts = TRUTH.films[view.video_id].facts
        asked = [
            (one.start_us, one.end_us) for one in facts if asked_plainly(one.question) == asked_plainly(view.query)
        ]
        right += list(zip(view.starts_us, view.ends_us, strict=True)) == asked
        assert view.priorities == (1,) * len(view.scene_ids)
        assert len(view.focused_us) == 8
        assert len(view.hybrid_us) == 32
        spans = list(zip(view.starts_us, view.ends_us, strict=True))
        assert all(any(start <= at < end for start, end in spans) for at in view.focused_us)
    assert right >= 0.97 * len(views)


def test_grounding_views_are_there_in_all_three_tasks_and_split_by_video() -> None:
    made = bench()
    views: list[GroundingView] = made.rows("sft1_views")
    tasks = [one.task for one in views]
    assert tasks.count("localise") == tasks.count("caption") == len(made.rows("sound_scenes"))
    assert tasks.count("relevance") == len(made.rows("scene_scores"))
    splits = {(one.video_id, one.split) for one in [*views, *made.rows("sft2_views"), *made.rows("picks")]}
    assert len(splits) == N_FILMS
    assert {split for _, split in splits} == {"train", "validation", "test"}


def made_again(made: Bench, **given_instead: Sequence[Row]) -> Bench:
    """The same tables up to the scores, so that nothing is asked again, but for those given here."""
    names = ("sound_scenes", "scene_scores", "queries", "key_clips", "frame_plans")
    return Bench(made.recipe, made.env, {**made.given, **{name: made.rows(name) for name in names}, **given_instead})


def test_footage_that_another_video_shows_too_has_views_once_so_that_no_split_holds_a_copy() -> None:
    made = bench()
    view: KeyClipView = made.rows("sft2_views")[0]
    [scene] = [one for one in made.rows("scenes") if one.scene_id == view.scene_ids[0]]
    twin = valid(Twin, shot_id=scene.shot_ids[0], video_id=scene.video_id, twin_of=ShotId("elsewhere"))
    again = made_again(made, twins=[twin])
    gone = {one.view_id for one in made.rows("sft1_views")} - {one.view_id for one in again.rows("sft1_views")}
    assert gone == {one.view_id for one in made.rows("sft1_views") if one.scene_id == scene.scene_id}
    lost = {one.view_id for one in made.rows("sft2_views")} - {one.view_id for one in again.rows("sft2_views")}
    assert lost == {one.view_id for one in made.rows("sft2_views") if scene.scene_id in one.scene_ids}
    assert again.rows("peak_cases") == made.rows("peak_cases")


def test_what_stands_beside_a_scene_does_not_grow_with_the_film() -> None:
    made = bench()
    video = made.rows("scenes")[0].video_id
    scenes = [replace(one, scene_id=SceneId(f"{video}-{at}")) for at, one in enumerate(made.rows("scenes")[:1] * 60)]
    views = [valid(WindowView, at, scene_id=one.scene_id, video_id=video) for at, one in enumerate(scenes)]
    vectors = np.eye(60, dtype=np.float32)
    sound = [
        valid(SoundScene, at, scene_id=one.scene_id, video_id=video, end_us=1, vector=vectors[at])
        for at, one in enumerate(scenes)
    ]
    again = made_again(made, scenes=scenes, scene_views=views, sound_scenes=sound, scene_scores=[])
    cases: list[PeakCase] = again.rows("peak_cases")
    assert {case.task for case in cases} == {"localise", "caption"}
    assert {len(case.other_captions) for case in cases} == {24}
    assert len({case.other_captions for case in cases}) == 60


def test_chapters_hold_every_told_scene_once_and_the_film_is_summed_up_from_them() -> None:
    made = bench()
    chapters = made.rows("chapters")
    assert sorted(scene for one in chapters for scene in one.scene_ids) == [
        one.scene_id for one in made.rows("sound_scenes")
    ]
    assert len(chapters) == 2 * N_FILMS
    captions = {one.chapter_id: one.text for one in made.rows("chapter_captions")}
    for summary in made.rows("video_summaries"):
        first = min(one.chapter_id for one in chapters if one.video_id == summary.video_id)
        assert captions[first] in summary.text


def test_good_items_stay_and_every_item_has_a_verdict_of_every_gate() -> None:
    made = bench()
    items: list[Item] = made.rows("items")
    assert {item.task for item in items} == {"localise", "caption", "relevance", "key clip"}
    good = {item.item_id for item in items if is_true(made, item)}
    assert len(good) >= 0.98 * len(items)
    assert len(good - kept(made)) <= 0.03 * len(good)
    gates = [one.gate for one in made.rows("verdicts")]
    assert {gate: gates.count(gate) for gate in set(gates) - {"balance"}} == dict.fromkeys(
        ("context", "veracity", "ambiguity", "duplicate"), len(items)
    )


def test_what_is_planted_goes_and_no_bad_reply_ends_as_a_row() -> None:
    made = bench(hallucinated_text=0.1, refused=0.02, broken_json=0.05)
    lies = planted(made)
    assert len(lies) > 20
    items: list[Item] = made.rows("items")
    stayed = [item for item in items if item.item_id in kept(made)]
    lost_scenes = len(made.rows("scenes")) - len(made.rows("captions"))
    assert lost_scenes == len(made.rejects["captions"]) > 10
    assert {one.reason for one in made.rejects["captions"]} == {"refused", "bad_reply"}
    assert not [item for item in stayed if any(lie in item.program + item.question for lie in lies)]
    assert sum(not is_true(made, item) for item in stayed) <= 0.01 * len(stayed)


def test_nothing_is_asked_with_the_reason_that_a_judge_gave() -> None:
    made = bench()
    reasons = {one.rationale for one in made.rows("relevances")}
    prompts = [
        part
        for role in ("captioner", "writer", "judge", "blind")
        for request in made.env.chat(role).asked  # type: ignore[attr-defined]  # the taught one
        for part in (request.system, *request.parts)
    ]
    assert not [part for part in prompts if isinstance(part, str) and any(reason in part for reason in reasons)]
    assert not [item for item in made.rows("items") if any(reason in item.program for reason in reasons)]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_items() -> None:
    one, other = bench(), bench.__wrapped__(3)
    assert [item for item in one.rows("items")] == [item for item in other.rows("items")]  # noqa: C416
