"""The recipe cineaste from footage to samples: films made on the spot, subtitles beside them, a teacher over HTTP."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows.films import Film, Take, write_all
from flows.films_truth import write_truth
from flows.recipes.cineaste import cineaste
from infra.engine import engine
from infra.profile import Profile
from infra.profile_models import ModelPart
from infra.rehearsal import start
from infra.rehearsal.answers_cineaste import ANSWERERS
from infra.rehearsal.asked import Item
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from infra.rehearsal.truth import Truth, load
from infra.run import Run
from schemas.media import Source
from schemas.samples import Sample
from schemas.units import SourceId
from stages.graph import Rows, given
from storage.built import Built
from storage.layout import Workspace
from tests.infra.building import AT_ONCE, rows

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


@dataclass(frozen=True)
class Made:
    """A finished run: its tables' rows, and how often the teacher was asked for them."""

    built: Built
    n_asked: int
    n_asked_again: int

    def rows(self, table: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(**row) for row in rows(self.built, table)]


@pytest.fixture(scope="module")
def made(truth: tuple[Path, Truth], tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Run over real HTTP, then once more."""
    folder, known = truth
    sources = [
        Source(source_id=SourceId(""), uri=str(path), size_bytes=path.stat().st_size, changed_us=0)
        for path in sorted(folder.glob("*.mp4"))
    ]
    names = sorted({name for models in ROLES.values() for name in models})
    defects = {"blind": 0.1, "hallucinated": 0.05, "refused": 0.02}
    teacher = Teacher(
        Settings(seed=5, models=dict.fromkeys(names, 1.0), defects=defects), answerers=ANSWERERS, truth=known
    )
    recipe = cineaste(given(Source), scene_s=5, window_s=3, pictures=2)
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    with start.in_thread(teacher) as place:
        parts = {name: ModelPart(name=name, revision="1", endpoints=(place.url,), in_flight=32) for name in names}
        profile = replace(AT_ONCE, models=parts, roles=ROLES)
        built, n_asked = _run(recipe, sources, workspace, profile), len(teacher.log.entries)
        _run(recipe, sources, workspace, profile)
    return Made(built, n_asked, len(teacher.log.entries))


def _run(recipe: Rows[Sample], sources: Sequence[Source], workspace: Workspace, profile: Profile) -> Built:
    with Run(recipe, sources, workspace, engine("inline"), name="cineaste", profile=profile) as run:
        return run.built()


def test_a_second_run_asks_nothing(made: Made) -> None:
    assert made.n_asked == made.n_asked_again > 100


def test_scenes_cover_whole_shots_and_are_no_longer_than_asked(made: Made) -> None:
    scenes = made.rows("scenes")
    assert len(scenes) >= 6
    assert all(scene.end_us - scene.start_us <= 5_000_000 for scene in scenes)
    shots = [shot for scene in scenes for shot in scene.shot_ids]
    assert sorted(shots) == sorted(shot.shot_id for shot in made.rows("shots"))


def test_what_is_seen_and_said_is_true_of_the_scene(made: Made, truth: tuple[Path, Truth]) -> None:
    facts = made.rows("facts")
    assert {fact.kind for fact in facts} == {"seen", "said", "summary", "title"}
    for fact in facts:
        film = truth[1].films[fact.video_id]
        if fact.kind == "seen":
            assert fact.text in {one.text for one in film.facts}
        if fact.kind == "said":
            assert (fact.start_us, fact.text) in {(words.start_us, words.text) for words in film.speech}


def test_every_line_of_the_subtitles_is_in_one_scene(made: Made, truth: tuple[Path, Truth]) -> None:
    said = [fact.text for fact in made.rows("facts") if fact.kind == "said"]
    assert sorted(said) == sorted(words.text for film in truth[1].films.values() for words in film.speech)


def test_samples_are_whole(made: Made, truth: tuple[Path, Truth]) -> None:
    samples = made.rows("samples")
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


def test_what_is_not_published_has_a_gate_that_says_why(made: Made) -> None:
    published = {sample.sample_id for sample in made.rows("samples")}
    failed = {one.item_id: one.reason for one in made.rows("verdicts") if not one.passed}
    assert {item.item_id for item in made.rows("items")} == published | set(failed)
    assert not published & set(failed)
    assert all(failed.values())
