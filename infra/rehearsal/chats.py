"""One chat completion: what the teacher would say, and what becomes of it on its way."""

import dataclasses
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.rehearsal import answers, faults
from infra.rehearsal.asked import Asked
from infra.rehearsal.chance import dice, drawn
from infra.rehearsal.defects import plant
from infra.rehearsal.mind import Mind
from infra.rehearsal.reply import Reply, tokens_of
from infra.rehearsal.settings import Settings, latency
from infra.rehearsal.spoils import SPOILS
from infra.rehearsal.wire import Sent
from schemas.errors import BadInput

CHARACTERS_PER_TOKEN = 4
FORMATS = {"schema": ("json_schema", "json_object", "text"), "json": ("json_object", "text"), "text": ("text",)}

Answerer = Callable[[Asked, Mind], "dict[str, Any] | str"]
"""Answers a request: a value for its form, or plain text. Registered by the form's name."""


@dataclass(frozen=True)
class Outcome:
    """What is sent, after how long, and what the log says of it."""

    sent: Sent
    wait_s: float = 0.0
    fault: str = ""
    planted: tuple[dict[str, Any], ...] = ()
    tokens_out: int = 0


@dataclass
class Chats:
    """Answers chat completions as the settings say. The same request and attempt get the same outcome."""

    settings: Settings
    mind: Mind
    answerers: Mapping[str, Answerer]
    clock: Callable[[], float]
    _forms: dict[str, str] = field(default_factory=dict)

    def outcome(self, asked: Asked, number: int) -> Outcome:
        """What comes of the request."""
        wrong = self._refused(asked)
        if wrong:
            return Outcome(wrong)
        fault = self._fault(asked.key, asked.attempt)
        if fault in faults.REFUSALS:
            return Outcome(faults.refused(fault, self.settings, self.clock()), fault=fault)
        reply = self._reply(asked)
        if fault in SPOILS:
            before = _seen(reply)
            SPOILS[fault](reply, dice(self.settings.seed, "spoil", asked.key, asked.attempt))
            fault = fault if _seen(reply) != before else ""
        sent, fault = self._sent(asked, reply, fault, number)
        wait = latency(self.settings, asked.key, asked.attempt)
        return Outcome(sent, wait, fault, tuple(reply.planted), reply.tokens_out)

    def around(self, body: dict[str, Any], key: str, attempt: int) -> Outcome:
        """What comes of a request that is no chat, and would be answered so: the faults that it can have."""
        settings = self.settings
        fault = self._fault(key, attempt)
        if fault in faults.REFUSALS:
            return Outcome(faults.refused(fault, settings, self.clock()), fault=fault)
        if fault not in faults.WAYS and fault not in faults.WHOLE:
            fault = ""
        sent = faults.ENVELOPES[fault](body) if fault in faults.WHOLE else Sent(body=json.dumps(body).encode())
        way = faults.WAYS.get(fault)
        sent = dataclasses.replace(sent, way=way) if way else sent
        return Outcome(sent, latency(settings, key, attempt), fault)

    def _refused(self, asked: Asked) -> Sent | None:
        known = self.settings.models
        if known and asked.model not in known:
            return faults.error(404, "model_not_found", f"The model {asked.model!r} does not exist.")
        if asked.wants not in FORMATS[self.settings.structured]:
            self._forms[json.dumps(asked.schema, sort_keys=True)] = asked.form
            return faults.error(
                400, "unsupported_response_format", f"response_format {asked.wants!r} is not supported."
            )
        return None

    def _fault(self, key: str, attempt: int) -> str:
        settings = self.settings
        if not settings.faults or 0 < settings.fault_attempts <= attempt:
            return ""
        return drawn(settings.faults, settings.seed, "fault", key, attempt) or ""

    def _reply(self, asked: Asked) -> Reply:
        answerer = self.answerers.get(asked.form or self._forms.get(json.dumps(asked.schema, sort_keys=True), ""))
        value = answerer(asked, self.mind) if answerer else answers.answer(asked, self.mind, asked.schema)
        if isinstance(value, str) and asked.wants == "json_object":
            value = {"answer": value}
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        reply = Reply(asked.model, value, text, tokens_in=asked.tokens_in, prompt=asked.prompt)
        if self.settings.defects:
            plant(reply, asked, self.mind)
        most = CHARACTERS_PER_TOKEN * asked.max_tokens
        if most and reply.text and len(reply.text) > most:
            reply.text, reply.finish = reply.text[:most], "length"
        reply.tokens_out = tokens_of(reply.text or reply.refusal or "")
        return reply

    def _sent(self, asked: Asked, reply: Reply, fault: str, number: int) -> tuple[Sent, str]:
        """The response, and the fault if it applies."""
        if asked.body.get("stream"):
            is_cut = fault == "sse_cut"
            sent = Sent(body=reply.events(number, is_cut=is_cut), kind="text/event-stream")
            fault = "" if fault in faults.ENVELOPES else fault
        else:
            body = reply.envelope(number)
            sent = faults.ENVELOPES[fault](body) if fault in faults.ENVELOPES else Sent(body=json.dumps(body).encode())
            fault = "" if fault == "sse_cut" else fault
        way = faults.WAYS.get(fault)
        return (dataclasses.replace(sent, way=way) if way else sent), fault


def named_answerers(where: str) -> Mapping[str, Answerer]:
    """The mapping of that name, ``module:NAME``; none for an empty one. Raises BadInput when there is none."""
    if not where:
        return {}
    module, _, name = where.partition(":")
    try:
        found: Mapping[str, Answerer] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as wrong:
        raise BadInput(f"no answerers at {where!r}: {wrong}; give them as module:NAME") from None
    return found


def _seen(reply: Reply) -> tuple[object, ...]:
    return (reply.text, reply.finish, reply.refusal, reply.model, reply.fingerprint, reply.copies, reply.usage_times)
