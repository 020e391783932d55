"""What passes between a stage and a model: a request, the form that it asks to be filled in, and what came back."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import pydantic

from schemas.errors import Reason, StageBroken
from schemas.units import BlobId

F = TypeVar("F", bound="Form")


class Form(pydantic.BaseModel):
    """What a model is asked to fill in: a frozen value, checked strictly, without fields that nobody asked for.

    A stage declares its form next to itself; the bounds of ``schemas.units`` hold as annotations. The docstring and
    ``Field(description=...)`` are part of what the model reads.
    """

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    @classmethod
    def schema_text(cls) -> str:
        """The JSON schema that is sent, as text: fields in the order in which they are declared, all required."""
        return _schema_text(cls)


@cache
def _schema_text(form: type[Form]) -> str:
    return json.dumps(_strict(form.model_json_schema()), ensure_ascii=False)


def _strict(node: Any, *, names: bool = False) -> Any:
    """The schema as strict decoders want it. ``names``: the keys are the user's own, not words of JSON schema."""
    if isinstance(node, list):
        return [_strict(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {name: _strict(inner) for name, inner in node.items()}
    kept = {
        word: inner if word in {"enum", "const"} else _strict(inner, names=word in {"properties", "$defs"})
        for word, inner in node.items()
        if word not in {"title", "default"}
    }
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept


@dataclass(frozen=True)
class Picture:
    """A picture in a request: the id of a blob that holds a JPEG."""

    blob: BlobId


@dataclass(frozen=True)
class Request:
    """One asking: instructions, then text and pictures in order, and the form that the answer shall fill in.

    Without a form the answer is plain text. ``sample`` numbers repeated askings of the same thing. Everything here
    is in the key of the reply.
    """

    system: str
    parts: tuple[str | Picture, ...]
    form: type[Form] | None = None
    max_tokens: int = 1024
    temperature: float = 0.0
    sample: int = 0

    def key(self, identity: str) -> str:
        """The sha256, in hexadecimal, of all that decides the reply: the model's identity and everything in here."""
        parts = [part if isinstance(part, str) else [part.blob] for part in self.parts]
        form = self.form.schema_text() if self.form else None
        settings = [self.max_tokens, self.temperature, self.sample]
        text = json.dumps([identity, self.system, parts, form, settings], ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Reply:
    """A usable answer. ``value`` is the filled form, where one was asked for.

    ``cost_usd`` is None where the profile has no prices. ``repairs`` counts how often the model had to be told what
    was wrong; tokens and cost are those of all tries. ``number`` says which of its row's requests this answers.
    """

    model: str
    text: str
    value: Form | None
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    repairs: int
    number: int = 0
    sample: int = 0

    def filled(self, form: type[F]) -> F:
        """The form that was asked for. Raises StageBroken when the request asked for another one."""
        if not isinstance(self.value, form):
            raise StageBroken(f"the reply holds {type(self.value).__name__}, not {form.__name__}; ask for it in render")
        return self.value


@dataclass(frozen=True)
class NoReply:
    """An answer that cannot be used, and why. ``raw`` is what the model said, as far as it said anything."""

    model: str
    reason: Reason
    detail: str
    raw: str
    number: int = 0
    sample: int = 0


Answer = Reply | NoReply
