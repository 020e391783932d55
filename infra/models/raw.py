"""What a server's answer says, taken out of its envelope; and what is wrong with an envelope."""

import json
from dataclasses import dataclass
from typing import Any

LONGEST_BODY = 1_000_000
# Vectors in figures take twenty bytes a number.
LONGEST_VECTORS = 16_000_000
SHOWN = 2048
FINISHES = ("stop", "length", "content_filter")


@dataclass(frozen=True)
class Raw:
    """One answer as it came: what is kept of it in the call log.

    ``finish`` is the server's ``finish_reason``, ``said`` the model that it says it is, ``version`` its
    ``system_fingerprint``. ``counted`` tells whether the tokens are the server's count or our bound; ``seconds`` is how
    much sound was listened to.
    """

    text: str
    finish: str = "stop"
    refusal: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    counted: bool = True
    seconds: int = 0
    said: str = ""
    version: str = ""
    endpoint: str = ""
    at: str = ""

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(vars(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, stored: bytes | str) -> "Raw":
        """The answer that was written so."""
        return cls(**json.loads(stored))


class BadEnvelope(ValueError):
    """A 200 whose body is no chat completion: HTML, half of a JSON, an error, no choice or two."""

    def __init__(self, what: str, body: str) -> None:
        super().__init__(what, body)
        self.what, self.body = what, body

    def __str__(self) -> str:
        return self.what


def opened(content_type: str, body: bytes) -> tuple[Raw, dict[str, Any]]:
    """The answer in a body with status 200, and its ``usage`` as the server wrote it. Raises BadEnvelope."""
    shown = body[:SHOWN].decode("utf-8", "replace")
    if "json" not in content_type.lower():
        raise BadEnvelope(f"a body of type {content_type or 'unknown'}, not JSON", shown)
    try:
        stored = json.loads(body)
    except (ValueError, RecursionError):
        raise BadEnvelope("half a JSON", shown) from None
    choice = _choice(stored, shown)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise BadEnvelope("a choice without a message", shown)
    if choice.get("finish_reason") not in FINISHES:
        raise BadEnvelope(f"finish_reason {choice.get('finish_reason')!r}", shown)
    text, refusal = message.get("content"), message.get("refusal")
    usage = stored.get("usage")
    raw = Raw(
        text=text if isinstance(text, str) else "",
        finish=str(choice.get("finish_reason")),
        refusal=refusal if isinstance(refusal, str) else "",
        said=str(stored.get("model") or ""),
        version=str(stored.get("system_fingerprint") or ""),
    )
    return raw, usage if isinstance(usage, dict) else {}


def _choice(stored: Any, shown: str) -> dict[str, Any]:
    if not isinstance(stored, dict):
        raise BadEnvelope("JSON that is no object", shown)
    if stored.get("error"):
        raise BadEnvelope("an error under status 200", shown)
    choices = stored.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        count = len(choices) if isinstance(choices, list) else "no"
        raise BadEnvelope(f"{count} choices instead of one", shown)
    return choices[0]
