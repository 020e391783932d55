"""Models that run in this process: form-valid answers out of random weights, kept, in any batching the same."""

import importlib
import io
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pytest
from PIL import Image

import stages
from infra.models.choose import Grammars
from infra.models.generate import Generator, Load, Said
from infra.models.room import Room
from infra.profile_models import Budget, Cast, ModelPart
from schemas.chat import Answer, Form, Picture, Request
from schemas.errors import BadInput, BudgetSpent, ModelDrift
from schemas.units import BlobId
from tests.infra.models import tiny
from tests.infra.models.asking import ask, lost, one, reply, room
from tests.infra.models.tiny import held

pytestmark = [pytest.mark.slow, pytest.mark.torch]
ROOT = Path(__file__).resolve().parents[3]


class Told(Form):
    """A short form, which even random weights come to the end of."""

    question: Annotated[str, pydantic.Field(min_length=3, max_length=12)]
    options: Annotated[list[Annotated[str, pydantic.Field(max_length=6)]], pydantic.Field(min_length=2, max_length=4)]
    letter: Literal["A", "B", "C"]
    count: Annotated[int, pydantic.Field(ge=0, le=100)]


@pytest.fixture(scope="session")
def seers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("seers")
    return {"llava": tiny.seer(folder / "llava"), "qwen": tiny.newer_seer(folder / "qwen")}


def asked(count: int, form: type[Form] | None = Told, **facts: Any) -> list[Request]:
    """Requests of different lengths."""
    settings = {"max_tokens": 200, "temperature": 1.0} | facts
    return [Request("be brief", ("tell me " * (n % 5) + f"number {n}",), form, **settings) for n in range(count)]


def jpeg(blob: BlobId) -> bytes:
    """A picture of one colour, of different sizes."""
    number = int(blob)
    stored = io.BytesIO()
    Image.new("RGB", (40 + 16 * number, 64), (number * 20, 255 - number * 20, 99)).save(stored, "JPEG")
    return stored.getvalue()


