"""The recipe cineaste on a film that speaks and has no subtitles: with somebody who listens, and with nobody."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows.films import Film, Take, write_all
from flows.films_truth import write_truth
from flows.recipes.cineaste import cineaste
from infra.engine import engine
from infra.profile_models import ModelPart
from infra.rehearsal import start
from infra.rehearsal.answers_cineaste import ANSWERERS
from infra.rehearsal.settings import Settings
from infra.rehearsal.teacher import Teacher
from infra.rehearsal.truth import FilmTruth, Truth, load
from infra.run import Run
from schemas.media import Source
from schemas.units import SourceId
from stages.graph import given
from storage.built import Built
from storage.layout import Workspace
from storage.tables import facts as facts_of
from tests.footage import ffmpeg
from tests.infra.building import AT_ONCE, rows

pytestmark = pytest.mark.slow

NAMES = ("eye", "pen", "judge", "one", "two", "ear")
ROLES = {"captioner": ("eye",), "writer": ("pen",), "judge": ("judge",), "blind": ("one", "two")}
TAKES = (Take("hills", 3, "static", 80), Take("sea", 4, "pan right", 90), Take("city", 5, "static", 85))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """A film with its sound, a noise that never rests, and what is said in it: known to the teacher alone."""
    folder = tmp_path_factory.mktemp("heard")
    write_all([Film("spoken", TAKES)], folder, workers=1)
    path, mute = folder / "spoken.mp4", folder / "mute.mkv"
    path.rename(mute)
    noise = ("-f", "lavfi", "-i", "anoisesrc=seed=2:a=0.2")
    ffmpeg("-i", str(mute), *noise, "-map", "0:v", "-map", "1:a", "-shortest", "-c:v", "copy", "-c:a", "aac", str(path))
    known = load(write_truth(folder, subtitles=True))
    path.with_suffix(".srt").unlink()
    return path, known


def built(path: Path, known: Truth, folder: Path, *, with_ear: bool) -> tuple[Built, int, int]:
    """A finished run, and how often the teacher was asked to listen, and once more."""
    source = Source(source_id=SourceId(""), uri=str(path), size_bytes=path.stat().st_size, changed_us=0)
    recipe = cineaste(given(Source), scene_s=5, window_s=3, pictures=2, wanted=1)
    teacher = Teacher(Settings(models=dict.fromkeys(NAMES, 1.0)), answerers=ANSWERERS, truth=known)
    heard = []
    with start.in_thread(teacher) as place:
        parts = {name: ModelPart(name=name, revision="1", endpoints=(place.url,), in_flight=16) for name in NAMES}
        parts["ear"] = replace(parts["ear"], usd_per_minute=0.6)
        profile = replace(AT_ONCE, models=parts, roles=ROLES | ({"transcriber": ("ear",)} if with_ear else {}))
        made = []
        for _ in range(2):
            with Run(recipe, [source], Workspace(folder), engine("inline"), name="cineaste", profile=profile) as run:
                made.append(run.built())
            heard.append(sum(entry.model == "ear" for entry in teacher.log.entries))
    return made[0], heard[0], heard[1]


def table(made: Built, name: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(**row) for row in rows(made, name)]


def test_what_is_heard_becomes_facts_that_say_so(film: tuple[Path, Truth], tmp_path: Path) -> None:
    path, known = film
    made, n_asked, n_asked_again = built(path, known, tmp_path, with_ear=True)
    [truth] = known.films.values()
    assert isinstance(truth, FilmTruth)
    heard = table(made, "heard")
    assert [one.text for one in heard] == [words.text for words in truth.speech]
    assert [one.start_us for one in heard] == pytest.approx([words.start_us for words in truth.speech], abs=70)
    assert {one.by for one in heard} == {"ear@1"}
    assert table(made, "speech") == []
    facts = [fact for fact in table(made, "facts") if fact.label[0] == "D"]
    assert {fact.kind for fact in facts} == {"heard"}
    assert sorted(fact.text for fact in facts) == sorted(words.text for words in truth.speech)
    assert n_asked == n_asked_again == 1
    [told] = [facts["ear@1"] for cell in made.table("heard").cells if "ear@1" in (facts := facts_of(cell)["models"])]
    assert told["heard_s"] == math.ceil(truth.duration_us / 1e6)
    assert told["cost_usd"] == pytest.approx(0.01 * told["heard_s"])


def test_where_nobody_listens_the_table_is_empty_and_says_why(film: tuple[Path, Truth], tmp_path: Path) -> None:
    path, known = film
    made, n_asked, _ = built(path, known, tmp_path, with_ear=False)
    assert table(made, "heard") == []
    assert made.table("heard").made_by == "left out: no model fills the role 'transcriber' of TranscribeSound"
    assert {fact.kind for fact in table(made, "facts")} == {"seen", "summary", "title"}
    assert n_asked == 0
