"""Asking stages: rows become requests, answers become rows or rejects, and the models are in the fingerprint."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from schemas.chat import Form, NoReply, Reply, Request
from schemas.errors import BadInput, Reason, WiringError
from schemas.rejects import Reject, reject
from stages import ask
from stages.ask import Ask, AskPanel
from stages.graph import Rows, cast_models, given, roles_of, typed
from stages.quoted import quote
from tests.builders import FakeChat, FakeEnv, Mark, Spell, ToyRank, ToyVideo, ToyWord, row


class Letter(Form):
    """One letter of the name."""

    letter: str


class FirstLetter(Ask[ToyVideo, ToyWord], role="writer", version=1):
    """Asks for the first letter of each name."""

    brief: bool = False

    def render(self, row: ToyVideo) -> Request:
        return Request("spell", (quote("name", row.video_id),), Letter)

    def parse(self, row: ToyVideo, reply: Reply) -> Iterator[ToyWord | Reject]:
        letter = reply.filled(Letter).letter
        if len(letter) == 1:
            name = f"{row.video_id}/{reply.model}/{reply.number}/{reply.sample}"
            yield ToyWord(word_id=name, video_id=row.video_id, letter=letter, length=reply.number)
        else:
            yield reject(self, row, "bad_answer", f"{letter!r} is no letter")


class Letters(AskPanel[ToyVideo, ToyWord], role="blind", version=1):
    """Asks everybody for the first two letters."""

    def render(self, row: ToyVideo) -> tuple[Request, ...]:
        return tuple(Request("spell", (quote("name", row.video_id), str(place)), Letter) for place in range(2))

    def parse(self, row: ToyVideo, reply: Reply) -> Iterator[ToyWord | Reject]:
        name = f"{row.video_id}/{reply.model}/{reply.number}/{reply.sample}"
        letter = reply.filled(Letter).letter
        yield ToyWord(word_id=name, video_id=row.video_id, letter=letter, length=reply.number)


VIDEOS = [row(ToyVideo, number) for number in range(3)]


def refusing(reason: Reason = "refused") -> NoReply:
    return NoReply("fake@1", reason, "it would not", "I can't help with that. " * 200)


def test_a_row_becomes_a_request_and_its_reply_rows() -> None:
    chat = FakeChat(lambda _: Letter(letter="v"))
    stage = FirstLetter()
    made = list(stage.run(VIDEOS, stage.open(FakeEnv(models={"writer": chat}))))
    assert [word.letter for word in made if isinstance(word, ToyWord)] == ["v"] * 3
    assert [request.parts for request in chat.asked] == [(quote("name", video.video_id),) for video in VIDEOS]


@pytest.mark.parametrize("reason", ["refused", "cut_off", "filtered", "bad_reply", "model_timeout"])
def test_what_cannot_be_used_is_a_reject_with_its_reason_and_the_raw_reply(reason: Reason) -> None:
    made = list(FirstLetter().run(VIDEOS[:1], (FakeChat(lambda _: refusing(reason)),)))
    assert isinstance(made[0], Reject)
    assert (made[0].reason, made[0].row_id) == (reason, VIDEOS[0].video_id)
    assert "fake@1: it would not: I can't help" in made[0].detail


def test_what_fits_the_form_but_means_nothing_is_a_bad_answer() -> None:
    made = list(FirstLetter().run(VIDEOS[:1], (FakeChat(lambda _: Letter(letter="vi")),)))
    assert [one.reason for one in made if isinstance(one, Reject)] == ["bad_answer"]


def test_a_panel_asks_every_member_every_request_as_often_as_it_is_told() -> None:
    panel = tuple(FakeChat(lambda _, name=name: Letter(letter=name), model=f"{name}@1") for name in "ab")  # type: ignore[misc]
    stage = Letters(samples=2)
    made = list(stage.run(VIDEOS, stage.open(FakeEnv(panels={"blind": panel}))))
    assert len({word.word_id for word in made if isinstance(word, ToyWord)}) == 3 * 2 * 2 * 2
    assert {word.length for word in made if isinstance(word, ToyWord)} == {0, 1}
    assert sorted(request.sample for request in panel[0].asked) == [0] * 6 + [1] * 6


def test_a_member_of_a_panel_that_refuses_is_a_reject_of_its_own() -> None:
    panel = (FakeChat(lambda _: refusing()), FakeChat(lambda _: Letter(letter="x"), model="b@1"))
    made = list(Letters().run(VIDEOS[:1], panel))
    assert len({one.reject_id for one in made if isinstance(one, Reject)}) == 2
    assert [one.letter for one in made if isinstance(one, ToyWord)] == ["x", "x"]


def test_an_asking_stage_is_a_small_value() -> None:
    assert pickle.loads(pickle.dumps(FirstLetter(brief=True))) == FirstLetter(brief=True)
    assert Letters(samples=2).fingerprint() != Letters().fingerprint()


def test_a_stage_that_does_not_say_whom_it_asks_is_refused() -> None:
    with pytest.raises(WiringError, match="say whom it asks"):

        class Nobody(Ask[ToyVideo, ToyWord], version=1):
            """Asks nobody."""


def test_the_text_of_a_prompt_is_in_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "PROMPTS", tmp_path)

    def stage(text: str) -> FirstLetter:
        (tmp_path / "spell_1.md").write_text(text)

        class Told(FirstLetter, role="writer", version=1, prompt="spell_1"):
            """With a prompt."""

            __orig_bases__ = (Ask[ToyVideo, ToyWord],)

        return Told()

    assert stage("Spell.").prompt == "Spell."
    assert stage("Spell.").fingerprint() == stage("Spell.").fingerprint() != stage("Spell!").fingerprint()


def recipe() -> Rows[ToyWord]:
    return given(ToyVideo).then(FirstLetter())


def test_the_models_are_in_the_fingerprint_of_what_they_made_and_nowhere_else() -> None:
    one, other = (cast_models(recipe(), {"writer": (name,), "x": ("y@1",)}) for name in ("a@1", "a@2"))
    assert one.fingerprint == cast_models(recipe(), {"writer": ("a@1",)}).fingerprint != other.fingerprint
    assert [a.fingerprint == b.fingerprint for a, b in zip(one.walk(), other.walk(), strict=True)] == [True, False]
    plain = given(ToyRank).then(Mark())
    assert cast_models(plain, {}).fingerprint == plain.fingerprint
    assert cast_models(given(ToyVideo).then(Spell()), {}).table == "toy_words"


def test_a_role_that_nobody_fills_is_told_with_the_remedy() -> None:
    with pytest.raises(BadInput, match=r"FirstLetter asks for the role 'writer'.*\[roles\].*writer = "):
        cast_models(recipe(), {"judge": ("a@1",)})


def test_an_optional_stage_whose_role_nobody_fills_leaves_its_table_empty_and_says_so() -> None:
    maybe = given(ToyVideo).then(FirstLetter(), optional=True)
    assert (
        cast_models(maybe, {"writer": ("a@1",)}).fingerprint == cast_models(recipe(), {"writer": ("a@1",)}).fingerprint
    )
    without = cast_models(maybe, {})
    assert (without.stage, without.table) == (None, "toy_words")
    assert "left out: no model fills the role 'writer' of FirstLetter" in str(without)
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {typed(ToyWord)} FROM ({without.sql})").fetchall() == []


def test_the_roles_of_a_recipe_are_known_with_who_asks() -> None:
    assert roles_of(recipe()) == {"writer": ("FirstLetter",)}