def seen(folder: Path, model: ModelPart, requests: Sequence[Request]) -> list[Answer]:
    """The answers of a new worker that has pictures."""
    cast = Cast(models={"eye": model}, roles={"captioner": ("eye",)})
    with closing(Room(cast, folder / "replies", folder / "log", jpeg)) as place:
        return list(place.chat("captioner")(requests))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests each batch held that was generated."""
    sizes: list[int] = []
    real = Generator.say

    def say(self: Generator, load: Load, stopped: Any) -> list[Said]:
        sizes.append(len(load.drafts))
        return real(self, load, stopped)

    monkeypatch.setattr(Generator, "say", say)
    return sizes


def test_random_weights_fill_in_a_form(writer: Path, tmp_path: Path, said: list[int]) -> None:
    answers = [reply(one) for one in ask(tmp_path, held(writer, usd_per_million_out=1.0), asked(9))]
    assert [one.repairs for one in answers] == [0] * 9
    assert len({one.text for one in answers}) == 9
    assert all(one.filled(Told).letter in "ABC" for one in answers)
    assert all(20 < one.tokens_in < 2000 and 10 < one.tokens_out <= 200 for one in answers)
    assert all(one.cost_usd == pytest.approx(one.tokens_out / 1e6) for one in answers)
    assert said == [4, 4, 1]


def test_an_answer_without_a_form_is_plain_text(writer: Path, tmp_path: Path) -> None:
    answer = lost(one(tmp_path, held(writer), asked(1, None, max_tokens=6)[0]))  # random weights hardly ever end
    assert (answer.reason, answer.detail) == ("cut_off", "cut off at 24 tokens, finish_reason length")
    assert answer.raw


@pytest.mark.parametrize("heat", [0.0, 1.0])
def test_a_request_gets_the_same_reply_in_any_batch(writer: Path, tmp_path: Path, heat: float) -> None:
    requests = [*asked(7, temperature=heat, max_tokens=30), *asked(3, None, temperature=heat, max_tokens=9)]
    told = [
        [vars(one) for one in ask(tmp_path / str(batch), held(writer, batch=batch), order)]
        for batch, order in ((1, requests), (3, requests), (8, requests[::-1]))
    ]
    assert told[0] == told[1] == told[2][::-1]


def test_chance_is_the_requests_own(writer: Path, tmp_path: Path) -> None:
    (first,), (cool,) = asked(1), asked(1, temperature=0.0)
    again = [Request(first.system, first.parts, Told, 200, 1.0, sample) for sample in range(4)]
    answers = ask(tmp_path, held(writer), [*again, cool])
    assert len({reply(one).text for one in answers}) == 5


def test_what_was_said_is_not_generated_again(writer: Path, tmp_path: Path, said: list[int]) -> None:
    before = ask(tmp_path, held(writer), asked(6))
    assert sum(said) == 6
    after = ask(tmp_path, held(writer, batch=2), asked(8))
    assert (after[:6], sum(said)) == (before, 8)


def test_a_process_that_is_killed_loses_no_reply(writer: Path, tmp_path: Path, said: list[int]) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.infra.models.test_here import ask, asked, held;"
        "ask(Path(sys.argv[1]), held(Path(sys.argv[2]), batch=2), asked(24))"
    )
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    worker = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(writer)], cwd=ROOT, env=alone)
    until, tick = time.monotonic() + 300, threading.Event()
    while len(lines(tmp_path)) < 4 and time.monotonic() < until and worker.poll() is None:
        tick.wait(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    kept = len(lines(tmp_path))
    assert 4 <= kept < 24
    answers = ask(tmp_path, held(writer), asked(24))
    assert sum(said) == 24 - kept
    assert len([reply(one) for one in answers]) == 24


def lines(folder: Path) -> list[bytes]:
    """The whole lines of the call log."""
    found = [path.read_bytes() for path in (folder / "replies").rglob("*.jsonl")]
    return [line for text in found for line in text.split(b"\n")[:-1]]


@pytest.mark.parametrize("make", ["llava", "qwen"])
def test_pictures_of_any_size_are_seen(seers: dict[str, Path], tmp_path: Path, make: str) -> None:
    pictures = [tuple(Picture(BlobId(str(n + k))) for k in range(1 + n % 3)) for n in range(5)]
    requests = [Request("look", ("what", *some, "is it?"), Told, 200, 1.0) for some in pictures]
    mixed = [*requests, *asked(3), Request("look", (pictures[1][1], "what", pictures[1][0], "is it?"), Told, 200, 1.0)]
    answers = [reply(one) for one in seen(tmp_path / "3", held(seers[make], batch=3), mixed)]
    assert all(one.filled(Told) for one in answers)
    assert [one.tokens_in for one in answers] == [
        one.tokens_in for one in map(reply, seen(tmp_path / "1", held(seers[make], batch=1), mixed))
    ]
    assert answers[0].tokens_in < answers[1].tokens_in < answers[2].tokens_in


def test_what_is_seen_decides_what_is_said(seers: dict[str, Path], tmp_path: Path) -> None:
    """Greedily, one picture apart: so the pixels do reach the model, and each those of its own row."""
    requests = [Request("look", (Picture(BlobId(str(n))), "?"), None, 12) for n in (0, 9, 0)]
    texts = [lost(answer).raw for answer in seen(tmp_path, held(seers["llava"]), requests)]
    assert texts[0] == texts[2] != texts[1]


def test_a_model_that_reads_only_text_is_shown_no_pictures(writer: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="tiny@1 sees no pictures; give the role a vision-language model"):
        seen(tmp_path, held(writer), [Request("look", (Picture(BlobId("1")),), Told)])


def test_a_prompt_that_leaves_no_room_is_lost_and_its_neighbours_are_not(writer: Path, tmp_path: Path) -> None:
    long = Request("be brief", ("tell me " * 3000,), Told, 200, 1.0)
    first, missed, last = ask(tmp_path, held(writer), [asked(1)[0], long, asked(2)[1]])
    assert (lost(missed).reason, "the model takes 2048 in all" in lost(missed).detail) == ("bad_reply", True)
    assert reply(first).text != reply(last).text


def test_a_budget_of_tokens_holds(writer: Path, tmp_path: Path) -> None:
    with (
        closing(room(tmp_path, held(writer, batch=1), Budget(tokens=6000))) as place,
        pytest.raises(BudgetSpent, match="6,000 tokens"),
    ):
        list(place.chat("writer")(asked(60)))
    assert 3 < len(lines(tmp_path)) < 60


def test_a_batch_too_large_for_the_memory_is_made_smaller(
    writer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = Generator.say, list[int]()

    def say(self: Generator, load: Load, stopped: Any) -> list[Said]:
        sizes.append(len(load.drafts))
        if len(load.drafts) > 2:
            raise MemoryError("out of memory")
        return real(self, load, stopped)

    monkeypatch.setattr(Generator, "say", say)
    assert len([reply(one) for one in ask(tmp_path, held(writer, batch=8), asked(20))]) == 20
    assert sizes[:3] == [8, 4, 2]
    assert sum(size for size in sizes if size <= 2) == 20


def test_other_weights_under_the_same_identity_end_the_run(writer: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(writer, tmp_path / "model")
    ask(tmp_path, held(folder), asked(1))
    tiny.writer(folder, intermediate_size=72)
    with pytest.raises(ModelDrift, match="give the model a new revision"):
        ask(tmp_path, held(folder), asked(2))
    assert len(ask(tmp_path, held(folder, revision="2"), asked(1))) == 1


def test_a_template_without_a_system_gets_its_words_with_the_question(writer: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(writer, tmp_path / "model")
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + tiny.TEMPLATE
    (folder / "chat_template.jinja").write_text(strict)
    with_system, without = (reply(one(tmp_path / where.name, held(where), asked(1)[0])) for where in (writer, folder))
    assert 0 < with_system.tokens_in - without.tokens_in < 20


def test_every_form_of_every_stage_can_be_held_to() -> None:
    for module in pkgutil.iter_modules(stages.__path__):
        importlib.import_module(f"stages.{module.name}")
    words = tiny.tokenizer()
    grammars = Grammars(words, len(words), [2])
    forms = [form for form in every(Form) if form.__module__.startswith("stages.")]
    assert len(forms) > 10
    assert [form.__name__ for form in forms if grammars.matcher(form).is_error()] == []


def every(kind: type[Form]) -> Iterator[type[Form]]:
    for form in kind.__subclasses__():
        yield form
        yield from every(form)


def test_logits_beyond_the_tokenizer_are_never_chosen(tmp_path: Path) -> None:
    padded = tiny.writer(tmp_path / "model", vocab_size=512)
    assert reply(one(tmp_path, held(padded), asked(1)[0])).filled(Told).count <= 100
    greedy = lost(one(tmp_path, held(padded), asked(1, None, max_tokens=8)[0]))
    assert greedy.reason == "cut_off"
