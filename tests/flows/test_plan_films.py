"""What a plan says a build will ask, beside what a rehearsal of that build was asked: films made on the spot."""

from collections import Counter
from pathlib import Path

import pytest

from flows.estimate import Forecast
from flows.films import Film, Take, write_all
from flows.films_truth import write_truth
from flows.forecasting import Outlook, Trial, outlook
from flows.rehearse import rehearsed
from flows.steps import planned
from flows.wish import Wish
from infra.rehearsal.settings import Settings
from storage.tables import facts
from tests.flows.test_cli import rushes

pytestmark = pytest.mark.slow
LOOKS = ("hills", "city", "reef", "sea", "table", "space")
SETTINGS = {"scene_s": 5, "window_s": 3, "pictures": 2, "orders": 2, "control_orders": 1, "judgements": 2}
Told = dict[tuple[str, str], Counter[str]]


def a_film(name: str, shift: int) -> Film:
    takes = [Take(LOOKS[(n + shift) % 6], n + shift, "static" if n % 2 else "pan right", 54) for n in range(4 + shift)]
    return Film(name, tuple(takes))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    write_all([a_film(name, shift) for shift, name in enumerate(("one", "two", "three"))], folder, workers=1)
    write_truth(folder, subtitles=True)
    return folder


@pytest.fixture(scope="module")
def wish(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Wish:
    """A rehearsed build of all films; its profile says who was asked."""
    made = Wish(
        recipe="cineaste",
        videos=[str(films)],
        to=str(tmp_path_factory.mktemp("built")),
        engine="inline",
        settings=SETTINGS,
    )
    with (
        rehearsed(made, Settings(truth=str(films / "truth.json"), log_chars=0), 0.95) as (ours, _),
        planned(ours) as run,
    ):
        run.built()
    return ours


@pytest.fixture(scope="module")
def truth(wish: Wish) -> Told:
    """Answers and tokens of each table and model, as the cells say."""
    found: Told = {}
    run = planned(wish)
    for rows in run.recipe.walk():
        for cell in run.workspace.table(rows.table, rows.fingerprint).glob("[0-9]*.parquet"):
            for model, one in facts(cell).get("models", {}).items():
                numbers = {name: value for name, value in one.items() if name != "versions"}
                found.setdefault((rows.table, model), Counter()).update(numbers)
    return found


def planned_elsewhere(wish: Wish, folder: Path, truth: str) -> Outlook:
    other = Wish(
        recipe=wish.recipe, videos=wish.videos, to=str(folder), engine="inline", settings=SETTINGS, profile=wish.profile
    )
    return outlook(other, planned(other), Trial(sample=2, truth=truth))


def summed(told: tuple[Forecast, ...]) -> Counter[str]:
    return Counter(
        answers=sum(one.calls for one in told),
        tokens_in=sum(one.tokens_in for one in told),
        tokens_out=sum(one.tokens_out for one in told),
    )


def test_a_plan_is_within_a_fifth_of_the_build(wish: Wish, films: Path, truth: Told, tmp_path: Path) -> None:
    told = planned_elsewhere(wish, tmp_path / "new", str(films / "truth.json"))
    assert told.films == 3
    assert told.is_rehearsed
    whole, ours = sum(truth.values(), Counter[str]()), summed(told.forecasts)
    for name, count in ours.items():
        assert count == pytest.approx(whole[name], rel=0.2), name
    by_table = {(one.table, one.model): one for one in told.forecasts}
    for place, one in truth.items():
        if one["answers"] >= 50:
            assert by_table[place].calls == pytest.approx(one["answers"], rel=0.2), place
    assert not (tmp_path / "new").exists()


def test_films_that_nobody_knows_are_not_taken_for_less(wish: Wish, truth: Told, tmp_path: Path) -> None:
    told = planned_elsewhere(wish, tmp_path / "new", "")
    whole, ours = sum(truth.values(), Counter[str]()), summed(told.forecasts)
    assert whole["answers"] * 0.8 < ours["answers"] < whole["answers"] * 1.6


def test_after_the_build_nothing_is_left_to_ask(wish: Wish) -> None:
    told = outlook(wish, planned(wish), Trial())
    assert not told.is_rehearsed
    assert sum(one.calls for one in told.forecasts) == 0


def test_one_more_film_is_counted_by_those_that_are_there(wish: Wish, films: Path, truth: Told, tmp_path: Path) -> None:
    write_all([a_film("four", 3)], tmp_path, workers=1)
    (tmp_path / "four.srt").write_text((films / "three.srt").read_text("utf-8"))
    more = Wish(
        recipe=wish.recipe,
        videos=[*wish.videos, str(tmp_path)],
        to=wish.to,
        engine="inline",
        settings=SETTINGS,
        profile=wish.profile,
    )
    told = outlook(more, planned(more), Trial(sample=0))
    asked = {one.table: one for one in told.forecasts}
    described = sum(one["answers"] for (table, _), one in truth.items() if table == "descriptions")
    assert 0 < asked["descriptions"].calls < described
    assert asked["descriptions"].rate.endswith("as in the parts that are there")


def test_the_command_shows_it_and_says_what_it_rests_on(wish: Wish, films: Path, tmp_path: Path) -> None:
    given = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    place = ("--to", tmp_path / "new", "--profile", wish.profile, "--truth", films / "truth.json", "--sample", 1)
    told = rushes("plan", "cineaste", films, *place, *given)
    assert told.returncode == 0, told.stderr
    said = told.stdout
    assert "What models will be asked" in said
    assert "a rehearsal of 1 of your 3 videos" in said
    assert "no prices in the profile" in said
    assert not (tmp_path / "new").exists()
