"""A reply in the making, and the envelope that the OpenAI API sends it in."""

import json
from dataclasses import dataclass, field
from typing import Any

FINGERPRINT = "fp_rehearsal"


@dataclass
class Reply:
    """What the teacher says: a value for a form, its text, and everything around it that can go wrong."""

    model: str
    value: Any
    text: str | None = ""
    finish: str = "stop"
    refusal: str | None = None
    fingerprint: str = FINGERPRINT
    copies: int = 1
    tokens_in: int = 0
    tokens_out: int = 0
    usage_times: int = 1
    prompt: str = ""
    planted: list[dict[str, Any]] = field(default_factory=list)

    def envelope(self, number: int) -> dict[str, Any]:
        """The body of a chat completion. ``usage_times`` 0 leaves the usage out."""
        message = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        choices = [{"index": n, "message": message, "finish_reason": self.finish} for n in range(self.copies)]
        body: dict[str, Any] = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 0,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
            "choices": choices,
        }
        if self.usage_times:
            body["usage"] = self.usage()
        return body

    def usage(self) -> dict[str, int]:
        """The tokens, as a bill counts them."""
        asked, told = self.tokens_in * self.usage_times, self.tokens_out * self.usage_times
        return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}

    def events(self, number: int, *, is_cut: bool = False) -> bytes:
        """The same as server-sent events; ``is_cut`` ends them in the middle, with neither a reason nor ``[DONE]``."""
        text = self.text or ""
        pieces = [text[at : at + 40] for at in range(0, len(text), 40)] or [""]
        told = [self._event(number, {"role": "assistant", "content": piece}, None) for piece in pieces]
        if is_cut:
            return b"".join(told[: max(1, len(told) // 2)])
        return b"".join([*told, self._event(number, {}, self.finish), b"data: [DONE]\n\n"])

    def _event(self, number: int, delta: dict[str, str], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        event: dict[str, Any] = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
            "choices": [choice],
        }
        if finish and self.usage_times:
            event["usage"] = self.usage()
        return b"data: " + json.dumps(event).encode() + b"\n\n"


def tokens_of(text: str) -> int:
    """About how many tokens a text has: four characters each."""
    return max(1, len(text) // 4)
