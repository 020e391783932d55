"""What the watching child says is believed only as far as its lengths allow."""

import io
from typing import cast

import numpy as np
import pytest

from stages.sandbox import Child
from stages.watch import Stretch, hear
from stages.watch_messages import COLUMNS, FRAME_BYTES, HEAD, STRETCH, End, end_message, read_end, stretch_message

END = End(why="", detail="", width_px=64, height_px=36, frames=3, first=0, kept=3, end_us=120_000, lost=0, errors=0)


class Said:
    """A child that has said these bytes and ended."""

    def __init__(self, *messages: bytes) -> None:
        self.stdout = io.BytesIO(b"".join(messages))
        self.was_stopped = False

    def read(self, n_bytes: int) -> bytes | None:
        block = self.stdout.read(n_bytes)
        return block if len(block) == n_bytes else None

    def stop(self) -> None:
        self.was_stopped = True


def heard(said: Said) -> tuple[End | None, list[Stretch]]:
    stretches: list[Stretch] = []
    return hear(cast(Child, said), stretches), stretches


def columns(n: int) -> Stretch:
    rng = np.random.default_rng(n)
    return {
        name: rng.integers(0, 250, (n, width) if width > 1 else n).astype(kind)
        for name, (kind, width) in COLUMNS.items()
    }


def test_stretches_and_the_end_come_as_they_were_sent() -> None:
    sent = columns(3)
    end, (stretch,) = heard(Said(stretch_message(sent), end_message(END)))
    assert end == END
    for name, values in sent.items():
        np.testing.assert_array_equal(stretch[name], values)


def test_a_child_that_ends_early_has_no_end_and_is_left_to_tell_how_it_died() -> None:
    said = Said(stretch_message(columns(3)))
    assert heard(said)[0] is None
    assert not said.was_stopped


@pytest.mark.parametrize(
    "nonsense",
    [
        HEAD.pack(b"S", FRAME_BYTES + 1) + bytes(FRAME_BYTES + 1),
        HEAD.pack(b"S", FRAME_BYTES * (STRETCH + 1)),
        HEAD.pack(b"S", 0),
        HEAD.pack(b"?", 5) + b"hello",
        HEAD.pack(b"E", 1 << 20),
        HEAD.pack(b"E", 2) + b"[]",
        HEAD.pack(b"E", 2) + b"{}",
    ],
)
def test_a_child_that_talks_nonsense_is_stopped(nonsense: bytes) -> None:
    said = Said(nonsense)
    assert heard(said)[0] is None
    assert said.was_stopped


def test_an_end_with_impossible_numbers_is_none() -> None:
    with pytest.raises(ValueError, match="out of range"):
        read_end(
            b'{"why":"","detail":"","width_px":-1,"height_px":1,"frames":1,"first":0,"kept":1,"end_us":1,"lost":0,"errors":0}'
        )
