"""Everything a server can do wrong, by name: whether it answers, on the wire, around the answer and within it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from infra.rehearsal.settings import Settings
from infra.rehearsal.spoils import SPOILS
from infra.rehearsal.wire import Sent, Way

LONG_WAIT_S = 300
LOGIN_PAGE = b"<!doctype html><html><title>Sign in</title><body><form>Please sign in to go on.</form></body></html>"


@dataclass(frozen=True)
class Refusal:
    """A status instead of an answer, with OpenAI's code for it; ``wait`` says how Retry-After is given."""

    status: int
    code: str
    message: str
    wait: str = ""


REFUSALS: dict[str, Refusal] = {
    "rate_limited": Refusal(429, "rate_limit_exceeded", "Rate limit reached."),
    "rate_limited_wait": Refusal(429, "rate_limit_exceeded", "Rate limit reached.", "seconds"),
    "rate_limited_date": Refusal(429, "rate_limit_exceeded", "Rate limit reached.", "date"),
    "rate_limited_long": Refusal(429, "rate_limit_exceeded", "Rate limit reached.", "long"),
    "quota": Refusal(429, "insufficient_quota", "You exceeded your current quota."),
    "server_error": Refusal(500, "server_error", "The server had an error."),
    "bad_gateway": Refusal(502, "bad_gateway", "Bad gateway."),
    "unavailable": Refusal(503, "overloaded", "The engine is overloaded."),
    "wrong_key": Refusal(401, "invalid_api_key", "Incorrect API key provided."),
    "forbidden": Refusal(403, "forbidden", "You are not allowed to sample from this model."),
    "no_model": Refusal(404, "model_not_found", "The model does not exist."),
}
WAYS: dict[str, Way] = {
    "reset": "reset",
    "silence": "silence",
    "slow_loris": "drip",
    "short_body": "short",
    "sse_forever": "comments",
}


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Sent:
    """An error as the OpenAI API tells it."""
    kind = "invalid_request_error" if status in (400, 401, 403, 404) else code
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Sent(status, json.dumps(body).encode(), headers=headers or {})


def refused(name: str, settings: Settings, now_s: float) -> Sent:
    """The response of a fault in ``REFUSALS``; ``now_s`` is the time since 1970, for a date in Retry-After."""
    told = REFUSALS[name]
    waits = {
        "": {},
        "seconds": {"retry-after": f"{settings.retry_after_s:g}"},
        "date": {"retry-after": formatdate(now_s + settings.retry_after_s + 1, usegmt=True)},
        "long": {"retry-after": str(LONG_WAIT_S)},
    }
    return error(told.status, told.code, told.message, waits[told.wait])


def _truncated(body: dict[str, Any]) -> Sent:
    whole = json.dumps(body).encode()
    return Sent(body=whole[: 2 * len(whole) // 3])


def _without(name: str) -> Callable[[dict[str, Any]], Sent]:
    return lambda body: Sent(body=json.dumps({key: value for key, value in body.items() if key != name}).encode())


def _error_in_200(_: dict[str, Any]) -> Sent:
    return Sent(body=error(500, "server_error", "Something went wrong.").body)


def _empty_choices(body: dict[str, Any]) -> Sent:
    return Sent(body=json.dumps({**body, "choices": []}).encode())


def _html(_: dict[str, Any]) -> Sent:
    return Sent(body=LOGIN_PAGE, kind="text/html; charset=utf-8")


ENVELOPES: dict[str, Callable[[dict[str, Any]], Sent]] = {
    "truncated_body": _truncated,
    "error_envelope": _error_in_200,
    "no_choices": _without("choices"),
    "empty_choices": _empty_choices,
    "html": _html,
}


WHOLE = ("truncated_body", "error_envelope", "html")
"""Those of them that also break an answer which is no chat completion."""

FAULTS: tuple[str, ...] = (*REFUSALS, *WAYS, *ENVELOPES, "sse_cut", *SPOILS)
"""The name of every fault. docs/rehearsal.md says what each one does."""
