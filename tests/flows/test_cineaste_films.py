"""The recipe cineaste from footage to samples: films made on the spot, subtitles beside them, a taught model."""

import json
from pathlib import Path

import pytest

from flows.films import Film, Take, write_all
from flows.films_truth import write_truth
from flows.recipes.cineaste import cineaste
from infra.rehearsal.answers_cineaste import ANSWERERS
from infra.rehearsal.asked import Item
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Truth, load
from schemas.media import Source
from schemas.samples import Sample
from schemas.scenes import Fact, Scene
from schemas.units import SourceId
from stages.graph import given
from tests.builders import FakeEnv
from tests.flows.rehearsed import Bench, taught

pytestmark = pytest.mark.slow

ROLES = {"captioner": ("eye",), "writer": ("pen",), "judge": ("judge",), "blind": ("one", "two")}
LOOKS = ("hills", "city", "reef", "sea", "table", "space")


def a_film(name: str, shift: int) -> Film:
    takes = [
        Take(LOOKS[(n + shift) % 6], 10 * shift + n, "static" if n % 2 else "pan right", 50 + 6 * n) for n in range(4)
    ]
    return Film(name, tuple(takes))


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("cineaste")
    write_all([a_film(name, shift) for shift, name in enumerate(("first", "second", "third"))], folder, workers=1)
    return folder, load(write_truth(folder, subtitles=True))


@pytest.fixture(scope="module")
def made(truth: tuple[Path, Truth]) -> Bench:
    folder, known = truth
    models = taught(Settings(seed=5), known, ANSWERERS, ROLES)
    env = FakeEnv(models={role: one[0] for role, one in models.items()}, panels=models)  # type: ignore[arg-type]
    sources = [
        Source(source_id=SourceId(str(n)), uri=str(path), size_bytes=path.stat().st_size, changed_us=0)
        for n, path in enumerate(sorted(folder.glob("*.mp4")))
    ]
    return Bench(cineaste(given(Source), scene_s=5, window_s=3, pictures=2), env, {"sources": sources})


def test_scenes_cover_whole_shots_and_are_no_longer_than_asked(made: Bench) -> None:
    scenes: list[Scene] = made.rows("scenes")
    assert len(scenes) >= 6
    assert all(scene.end_us - scene.start_us <= 5_000_000 for scene in scenes)
    shots = [shot for scene in scenes for shot in scene.shot_ids]
    assert sorted(shots) == [shot.shot_id for shot in made.rows("shots")]


def test_what_is_seen_and_said_is_true_of_the_scene(made: Bench, truth: tuple[Path, Truth]) -> None:
    facts: list[Fact] = made.rows("facts")
    assert {fact.kind for fact in facts} == {"seen", "said", "summary", "title"}
    for fact in facts:
        film = truth[1].films[fact.video_id]
        if fact.kind == "seen":
            assert fact.text in {one.text for one in film.facts}
        if fact.kind == "said":
            assert (fact.start_us, fact.text) in {(words.start_us, words.text) for words in film.speech}


def test_every_line_of_the_subtitles_is_in_one_scene(made: Bench, truth: tuple[Path, Truth]) -> None:
    said = [fact.text for fact in made.rows("facts") if fact.kind == "said"]
    assert sorted(said) == sorted(words.text for film in truth[1].films.values() for words in film.speech)


def test_samples_are_whole(made: Bench, truth: tuple[Path, Truth]) -> None:
    samples: list[Sample] = made.rows("samples")
    assert len(samples) >= 20
    for sample in samples:
        fact = truth[1].answered(Item(sample.question, {}), {sample.video_id})
        assert fact
        assert fact.value == sample.answer_text
        assert sample.options[sample.answer] == sample.answer_text
        assert len(sample.pictures) == len(sample.pictures_us) == len(sample.labels) >= 2
        assert f"The answer is: {sample.answer_text.rstrip('.')}." in sample.reasoning
        evidence = json.loads(sample.evidence)
        assert len(evidence) >= 2
        assert all(sample.start_us <= one["start_us"] < one["end_us"] <= sample.end_us for one in evidence)
        assert set(sample.pictures) <= set(made.env.blobs)  # type: ignore[attr-defined]  # the fake one


def test_what_is_not_published_has_a_gate_that_says_why(made: Bench) -> None:
    published = {sample.sample_id for sample in made.rows("samples")}
    failed = {one.item_id: one.reason for one in made.rows("verdicts") if not one.passed}
    assert {item.item_id for item in made.rows("items")} == published | set(failed)
    assert not published & set(failed)
    assert all(failed.values())
