"""Models that run in this process: form-valid answers out of random weights, kept, in any batching the same."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pytest

from infra.profile_models import ModelPart
from schemas.chat import Form, Request
from tests.infra.models import tiny
from tests.infra.models.asking import ask, reply

pytestmark = pytest.mark.slow


class Told(Form):
    """A short form, which even random weights come to the end of."""

    question: Annotated[str, pydantic.Field(min_length=3, max_length=12)]
    options: Annotated[list[Annotated[str, pydantic.Field(max_length=6)]], pydantic.Field(min_length=2, max_length=4)]
    letter: Literal["A", "B", "C"]
    count: Annotated[int, pydantic.Field(ge=0, le=100)]


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.writer(tmp_path_factory.mktemp("writer"))


@pytest.fixture(scope="session")
def seer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.seer(tmp_path_factory.mktemp("seer"))


@pytest.fixture(scope="session")
def newer_seer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.newer_seer(tmp_path_factory.mktemp("newer"))


def held(folder: Path, **facts: Any) -> ModelPart:
    """A model of the profile whose weights lie in the folder."""
    return ModelPart(kind="transformers", name="tiny", revision="1", folder=str(folder), **({"batch": 4} | facts))


def asked(count: int, form: type[Form] | None = Told, **facts: Any) -> list[Request]:
    """Requests of different lengths."""
    settings = {"max_tokens": 200, "temperature": 1.0} | facts
    return [Request("be brief", ("tell me " * (n % 5) + f"number {n}",), form, **settings) for n in range(count)]


def test_random_weights_fill_in_a_form(writer: Path, tmp_path: Path) -> None:
    answers = [reply(one) for one in ask(tmp_path, held(writer), asked(9))]
    assert [one.repairs for one in answers] == [0] * 9
    assert len({one.text for one in answers}) == 9
    assert all(one.filled(Told).letter in "ABC" for one in answers)
    assert all(20 < one.tokens_in < 2000 and 10 < one.tokens_out <= 200 for one in answers)
