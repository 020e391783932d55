import hashlib
from pathlib import Path
from random import Random

import pytest

from flows import demo, films_truth
from flows.films import Film, Take, write_all
from flows.films_movers import MOVERS
from flows.films_truth import truth_of, write_truth
from flows.films_words import MANNERS, PLACES, color_name
from infra.rehearsal.asked import Item, Span
from infra.rehearsal.mind import given_away
from infra.rehearsal.truth import FilmTruth, load
from schemas.errors import BadInput


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[FilmTruth]:
    path = tmp_path_factory.mktemp("films") / "any.mp4"
    path.write_bytes(b"the truth does not look inside")
    return [truth_of(film, path, with_speech=True) for film in demo.cast_films()]


def test_the_truth_lies_beside_the_films_and_is_found_again(tmp_path: Path) -> None:
    film = Film("two", (Take("hills", 0, "pan right", 30, "dissolve"), Take("reef", 2, "static", 40)))
    [path] = write_all([film], tmp_path, workers=1)
    [known] = load(write_truth(tmp_path, subtitles=True)).films.values()
    assert known.video_id == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    assert [(shot.start_us, shot.end_us) for shot in known.shots] == [(0, 480_000), (1_200_000, 2_080_000)]
    assert [shot.camera for shot in known.shots] == ["pans to the right", "holds still"]
    assert (known.shots[0].subject, known.shots[1].subject) == ("the hot-air balloon", "the fish")
    assert known.duration_us == 2_080_000
    assert path.with_suffix(".srt").read_text().startswith("1\n00:00:00,000 --> 00:00:00,480\n" + known.speech[0].text)
    assert known == load(tmp_path / films_truth.TRUTH).films[known.video_id]


def test_a_folder_without_films_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no film made by"):
        write_truth(tmp_path)


def test_every_backdrop_and_mover_has_its_words() -> None:
    assert set(PLACES) == set(MOVERS)
    assert set(MANNERS) == {mover.__name__ for choices in MOVERS.values() for mover in choices}


def test_every_fact_has_one_value_and_falsehoods_that_differ(told: list[FilmTruth]) -> None:
    for fact in (fact for film in told for fact in film.facts):
        assert fact.text.count(fact.value) == 1, fact
        assert len({fact.value, *fact.others}) == len(fact.others) + 1 >= 4, fact


def test_no_question_gives_its_answer_away(told: list[FilmTruth]) -> None:
    for fact in (fact for film in told for fact in film.facts):
        for seed in range(5):
            options, place = fact.options(Random(seed), 4)
            assert options[place] == fact.value
            assert given_away(Item(fact.question, dict(zip("ABCD", options, strict=True)))) is None, fact


def test_no_fact_of_a_film_contradicts_another(told: list[FilmTruth]) -> None:
    for film in told:
        lies = {fact.with_value(other) for fact in film.facts for other in fact.others}
        assert not lies & {fact.text for fact in film.facts}, film.name
        assert len({fact.text for fact in film.facts}) == len(film.facts)


def test_every_shot_has_facts_of_its_own(told: list[FilmTruth]) -> None:
    for film in told:
        for shot in film.shots:
            span = Span(film.video_id, shot.start_us, shot.end_us)
            kinds = {fact.kind for fact in film.facts if fact.lies_in(span)}
            assert {"setting", "camera", "speech"} <= kinds, shot


def test_what_is_not_in_the_picture_is_not_told() -> None:
    """Zoomed in on the middle of the picture, seconds after the balloon rose out of it."""
    early, late = Take("hills", 0, "static", 20), Take("hills", 0, "static", 20)
    seen = [frame for frame in (0, 20 * 25) if films_truth._is_seen(early, frame)]
    assert seen == [0]
    assert early == late


def test_colours_have_names_that_people_use() -> None:
    assert [color_name(color) for color in ((231, 55, 61), (48, 118, 201), (250, 250, 240), (240, 160, 40))] == [
        "red",
        "blue",
        "white",
        "orange",
    ]
