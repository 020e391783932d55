"""The recipe audit over questions of which it is known what they take: the sort finds it, from stored answers alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from flows.recipes.audit import audit
from infra.rehearsal.answers_audit import ANSWERERS
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import GIVEN_AWAY, Fact, FilmTruth, Truth
from schemas.audits import Answerable, Audit, Sheet
from schemas.items import Answer, Item
from schemas.media import Source, Video
from schemas.row import Row
from schemas.units import BlobId, VideoId
from stages.graph import cast_models, given, roles_of
from tests.builders import FakeEnv, row
from tests.flows.rehearsed import Bench, taught

pytestmark = pytest.mark.slow

ROLES = {"blind": ("one", "two"), "viewer": ("three", "four")}
MODELS = {name: 0.95 for names in ROLES.values() for name in names}
KINDS: tuple[Answerable, ...] = ("blind", "single frame", "any order", "in order", "nobody")
PER_KIND = 30
OPTIONS = ("red", "blue", "green", "white")
VIDEO = VideoId("00ff00ff00ff00ff")


def fact(kind: str, number: int) -> Fact:
    question = f"Which colour has thing {number} of the kind {kind}?"
    value = OPTIONS[number % 4]
    return Fact(
        fact_id=f"{kind}-{number}",
        video_id=VIDEO,
        start_us=0,
        end_us=10_000_000,
        kind=kind,
        text=f"{question} {value}",
        question=question,
        value=value,
        others=tuple(one for one in OPTIONS if one != value),
    )


FACTS = [fact(kind, number) for kind in KINDS for number in range(PER_KIND)]
TRUTH = Truth({VIDEO: FilmTruth(video_id=VIDEO, name="film", duration_us=10_000_000, shots=(), facts=tuple(FACTS))})


def question(one: Fact) -> str:
    return f"{one.question.rstrip('?')}{GIVEN_AWAY}{one.value}?" if one.kind == "blind" else one.question


ITEMS = [
    row(Item, item_id=one.fact_id, video_id=VIDEO, task=one.kind, question=question(one), options=OPTIONS,
        answer=OPTIONS.index(one.value), answer_text=one.value, start_us=0, end_us=10_000_000)
    for one in FACTS
]  # fmt: skip
SHEETS = [
    row(Sheet, item_id=one.item_id, video_id=VIDEO, question=one.question, options=OPTIONS, end_us=10_000_000,
        pictures=tuple(BlobId(f"{place:064x}.jpg") for place in range(6)), labels=())
    for one in ITEMS
]  # fmt: skip
GIVEN: dict[str, Sequence[Row]] = {"items": ITEMS, "sheets": SHEETS, "videos": [row(Video, video_id=VIDEO)]}


@cache
def bench(**settings: int) -> Bench:
    models = taught(Settings(seed=3, models=MODELS), TRUTH, ANSWERERS, ROLES)
    env = FakeEnv(panels=models)  # type: ignore[arg-type]  # taught ones
    made = Bench(audit(given(Source), **settings), env, GIVEN)  # type: ignore[arg-type]  # whole numbers
    made.rows("audits")
    return made


def judged_again(made: Bench, **settings: Any) -> list[Audit]:
    """The sort under other settings, from the answers that there are."""
    answers: list[Answer] = made.rows("answers")
    again = Bench(audit(given(Source), **settings), FakeEnv(), {**GIVEN, "answers": answers})
    return again.rows("audits")


def test_the_recipe_asks_two_panels_and_who_sits_there_is_in_its_fingerprint() -> None:
    rows = audit(given(Source))
    assert set(roles_of(rows)) == {"blind", "viewer"}
    one, other = (cast_models(rows, {**ROLES, "viewer": (name,)}).fingerprint for name in ("a@1", "b@1"))
    assert len({one, other, rows.fingerprint}) == 3


def test_what_each_question_takes_is_found() -> None:
    found = Counter((one.task, one.answerable) for one in bench().rows("audits"))
    assert sum(found.values()) == len(ITEMS)
    for kind in KINDS:
        assert found[kind, kind] >= 0.95 * PER_KIND, found


def test_half_as_many_orders_find_nearly_as_much_and_are_less_sure() -> None:
    many, few = bench().rows("audits"), bench(orders=4).rows("audits")
    assert sum(one.task == one.answerable for one in few) >= 0.9 * len(few)
    assert sum(one.is_sure for one in few) < sum(one.is_sure for one in many)


def test_what_is_called_sure_is_right() -> None:
    sure = [one for one in bench().rows("audits") if one.is_sure]
    assert len(sure) >= 0.8 * len(ITEMS)
    assert sum(one.task == one.answerable for one in sure) >= 0.95 * len(sure)


def test_the_categories_are_those_of_the_paper() -> None:
    named = {one.answerable: one.category for one in bench().rows("audits")}
    assert named == {
        "blind": "llm_answerable",
        "single frame": "semantic",
        "any order": "semantic",
        "in order": "temporal",
        "nobody": "others",
    }


def test_every_answer_is_kept_with_who_gave_it_under_which_condition() -> None:
    answers: list[Answer] = bench().rows("answers")
    per_item = Counter((one.condition, one.by) for one in answers if one.item_id == ITEMS[0].item_id)
    assert per_item == {
        **{("blind", f"{name}@1"): 8 for name in ROLES["blind"]},
        **{("single", f"{name}@1"): 24 for name in ROLES["viewer"]},
        **{(name, f"{by}@1"): 8 for name in ("shuffled", "ordered") for by in ROLES["viewer"]},
    }
    assert len({one.answer_id for one in answers}) == len(answers)


def test_thresholds_are_in_the_sort_alone() -> None:
    bounds = {"luck_permille": 1, "pass_percent": 90, "drop_percent": 5, "knows_percent": 99, "doubt_percent": 1}
    strict, usual = audit(given(Source), **bounds), audit(given(Source))  # type: ignore[arg-type]  # whole numbers
    before = {rows.table: rows.fingerprint for rows in usual.walk()}
    after = {rows.table: rows.fingerprint for rows in strict.walk()}
    assert {table for table in before if before[table] != after[table]} == {"audits"}
    harder = Counter(one.answerable for one in judged_again(bench(), pass_percent=100))
    assert harder["nobody"] > Counter(one.answerable for one in bench().rows("audits"))["nobody"]


def test_few_answers_are_never_called_sure() -> None:
    made = bench()
    answers = [one for one in made.rows("answers") if one.repeat == 0 and one.look in (None, 1)]
    again = Bench(audit(given(Source), orders=1), FakeEnv(), {**GIVEN, "answers": answers})
    assert {one.answerable for one in again.rows("audits")} == {"nobody"}
    assert not any(one.is_sure for one in again.rows("audits"))


def test_a_question_that_hardly_anybody_answered_is_not_sorted() -> None:
    made = bench()
    lost = ITEMS[0].item_id
    answers = [
        one for one in made.rows("answers") if one.item_id != lost or one.condition != "ordered" or one.repeat < 3
    ]
    again = Bench(audit(given(Source)), FakeEnv(), {**GIVEN, "answers": answers})
    found = {one.item_id: one for one in again.rows("audits")}
    assert (found[lost].answerable, found[lost].category, found[lost].is_sure) == ("unsorted", None, False)
    assert [one.answerable for one in found.values()].count("unsorted") == 1


def test_a_wrong_key_is_suspected_where_everybody_means_another_option() -> None:
    items = [replace(one, answer=(one.answer + 1) % 4) if one.task == "in order" else one for one in ITEMS]
    items = [replace(one, answer_text=OPTIONS[one.answer]) for one in items]
    again = Bench(audit(given(Source)), FakeEnv(), {**GIVEN, "items": items, "answers": bench().rows("answers")})
    found: list[Audit] = again.rows("audits")
    wrong = [one for one in found if one.task == "in order"]
    assert sum(one.rival == (one.answer - 1) % 4 for one in wrong) >= 0.95 * len(wrong)
    assert not any(one.rival is not None for one in found if one.task != "in order" and one.answerable != "nobody")


def test_a_panel_of_which_one_member_knows_is_somebody_who_can() -> None:
    mixed = [
        replace(one, choice=OPTIONS.index("red") if one.repeat % 2 else OPTIONS.index("blue"))
        if one.by == "two@1" else one
        for one in bench().rows("answers")
    ]  # fmt: skip
    again = Bench(audit(given(Source)), FakeEnv(), {**GIVEN, "answers": mixed})
    found = Counter(one.answerable for one in again.rows("audits") if one.task == "blind")
    assert found["blind"] >= 0.9 * PER_KIND


def test_a_position_that_everybody_prefers_is_no_knowledge() -> None:
    answers = [replace(one, choice=one.choice, place=0) for one in bench().rows("answers")]
    firsts = {(one.item_id, one.repeat): one for one in answers}
    assert len(firsts) == len(ITEMS) * 8
    always_a = [replace(one, choice=one.repeat % 4) for one in answers]
    again = Bench(audit(given(Source)), FakeEnv(), {**GIVEN, "answers": always_a})
    assert {one.answerable for one in again.rows("audits")} == {"nobody"}


def by_counts(**n_right: int) -> Audit:
    """The sort of one question of which a panel of two, asked sixteen times, is so often right under each condition."""
    item = ITEMS[0]
    wrong = (item.answer + 1) % 4
    answers = [
        row(Answer, item_id=item.item_id, answer_id=f"{condition}-{nth}", by=f"m{nth % 2}", repeat=nth // 2,
            condition=condition, look=2 if condition == "single" else None, choice=item.answer if nth < k else wrong)
        for condition, k in n_right.items() for nth in range(16)
    ]  # fmt: skip
    tables: dict[str, Sequence[Row]] = {"items": [item], "answers": answers, "videos": GIVEN["videos"]}
    found: list[Audit] = Bench(audit(given(Source)), FakeEnv(), tables).rows("audits")
    return found[0]


def test_frames_in_order_that_do_hardly_better_than_shuffled_ones_are_no_sure_case_of_order() -> None:
    hardly = by_counts(blind=4, single=4, shuffled=9, ordered=10)
    clearly = by_counts(blind=4, single=4, shuffled=4, ordered=15)
    assert (clearly.answerable, clearly.is_sure) == ("in order", True)
    assert not hardly.is_sure
    assert hardly.doubt > 0.4


def test_how_many_answers_there_should_be_does_not_hang_on_what_else_lies_in_the_part() -> None:
    lost = ITEMS[0].item_id
    answers = [
        one for one in bench().rows("answers") if one.item_id == lost and (one.condition != "ordered" or one.repeat < 3)
    ]
    alone = {"items": ITEMS[:1], "answers": answers, "videos": GIVEN["videos"]}
    [found] = Bench(audit(given(Source)), FakeEnv(), alone).rows("audits")
    assert found.answerable == "unsorted"
