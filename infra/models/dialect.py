"""How one endpoint wants to be spoken to: what it lacks is found out once, and said once."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from infra.models.judge import Next, told_back
from schemas.chat import Form, Picture, Request
from schemas.units import BlobId

FORMATS = ("json_schema", "json_object", "plain")
# So many answers in a row that are no JSON of the schema: the server ignores what it is asked for.
IGNORED = 3
ABOUT_FORMAT = (
    "response_format",
    "json_schema",
    "json_object",
    "json mode",
    "structured",
    "schema",
    "guided",
    "grammar",
)
OPTIONAL = ("temperature", "seed")


@dataclass
class Dialect:
    """What an endpoint is asked with. ``note`` is told each finding."""

    note: Callable[[str], None]
    format: int = 0
    is_format_proved: bool = False
    max_key: str = "max_tokens"
    dropped: set[str] = field(default_factory=set)
    _ignored: int = 0
    _guess: tuple[Request, int] | None = None

    @property
    def manner(self) -> tuple[object, ...]:
        """All that has been learnt so far: what was made ready under another one is made anew."""
        return self.format, self.max_key, len(self.dropped)

    def body(self, model: str, request: Request, step: Next, get: Callable[[BlobId], bytes]) -> bytes:
        """The JSON of one chat completion. Pictures go as data, so that no server fetches anything."""
        messages = [*self._opening(request, get), *_repair(step, request.form)]
        asked: dict[str, Any] = {"model": model, "messages": messages, self.max_key: step.max_tokens}
        optional = {"temperature": request.temperature, "seed": request.sample}
        asked |= {name: value for name, value in optional.items() if name not in self.dropped}
        if request.form and FORMATS[self.format] != "plain":
            asked["response_format"] = _format(request.form, FORMATS[self.format])
        return json.dumps(asked).encode()

    def learn(self, asked_as: int, said: str, request: Request) -> bool:
        """Takes in why a request was refused with status 400; whether it should be asked again, another way."""
        text = said.lower()
        if "max_completion_tokens" in text and self.max_key == "max_tokens":
            self.max_key = "max_completion_tokens"
            self.note("it wants max_completion_tokens instead of max_tokens")
            return True
        for name in OPTIONAL:
            if f"'{name}'" in text or f'"{name}"' in text:
                if name not in self.dropped:
                    self.note(f"it takes no {name}")
                self.dropped.add(name)
                return True
        return request.form is not None and self._learn_format(asked_as, text, request)

    def answered(self, asked_as: int, *, fits: bool) -> None:
        """Takes in whether an answer to a form was what the format promises."""
        if asked_as != self.format or self.is_format_proved:
            return
        self.is_format_proved = fits
        self._ignored += not fits
        if self._ignored >= IGNORED and self.format == 0:
            self._fall("answers do not keep to it")

    def _learn_format(self, asked_as: int, text: str, request: Request) -> bool:
        """Whether the format may be why: a guess, where a server has not taken it yet, and says nothing of it."""
        if asked_as < self.format:
            return True
        is_guess = not any(word in text for word in ABOUT_FORMAT)
        if self.format == len(FORMATS) - 1 or (self.is_format_proved and is_guess):
            self._take_back(request)
            return False
        if is_guess:
            self._guess = request, self._guess[1] if self._guess else self.format
        self._fall("it refuses it")
        return True

    def _take_back(self, request: Request) -> None:
        """What is refused another way, too, was not refused for its format."""
        if self._guess and self._guess[0] is request:
            self.format, self._guess, self._ignored, self.is_format_proved = self._guess[1], None, 0, False
            self.note(f"{FORMATS[self.format]} again: it refused a request for something else")

    def _fall(self, why: str) -> None:
        self.note(f"no {FORMATS[self.format]} ({why}); from now on {FORMATS[self.format + 1]}, checked by us")
        self.format, self._ignored, self.is_format_proved = self.format + 1, 0, False

    def _opening(self, request: Request, get: Callable[[BlobId], bytes]) -> list[dict[str, Any]]:
        system = asked_in_words(request) if self.format else request.system
        said = [{"role": "system", "content": system}] if system else []
        return [*said, {"role": "user", "content": _content(request, get)}]


def asked_in_words(request: Request) -> str:
    """The instructions, with the form that is to be filled in told in words."""
    if request.form is None:
        return request.system
    ask = "Answer with one JSON object that fits this JSON schema, and nothing else:"
    return f"{request.system}\n\n{ask}\n{request.form.schema_text()}"


def _content(request: Request, get: Callable[[BlobId], bytes]) -> str | list[dict[str, Any]]:
    texts = [part for part in request.parts if isinstance(part, str)]
    if len(texts) == len(request.parts):
        return "\n\n".join(texts)
    return [
        {"type": "image_url", "image_url": {"url": _data_url(get(part.blob))}}
        if isinstance(part, Picture)
        else {"type": "text", "text": part}
        for part in request.parts
    ]


def _data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _repair(step: Next, form: type[Form] | None) -> list[dict[str, Any]]:
    if not step.told:
        return []
    said = step.said[:100_000] or "(nothing)"
    return [{"role": "assistant", "content": said}, {"role": "user", "content": told_back(step.told, form)}]


@cache
def _schema(form: type[Form]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(form.schema_text())
    return loaded


def _format(form: type[Form], name: str) -> dict[str, Any]:
    if name == "json_object":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": form.__name__, "strict": True, "schema": _schema(form)}}
