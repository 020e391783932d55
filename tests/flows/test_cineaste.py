"""The recipe cineaste over made-up films with known truth: what is planted goes, what is good stays."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import sqrt

import pytest

from flows.recipes.cineaste import cineaste
from infra.rehearsal.answers_cineaste import ANSWERERS
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Fact as TrueFact
from infra.rehearsal.truth import FilmTruth, Truth
from schemas.errors import BadInput
from schemas.items import Item, Verdict
from schemas.media import Source, Video
from schemas.row import Row
from schemas.scenes import Fact, ScenePack
from schemas.units import ItemId, SceneId, VideoId
from stages.graph import cast_models, given, roles_of
from tests.builders import FakeEnv, row
from tests.flows.rehearsed import Bench, taught

pytestmark = pytest.mark.slow

ROLES = {"captioner": ("eye",), "writer": ("pen",), "judge": ("judge",), "blind": ("one", "two")}
MODELS = {"eye": 1.0, "pen": 1.0, "judge": 0.95, "one": 0.95, "two": 0.95}
COLORS = ("red", "blue", "green", "white", "black", "yellow")
THINGS = ("kite", "boat", "coat", "door", "lamp", "cart", "flag", "hat", "cup", "bell", "rope", "drum")
JUDGED = ("answers", "control_answers", "open_answers", "open_sheets", "matches", "claim_checks", "option_checks")
SPAN_US = 60_000_000
N_FILMS = 24


def test_the_recipe_asks_five_roles_and_who_fills_them_is_in_its_fingerprint() -> None:
    rows = cineaste(given(Source))
    assert set(roles_of(rows)) == {"captioner", "writer", "blind", "judge", "transcriber"}
    one, other = (cast_models(rows, dict(ROLES) | {"blind": (name,)}).fingerprint for name in ("a@1", "b@1"))
    assert len({one, other, rows.fingerprint}) == 3


@pytest.mark.parametrize("text", ["", "cause", "Cause: why", "a: x; a: y"])
def test_a_category_that_cannot_be_read_is_told_while_the_recipe_is_built(text: str) -> None:
    with pytest.raises(BadInput, match="categor"):
        cineaste(given(Source), categories=text)


def film(number: int) -> FilmTruth:
    """A film of one scene in which twelve things have a colour each."""
    video = f"{number:016x}"
    facts = []
    for at, thing in enumerate(THINGS):
        color = COLORS[(7 * number + 5 * at) % len(COLORS)]
        facts.append(
            TrueFact(
                fact_id=f"{video}-{at:03d}",
                video_id=video,
                start_us=at * 5_000_000,
                end_us=(at + 1) * 5_000_000,
                kind="color",
                text=f"In film {number} the {thing} is {color}.",
                question=f"Which colour has the {thing} in film {number}?",
                value=color,
                others=tuple(other for other in COLORS if other != color),
            )
        )
    return FilmTruth(video_id=video, name=video, duration_us=SPAN_US, shots=(), facts=tuple(facts))


TRUTH = Truth({one.video_id: one for one in map(film, range(N_FILMS))})


def pack(known: FilmTruth) -> ScenePack:
    return ScenePack(
        scene_id=SceneId(f"{known.video_id}-0"),
        video_id=VideoId(known.video_id),
        uri=f"/films/{known.name}.mp4",
        start_us=0,
        end_us=SPAN_US,
        shot_ids=(),
        pictures_us=(),
        labels=tuple(f"{'VD'[at % 2]}{at + 1}" for at, _ in enumerate(known.facts)),
        kinds=tuple(("seen", "said")[at % 2] for at, _ in enumerate(known.facts)),
        starts_us=tuple(fact.start_us for fact in known.facts),
        ends_us=tuple(fact.end_us for fact in known.facts),
        texts=tuple(fact.text for fact in known.facts),
    )


def told(one: ScenePack) -> list[Fact]:
    rows = zip(one.labels, one.kinds, one.starts_us, one.ends_us, one.texts, strict=True)
    return [
        Fact(fact_id=f"{one.scene_id}/{label}", scene_id=one.scene_id, video_id=one.video_id, label=label, kind=kind,  # type: ignore[arg-type]
             start_us=start, end_us=end, text=text)
        for label, kind, start, end, text in rows
    ]  # fmt: skip


@cache
def bench(seed: int = 3, **defects: float) -> Bench:
    settings = Settings(seed=seed, models=MODELS, defects=defects)
    models = taught(settings, TRUTH, ANSWERERS, ROLES)
    env = FakeEnv(models={role: one[0] for role, one in models.items()}, panels=models)  # type: ignore[arg-type]
    packs = [pack(known) for known in TRUTH.films.values()]
    tables: dict[str, Sequence[Row]] = {
        "scene_packs": packs,
        "facts": [fact for one in packs for fact in told(one)],
        "videos": [row(Video, video_id=one.video_id, uri=one.uri) for one in packs],
    }
    rows = cineaste(given(Source), wanted=2, per_video=1000)
    made = Bench(rows, env, tables)
    made.rows("verdicts")
    return made


def writer_of(made: Bench) -> list[dict[str, str]]:
    return made.env.chat("writer").planted  # type: ignore[attr-defined, no-any-return]  # the taught one


def kept(made: Bench, gates: Sequence[str] = ("context", "veracity", "ambiguity", "duplicate")) -> set[str]:
    verdicts: list[Verdict] = made.rows("verdicts")
    lost = {one.item_id for one in verdicts if not one.passed and one.gate in gates}
    return {item.item_id for item in made.rows("items")} - lost


def planted(made: Bench, *names: str) -> set[str]:
    """The items with such a defect, found by the texts of their question and answer."""
    texts = {(one["question"], one["answer"]) for one in writer_of(made) if one["defect"] in names}
    return {item.item_id for item in made.rows("items") if (item.question, item.answer_text) in texts}


def test_good_items_stay_and_every_item_has_a_verdict_of_every_gate() -> None:
    made = bench()
    items: list[Item] = made.rows("items")
    verdicts: list[Verdict] = made.rows("verdicts")
    assert len(items) == N_FILMS * 10
    assert len(kept(made)) >= 0.97 * len(items)
    gates = [one.gate for one in verdicts]
    assert {gate: gates.count(gate) for gate in set(gates) - {"balance"}} == dict.fromkeys(
        ("context", "veracity", "ambiguity", "duplicate"), len(items)
    )
    assert gates.count("balance") == len(kept(made))


def test_what_is_planted_goes_and_little_else() -> None:
    made = bench(hallucinated=0.1, blind=0.2, wrong_letter=0.05, refused=0.02, broken_json=0.05)
    items = {item.item_id for item in made.rows("items")}
    false, blind = planted(made, "hallucinated", "wrong_letter"), planted(made, "blind")
    good = items - false - blind
    assert len(false) > 15 < len(blind)
    assert len(false & kept(made)) <= 0.01 * len(false)
    assert len(blind & kept(made)) <= 0.02 * len(blind)
    assert len(good - kept(made)) <= 0.03 * len(good)
    reasons = [one.reason for one in made.rejects["items"]]
    assert reasons.count("refused") + reasons.count("bad_reply") == sum(
        one["defect"] in ("refused", "broken_json") for one in writer_of(made)
    )


def test_the_gates_that_turn_defects_away_are_theirs() -> None:
    made = bench(hallucinated=0.1, blind=0.2, wrong_letter=0.05, refused=0.02, broken_json=0.05)
    assert len(planted(made, "blind") & kept(made, ("context",))) <= 0.02 * len(planted(made, "blind"))
    false = planted(made, "hallucinated", "wrong_letter")
    assert len(false & kept(made, ("veracity",))) <= 0.02 * len(false)
    swapped = planted(made, "wrong_letter")
    assert len(swapped & kept(made, ("ambiguity",))) <= 0.1 * len(swapped)


def test_every_answer_of_the_panel_is_kept_with_its_condition() -> None:
    made = bench()
    n = len(made.rows("items"))
    assert len(made.rows("answers")) == n * 2 * 8
    assert len(made.rows("control_answers")) == n * 2 * 2
    assert len(made.rows("claim_checks")) == n * 5
    assert len(made.rows("option_checks")) == n * 5 * 3


def test_the_right_option_stands_at_every_place() -> None:
    answers = [item.answer for item in bench().rows("items")]
    luck = 3.3 * sqrt(0.25 * 0.75 / len(answers))
    assert all(abs(answers.count(place) / len(answers) - 0.25) < luck for place in range(4))


def test_a_control_never_shows_facts_of_the_own_film() -> None:
    sheets = bench().rows("control_sheets")
    assert sheets
    for sheet in sheets:
        own = int(sheet.video_id, 16)
        assert not any(f"In film {own} " in text for text in sheet.context)


def test_a_single_film_has_no_control_and_is_judged_all_the_same() -> None:
    packs = [pack(film(0))]
    made = bench()
    alone = Bench(made.recipe, made.env, {**made.given, "scene_packs": packs, "facts": told(packs[0])})
    assert alone.rows("control_sheets") == []
    assert len(kept(alone)) >= 9


def test_an_answer_that_its_length_gives_away_goes() -> None:
    made = bench()
    long = "green, as everybody can see from far away"
    items = [
        replace(item, options=(*item.options[:3], long), answer=3, answer_text=long) for item in made.rows("items")[:1]
    ]
    judged = Bench(made.recipe, made.env, {**made.given, "items": items})
    [verdict] = [one for one in judged.rows("verdicts") if one.gate == "context"]
    assert not verdict.passed
    assert "length" in verdict.reason


def test_judges_see_neither_summary_nor_title() -> None:
    made = bench()
    told_more = [
        replace(one, labels=(*one.labels, "S1"), kinds=(*one.kinds, "summary"), starts_us=(*one.starts_us, 0),
                ends_us=(*one.ends_us, SPAN_US), texts=(*one.texts, "A lie."))
        for one in made.rows("scene_packs")
    ]  # fmt: skip
    cases = Bench(made.recipe, made.env, {**made.given, "scene_packs": told_more, "items": made.rows("items")}).rows(
        "cases"
    )
    assert len(cases) == len(made.rows("items"))
    assert all(len(case.texts) == len(case.labels) == len(THINGS) and "A lie." not in case.texts for case in cases)


@pytest.mark.parametrize("table", ["answers", "open_answers", "claim_checks", "option_checks"])
def test_an_item_passes_no_gate_on_hardly_any_answer(table: str) -> None:
    made = bench()
    item = made.rows("items")[0]
    few = [one for one in made.rows(table) if one.item_id != item.item_id or one.repeat == 0]
    stored = {name: made.rows(name) for name in ("items", *JUDGED)}
    judged = Bench(made.recipe, made.env, {**made.given, **stored, table: few})
    [failed] = [one for one in judged.rows("verdicts") if one.item_id == item.item_id and "too few" in one.reason]
    assert not failed.passed


def test_of_two_copies_of_a_video_the_one_that_counts_keeps_its_items() -> None:
    made = bench()
    item = made.rows("items")[0]
    copied = replace(item, item_id=ItemId("!before all others"), uri="/elsewhere/copy.mp4")
    other = replace(copied, item_id=ItemId("!asked of the copy alone"), question="Which colour has nothing else?")
    stored = {name: made.rows(name) for name in JUDGED}
    given_items = {"items": [copied, other, *made.rows("items")]}
    verdicts = Bench(made.recipe, made.env, {**made.given, **stored, **given_items}).rows("verdicts")
    found = {one.item_id: one for one in verdicts if one.gate == "duplicate"}
    assert found[item.item_id].passed
    assert [(found[one].passed, found[one].reason) for one in (copied.item_id, other.item_id)] == [
        (False, f"it is about a copy of {item.uri}")
    ] * 2


def test_films_that_nobody_knows_are_rehearsed_all_the_same() -> None:
    models = taught(Settings(seed=3, models=MODELS, defects={"hallucinated": 0.3}), Truth(), ANSWERERS, ROLES)
    env = FakeEnv(models={role: one[0] for role, one in models.items()}, panels=models)  # type: ignore[arg-type]
    packs = [pack(film(number)) for number in range(4)]
    facts = [fact for one in packs for fact in told(one)]
    made = Bench(bench().recipe, env, {**bench().given, "scene_packs": packs, "facts": facts})
    assert len(made.rows("items")) == 40
    false = planted(made, "hallucinated")
    assert false
    assert not false & kept(made)
    assert len(kept(made)) >= 0.8 * (40 - len(false))
