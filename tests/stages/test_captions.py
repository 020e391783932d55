"""Pictures become captions, captions vectors, and those that say nothing new are found."""

import numpy as np
import pytest

from schemas.chat import Picture
from schemas.errors import Unsupported
from schemas.rejects import Reject
from schemas.text import Caption, Embedding, Repeat, Sight
from schemas.units import BlobId
from stages.caption import CaptionFrame, FrameCaption
from stages.embed import EmbedCaptions, FindRepeats
from stages.hashed_embedding import WIDTH, HashedNgrams, embedded
from tests.builders import FakeChat, FakeEnv, row

SIGHT = row(Sight, video_id="v1", frame_id="v1/7", start_us=1_000_000, end_us=2_000_000, at_us=1_500_000)


def test_a_picture_becomes_a_caption_of_its_moment() -> None:
    chat = FakeChat(lambda _: FrameCaption(caption=" A woman  drops a red cup.\n"), model="eye@1")
    stage = CaptionFrame()
    made = list(stage.run([SIGHT], stage.open(FakeEnv(models={"captioner": chat}))))
    assert [type(one) for one in made] == [Caption]
    caption = made[0]
    assert isinstance(caption, Caption)
    assert (caption.caption_id, caption.text, caption.by) == ("v1/7", "A woman drops a red cup.", "eye@1")
    assert (caption.start_us, caption.end_us, caption.at_us) == (1_000_000, 2_000_000, 1_500_000)
    (asked,) = chat.asked
    assert asked.parts == ('{"video_id": "v1", "start_us": 1000000, "end_us": 2000000}', Picture(SIGHT.blob))


def test_a_caption_without_a_word_is_rejected() -> None:
    made = list(CaptionFrame().run([SIGHT], (FakeChat(lambda _: FrameCaption(caption=" \n ")),)))
    assert [one.reason for one in made if isinstance(one, Reject)] == ["bad_answer"]


def test_texts_that_share_words_are_more_alike_than_others_whatever_the_order() -> None:
    texts = ["A red boat sails to the right.", "The red boat is sailing to the right", "Two dogs bark at a postman."]
    one, like, other = embedded(texts)
    assert one @ like > 0.5
    assert one @ other < 0.2
    assert np.allclose(np.linalg.norm(embedded(texts), axis=1), 1)
    assert np.array_equal(embedded(texts[:1])[0], one)
    assert embedded([]).shape == (0, WIDTH)


@pytest.mark.parametrize("text", ["", "…", "the of and", "狗", "a" * 20_000, "\ud800"])
def test_any_text_gets_a_vector_of_length_one(text: str) -> None:
    (vector,) = embedded([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_default_embedder_says_that_it_sees_no_pictures() -> None:
    with pytest.raises(Unsupported, match="hashed-ngrams@1 cannot see 1 pictures"):
        HashedNgrams().pictures([BlobId("x.jpg")])


def test_every_caption_becomes_a_vector_that_says_whose_it_is() -> None:
    captions = [row(Caption, number, text=f"caption {number}") for number in range(3)]
    stage = EmbedCaptions()
    made = list(stage.run(captions, stage.open(FakeEnv(embedders={"embedder": HashedNgrams()}))))
    assert [one.caption_id for one in made if isinstance(one, Embedding)] == [one.caption_id for one in captions]
    assert {one.by for one in made if isinstance(one, Embedding)} == {"hashed-ngrams@1"}
    assert stage.roles == ("embedder",)


def vectors(*degrees: float, video: str = "v") -> list[Embedding]:
    """Captions of one video whose vectors point there."""
    turned = [np.array([np.cos(np.radians(one)), np.sin(np.radians(one))], np.float32) for one in degrees]
    return [
        row(Embedding, number, caption_id=f"{video}{number}", video_id=video, start_us=number, vector=vector)
        for number, vector in enumerate(turned)
    ]


def found(rows: list[Embedding], tau: float = 0.9) -> list[str | None]:
    return [one.repeats for one in FindRepeats(tau=tau).run(rows, None)]


def test_the_later_of_two_like_captions_goes_and_the_earlier_stands_for_it() -> None:
    assert found(vectors(0, 5, 90, 92)) == [None, "v0", None, "v2"]


def test_a_caption_is_held_against_the_last_kept_one_so_a_slow_change_is_kept_in_the_end() -> None:
    assert found(vectors(0, 15, 30, 45)) == [None, "v0", None, "v2"]


def test_what_comes_back_later_is_no_repeat() -> None:
    assert found(vectors(0, 90, 0)) == [None, None, None]


def test_order_of_time_counts_and_films_do_not_mix() -> None:
    rows = [*reversed(vectors(0, 5, 90)), *vectors(0, video="w")]
    repeats: dict[str, Repeat] = {one.caption_id: one for one in FindRepeats(tau=0.9).run(rows, None)}
    assert {name: one.repeats for name, one in repeats.items()} == {"v0": None, "v1": "v0", "v2": None, "w0": None}
    assert repeats["v0"].likeness is None
    assert repeats["v1"].likeness == pytest.approx(np.cos(np.radians(5)), abs=1e-5)
