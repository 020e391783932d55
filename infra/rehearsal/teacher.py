"""The simulated teacher: an OpenAI-compatible server's routes, its limits and its log, without a socket."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.rehearsal import asked as asking
from infra.rehearsal import listen
from infra.rehearsal.batches import Answered, Batches, NotGiven
from infra.rehearsal.calls import Entry, Log
from infra.rehearsal.chats import Answerer, Chats, Outcome, named_answerers
from infra.rehearsal.embed import embedded, texts_of, written
from infra.rehearsal.faults import error
from infra.rehearsal.limits import Limits, Waits
from infra.rehearsal.mind import Mind
from infra.rehearsal.reply import tokens_of
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import Truth, load
from infra.rehearsal.wire import Call, Sent

NAMELESS = "teacher"
UNKNOWN = {"model": "", "key": "", "form": "", "asked": "", "attempt": 0, "sample": 0, "pictures": 0, "tokens_in": 0}
CHAT, EMBED, LISTEN = "/v1/chat/completions", "/v1/embeddings", "/v1/audio/transcriptions"


class Teacher:
    """Answers calls as the settings say. ``clock`` gives seconds and never runs backwards; ``now`` seconds since 1970.

    ``answerers`` and ``truth`` come before what the settings name.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        answerers: Mapping[str, Answerer] | None = None,
        truth: Truth | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        known = truth or (load(Path(settings.truth)) if settings.truth else Truth())
        self.settings, self.log, self._known = settings, Log(), known
        self._clock, self._began = clock, clock()
        found = dict(named_answerers(settings.answerers)) | dict(answerers or {})
        self._chats = Chats(settings, Mind(settings, known), found, now)
        self._batches = Batches(self._in_batch, settings.batch_s, clock, settings.batch_faults, settings.seed)
        self._limits: dict[str, Limits] = {}
        self._waits: dict[str, Waits] = {}
        self._now = now

    async def handle(self, call: Call) -> Sent:
        """The response to a call."""
        if call.path.startswith("/rehearsal/"):
            return self._watched(call)
        key = self.settings.key
        if key and (given := call.headers.get("authorization", "")) != f"Bearer {key}":
            # Servers repeat what they were given, so this one does: nobody may write it down.
            return error(401, "invalid_api_key", f"Incorrect API key provided: {given.removeprefix('Bearer ')}")
        if call.path in (CHAT, EMBED, LISTEN) and call.method == "POST":
            return await self._counted(call)
        if call.path.startswith(("/v1/files", "/v1/batches")):
            return self._batches.handle(call)
        if call.path.startswith("/v1/models") and call.method == "GET":
            return self._models(call.path.removeprefix("/v1/models").strip("/"))
        return error(404, "not_found", f"There is no {call.method} {call.path} here.")

    async def _counted(self, call: Call) -> Sent:
        number, at = self.log.arrive(), self._clock()
        entry: dict[str, Any] = {"number": number, "at_s": at - self._began, "path": call.path}
        entry["in_flight"] = self.log.in_flight
        is_gone = False
        try:
            outcome = self._outcome(call, number, at, entry)
            entry |= {"fault": outcome.fault, "planted": outcome.planted, "tokens_out": outcome.tokens_out}
            entry["status"] = outcome.sent.status
            waits = self._waits.setdefault(entry["model"], Waits())
            entry["is_early"] = waits.is_early(at)
            if outcome.wait_s:
                await asyncio.sleep(at + outcome.wait_s - self._clock())
            waits.asked(self._clock(), outcome.sent.headers, self._now())
            return outcome.sent
        except asyncio.CancelledError:
            is_gone = True
            raise
        finally:
            self.log.leave()
            self.log.note(Entry(**{**entry, "seconds": self._clock() - at, "is_gone": is_gone}))

    def _outcome(self, call: Call, number: int, at: float | None, entry: dict[str, Any]) -> Outcome:
        """What comes of a call to a model; ``entry`` gets what the log says of it. Without ``at``, no limits."""
        entry |= UNKNOWN
        if call.path == EMBED:
            return self._embedded(call.body, at, entry)
        if call.path == LISTEN:
            return self._listened(call, at, entry)
        try:
            asked = asking.asked(call.body, self.log.attempt)
        except asking.NotAsked as wrong:
            return Outcome(error(400, "invalid_request", str(wrong)))
        entry |= {"model": asked.model, "key": asked.key, "attempt": asked.attempt, "sample": asked.sample}
        entry |= {"form": asked.form, "asked": asked.prompt[: self.settings.log_chars], "pictures": len(asked.pictures)}
        if too_soon := self._limited(asked.model, asked.tokens_in, at, entry):
            return too_soon
        entry["tokens_in"] = asked.tokens_in
        outcome = self._chats.outcome(asked, number)
        if at is not None:
            self._limits[asked.model].spend(at, outcome.tokens_out)
        return outcome

    def _limited(self, model: str, tokens: int, at: float | None, entry: dict[str, Any]) -> Outcome | None:
        settings = self.settings
        if at is None:
            return None
        if model not in self._limits:
            self._limits[model] = Limits(settings.requests_per_minute, settings.tokens_per_minute, settings.window_s)
        wait = self._limits[model].admit(at, tokens)
        if not wait:
            return None
        entry["is_violation"] = True
        headers = {"retry-after": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))}
        return Outcome(error(429, "rate_limit_exceeded", "Rate limit reached.", headers))

    def _embedded(self, body: bytes, at: float | None, entry: dict[str, Any]) -> Outcome:
        try:
            wanted = json.loads(body)
            model, texts = str(wanted["model"]), texts_of(wanted["input"])
        except (ValueError, KeyError, TypeError):
            wanted, model, texts = {}, "", None
        if texts is None:
            return Outcome(error(400, "invalid_request", "give a model and an input: a text or a list of texts"))
        tokens = sum(map(tokens_of, texts))
        entry |= {"model": model, "key": asking.key_of(body), "tokens_in": tokens}
        entry |= {"asked": texts[0][: self.settings.log_chars]}
        entry["attempt"] = self.log.attempt(entry["key"])
        if too_soon := self._limited(model, tokens, at, entry):
            return too_soon
        form, settings = str(wanted.get("encoding_format", "float")), self.settings
        vectors = [written(embedded(text, settings.seed, settings.dimensions), form) for text in texts]
        rows = [{"object": "embedding", "index": number, "embedding": vector} for number, vector in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        told = {"object": "list", "data": rows, "model": model, "usage": usage}
        return Outcome(Sent(body=json.dumps(told).encode()), settings.latency_s)

    def _listened(self, call: Call, at: float | None, entry: dict[str, Any]) -> Outcome:
        """What is said in the sound; with those faults that an answer without choices can have."""
        try:
            asked = listen.heard(call.headers.get("content-type", ""), call.body)
        except NotGiven as wrong:
            return Outcome(error(400, "invalid_request", str(wrong)))
        key = asking.key_of(call.body)
        entry |= {"model": asked.model, "key": key, "attempt": self.log.attempt(key)}
        entry |= {"asked": f"{asked.video_id} {asked.start_us} {asked.end_us}"}
        if too_soon := self._limited(asked.model, 0, at, entry):
            return too_soon
        return self._chats.around(asked.told(self._known), key, entry["attempt"])

    def _in_batch(self, endpoint: str, body: bytes) -> Answered:
        """Status and body of a request in a batch: without latency and limits, and a broken line is a 500."""
        entry: dict[str, Any] = {
            "number": self.log.arrive(),
            "at_s": self._clock() - self._began,
            "path": "/v1/batches",
        }
        self.log.leave()
        outcome = self._outcome(Call("POST", endpoint, "", {}, body), entry["number"], None, entry)
        is_whole = outcome.sent.way == "whole"
        entry |= {"fault": outcome.fault, "planted": outcome.planted, "tokens_out": outcome.tokens_out}
        entry |= {"status": outcome.sent.status if is_whole else 500, "seconds": 0.0, "in_flight": 0}
        self.log.note(Entry(**entry))
        try:
            told = json.loads(outcome.sent.body) if is_whole else None
        except ValueError:
            told = None
        if not isinstance(told, dict):
            return 500, {"error": {"message": "The server had an error.", "code": "server_error"}}
        return entry["status"], told

    def _models(self, name: str) -> Sent:
        known = list(self.settings.models) or [NAMELESS]
        if name and self.settings.models and name not in known:
            return error(404, "model_not_found", f"The model {name!r} does not exist.")
        told = [
            {"id": one, "object": "model", "created": 0, "owned_by": "rehearsal"} for one in ([name] if name else known)
        ]
        return Sent(body=json.dumps(told[0] if name else {"object": "list", "data": told}).encode())

    def _watched(self, call: Call) -> Sent:
        """What tests read: ``/rehearsal/stats``, ``/rehearsal/log?from=N``; POST ``/rehearsal/reset``."""
        what = call.path.removeprefix("/rehearsal/")
        if what == "reset" and call.method == "POST":
            self.log.clear()
            self._limits.clear()
            self._waits.clear()
        if what == "log":
            number = call.query.removeprefix("from=")
            return Sent(body=json.dumps(self.log.since(int(number) if number.isdigit() else 0)).encode())
        if what in ("stats", "reset"):
            return Sent(body=json.dumps(self.log.stats()).encode())
        return error(404, "not_found", f"There is no {call.path} here.")
