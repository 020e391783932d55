"""A rehearsal from the command line: every role filled by the teacher, nothing published, everything accounted for."""

import json
import shutil
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from flows.films import Film, Take, write_all
from flows.films_truth import write_truth
from infra.rehearsal.truth import load
from tests.flows.test_cli import one_line, rushes
from tests.footage import ffmpeg

pytestmark = pytest.mark.slow
LOOKS = ("hills", "city", "reef", "sea")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    takes = tuple(Take(look, n, "static" if n % 2 else "pan right", 60) for n, look in enumerate(LOOKS))
    write_all([Film("one", takes)], folder, workers=1)
    write_truth(folder, subtitles=True)
    return folder


@pytest.fixture(scope="module")
def place(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("rehearsal")
    told = rushes("rehearse", "cineaste", films / "one.mp4", "--truth", films / "truth.json", "--to", to)
    assert told.returncode == 0, told.stderr
    (to / "told").write_text(told.stdout)
    return to


def table(place: Path, name: str) -> ds.Dataset:
    return ds.dataset(sorted((place / "tables" / "cells" / name).rglob("*.parquet")))


def test_a_rehearsal_comes_to_questions_without_a_model_or_a_key(place: Path) -> None:
    told = (place / "told").read_text()
    assert table(place, "samples").count_rows() > 0
    assert "One item, whole" in told
    assert "This was a rehearsal" in told


def test_it_tells_what_was_asked(place: Path) -> None:
    assert n_requests((place / "told").read_text()) > table(place, "answers").count_rows()


def test_on_ray_it_comes_to_the_same_rows(place: Path, films: Path, tmp_path: Path) -> None:
    given = (films / "one.mp4", "--truth", films / "truth.json", "--to", tmp_path)
    told = rushes("rehearse", "cineaste", *given, "--engine", "ray")
    assert told.returncode == 0, told.stderr
    for name in ("questions", "answers", "verdicts", "samples"):
        assert table(tmp_path, name).to_table().equals(table(place, name).to_table()), name


@pytest.mark.parametrize("recipe", ["videoespresso", "peakclips"])
def test_the_other_recipes_come_to_questions_too_and_ask_nothing_twice(
    recipe: str, films: Path, tmp_path: Path
) -> None:
    given = ("rehearse", recipe, films / "one.mp4", "--truth", films / "truth.json", "--to", tmp_path)
    first, again = rushes(*given), rushes(*given)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert table(tmp_path, "samples").count_rows() > 0
    assert table(tmp_path, "answers").count_rows() > 0, "the blind panel was not asked"
    assert n_requests(first.stdout) > 20
    assert n_requests(again.stdout) == 0


def n_requests(told: str) -> int:
    words = next(line.split() for line in told.splitlines() if line.strip().startswith("requests"))
    return int(words[1].replace(",", ""))


@pytest.mark.parametrize("mode", [(), ("--batch",)])
def test_a_film_that_speaks_and_has_no_subtitles_is_listened_to(
    mode: tuple[str, ...], films: Path, tmp_path: Path
) -> None:
    noise = ("-f", "lavfi", "-i", "anoisesrc=seed=2:a=0.2", "-shortest", "-c:v", "copy", "-c:a", "aac")
    ffmpeg("-i", str(films / "one.mp4"), *noise, str(tmp_path / "spoken.mp4"))
    shutil.copy(films / "one.json", tmp_path / "spoken.json")
    truth = write_truth(tmp_path, subtitles=True)
    (tmp_path / "spoken.srt").unlink()
    told = rushes("rehearse", "cineaste", tmp_path / "spoken.mp4", "--truth", truth, "--to", tmp_path, *mode)
    assert told.returncode == 0, told.stderr
    heard = table(tmp_path, "heard").to_table(columns=["text"]).to_pylist()
    [film] = load(truth).films.values()
    assert [words["text"] for words in heard] == [words.text for words in film.speech]


def test_nothing_of_it_can_be_published(place: Path, films: Path) -> None:
    assert not (place / "tables" / "versions").exists()
    assert json.loads((place / "tables" / "REHEARSAL.json").read_text())["teacher"]["seed"] == 7
    told = rushes("build", "fragments", films / "one.mp4", "--to", place / "tables", "--engine", "inline")
    assert told.returncode != 0
    assert "is a rehearsal" in told.stderr.splitlines()[-1]


def test_a_folder_with_a_dataset_is_not_rehearsed_into(tmp_path: Path, films: Path) -> None:
    (tmp_path / "tables" / "versions" / "1").mkdir(parents=True)
    told = rushes("rehearse", "cineaste", films / "one.mp4", "--to", tmp_path)
    assert (told.returncode, "is no rehearsal" in one_line(told)) == (2, True)


def test_a_recipe_that_asks_no_model_has_nothing_to_rehearse(tmp_path: Path, films: Path) -> None:
    told = rushes("rehearse", "fragments", films / "one.mp4", "--to", tmp_path)
    assert (told.returncode, "asks no model" in one_line(told)) == (2, True)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--defect", "hallucinated"), "is no rate"),
        (("--defect", "lies=0.1"), "no defect is called 'lies'"),
        (("--fault", "unavailable=7"), "must lie in [0, 1]"),
        (("--truth", "nowhere.json"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_one_line(option: tuple[str, str], said: str, tmp_path: Path, films: Path) -> None:
    told = rushes("rehearse", "cineaste", films / "one.mp4", "--to", tmp_path, *option)
    assert told.returncode == 2
    assert said in one_line(told)
