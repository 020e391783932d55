"""The recipe peakclips from footage to samples: films made on the spot, a taught model, queries beside one of them."""

import json
from pathlib import Path

import pytest

from flows.films import Film, Take, write_all
from flows.films_truth import write_truth
from flows.recipes.peakclips import peakclips
from infra.rehearsal.answers_peakclips import ANSWERERS
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Truth, load
from schemas.media import Source
from schemas.units import SourceId
from stages.graph import cast_models, given
from stages.hashed_embedding import HashedNgrams
from tests.builders import FakeEnv
from tests.flows.rehearsed import Bench, taught

pytestmark = pytest.mark.slow

ROLES = {"captioner": ("eye",), "writer": ("pen",), "judge": ("judge",)}
LOOKS = ("hills", "city", "reef", "sea", "table", "space")
GIVEN = "Does a purple elephant juggle?"


def a_film(name: str, shift: int) -> Film:
    takes = [
        Take(LOOKS[(n + shift) % 6], 10 * shift + n, "static" if n % 2 else "pan right", 54 + 6 * n) for n in range(6)
    ]
    return Film(name, tuple(takes))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Truth]:
    folder: Path = tmp_path_factory.mktemp("peakclips")
    write_all([a_film(name, shift) for shift, name in enumerate(("first", "second"))], folder, workers=1)
    (folder / "second.queries.jsonl").write_text(json.dumps({"query": GIVEN}) + "\n", "utf-8")
    known = load(write_truth(folder))
    models = taught(Settings(seed=5), known, ANSWERERS, ROLES)
    chats = {role: one[0] for role, one in models.items()}
    env = FakeEnv(models=chats, panels=models, embedders={"embedder": HashedNgrams()})  # type: ignore[arg-type]
    sources = [
        Source(source_id=SourceId(str(n)), uri=str(path), size_bytes=path.stat().st_size, changed_us=0)
        for n, path in enumerate(sorted(folder.glob("*.mp4")))
    ]
    cast = dict.fromkeys([*ROLES, "embedder"], ("a@1",))
    rows = cast_models(peakclips(given(Source), pictures=2), cast)
    return Bench(rows, env, {"sources": sources}), known


def test_scenes_are_long_enough_and_hold_every_shot_once(made: tuple[Bench, Truth]) -> None:
    scenes = made[0].rows("scenes")
    assert len(scenes) >= 8
    assert all(scene.end_us - scene.start_us >= 2_000_000 for scene in scenes)
    assert sorted(shot for one in scenes for shot in one.shot_ids) == [shot.shot_id for shot in made[0].rows("shots")]


def test_the_captions_are_true_and_every_query_has_all_its_scores(made: tuple[Bench, Truth]) -> None:
    bench, known = made
    assert len(bench.rows("sound_scenes")) == len(bench.rows("scenes"))
    for caption in bench.rows("captions"):
        assert known.status(caption.text, [caption.video_id]) == "supported"
    queries = bench.rows("queries")
    assert sorted(query.origin for query in queries) == ["given", "written", "written", "written"]
    scenes = bench.rows("scenes")
    n_pairs = sum(scene.video_id == query.video_id for scene in scenes for query in queries)
    assert len(bench.rows("scene_scores")) == n_pairs
    assert not bench.rows("likenesses")


def test_a_query_that_nothing_answers_has_an_even_plan_and_no_view(made: tuple[Bench, Truth]) -> None:
    [elephant] = [query for query in made[0].rows("queries") if query.text == GIVEN]
    assert elephant.query_id not in {view.query_id for view in made[0].rows("sft2_views")}
    assert {plan.mode for plan in made[0].rows("frame_plans") if plan.query_id == elephant.query_id} == {"uniform"}
    assert made[0].rows("sft2_views")


def test_samples_are_whole(made: tuple[Bench, Truth]) -> None:
    samples = made[0].rows("samples")
    assert {"localise", "caption"} <= {sample.task for sample in samples}
    for sample in samples:
        assert sample.options[sample.answer] == sample.answer_text
        assert len(sample.pictures) == len(sample.pictures_us) == len(sample.labels) >= 1
        assert set(sample.pictures) <= set(made[0].env.blobs)  # type: ignore[attr-defined]  # the fake one
        assert json.loads(sample.evidence)
