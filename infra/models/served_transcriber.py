"""Speech recognised by a server: what is in the call log is taken from there, the rest is asked."""

import hashlib
import io
import json
import math
import wave
from collections.abc import Iterator, Sequence
from typing import Any

from infra.models.errands import Errand, Errands, run
from infra.models.kept_chat import no_reply
from infra.models.ledger import Sum
from infra.models.raw import SHOWN, BadEnvelope, Raw
from infra.models.teller import Teller
from infra.models.trip import Unanswered
from infra.models.wire import SPEECH
from schemas.chat import NoReply
from stages.stage import Sound, Utterance

# A recogniser that is stuck writes the same words again and again; nobody says so much in one breath.
MOST_CHARACTERS = 2000
LEAST_US = 100_000
"""How long words last at least: some recognisers say that they took no time, or less."""


class ServedTranscriber(Errands):
    """One model behind a role that writes down what is said. Safe to be called from several threads."""

    def __call__(self, sounds: Sequence[Sound]) -> Iterator[Sequence[Utterance] | NoReply]:
        """For each sound, in order, what is said in it. Raises ToolDown, BudgetSpent, BadInput, ModelDrift."""
        keys = [self._key(sound) for sound in sounds]
        lost: dict[str, NoReply] = {}

        async def ask(teller: Teller, lot: tuple[str, Sound]) -> None:
            try:
                await self._ask(teller, *lot)
            except Unanswered as end:
                lost[lot[0]] = no_reply(self.model, end.fault)

        self.ask_for(dict(zip(keys, sounds, strict=True)), dict.items, ask)
        return (lost[key] if key in lost else self._taken(key) for key in keys)

    def _taken(self, key: str) -> Sequence[Utterance]:
        raw = self.kept(key)
        self.tally.add(self.part, [raw])
        return [Utterance(**one) for one in json.loads(raw.text)]

    def _key(self, sound: Sound) -> str:
        """What is heard depends on the samples alone."""
        heard = hashlib.sha256(sound.samples).hexdigest()
        return hashlib.sha256(json.dumps([self.model, "speech", sound.rate, heard]).encode()).hexdigest()

    async def _ask(self, teller: Teller, key: str, sound: Sound) -> None:
        seconds = math.ceil(sound.seconds)
        price = Sum(usd=self.part.cost(0, 0, seconds))

        def read(kind: str, body: bytes) -> tuple[Raw, Sum]:
            found, said = opened(kind, body, round(sound.seconds * 1e6))
            return Raw(json.dumps([vars(one) for one in found]), seconds=seconds, said=said), price

        form = {"model": self.part.name, "response_format": "verbose_json", "temperature": "0"}
        kind, body = multipart(form, sound.name, _wav(sound))
        raw, url = await run(teller, Errand(SPEECH, body, kind, price, read), self.stopped.is_set)
        await self.keep(teller, url, {key: raw})


def multipart(fields: dict[str, str], name: str, content: bytes) -> tuple[str, bytes]:
    """The content type and the body of a form with these fields and one file. The same form is the same bytes."""
    mark = hashlib.sha256(content).hexdigest()[:32]
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: audio/wav\r\n\r\n'
    parts.append(head.encode() + content)
    body = b"".join(b"--%s\r\n%s\r\n" % (mark.encode(), part) for part in parts)
    return f"multipart/form-data; boundary={mark}", body + b"--%s--\r\n" % mark.encode()


def opened(kind: str, body: bytes, length_us: int) -> tuple[list[Utterance], str]:
    """What an answer in ``verbose_json`` says was said, in order of time, and the model that it says it is.

    Words that begin after the sound has ended are left out: nobody said them. Raises BadEnvelope.
    """
    shown = body[:SHOWN].decode("utf-8", "replace")
    try:
        told = json.loads(body)
        segments, text = told.get("segments"), str(told.get("text") or "").strip()
        said, language = str(told.get("model") or ""), told.get("language")
        if not segments and text:
            raise BadEnvelope("words without times: the server does not know response_format 'verbose_json'", shown)
        if segments is None and "text" not in told:
            raise BadEnvelope("neither segments nor text", shown)
        language = language[:40] if isinstance(language, str) and language.isprintable() else None
        found = [_utterance(one, length_us, language) for one in segments or ()]
    except BadEnvelope:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise BadEnvelope(f"no list of segments, but {kind or 'something unnamed'}", shown) from None
    return sorted((one for one in found if one), key=lambda one: (one.start_us, one.end_us)), said


def _utterance(segment: Any, length_us: int, language: str | None) -> Utterance | None:
    """One segment, its times within the sound; None for one without words, or after the end. Raises ValueError."""
    start_us, end_us = round(float(segment["start"]) * 1e6), round(float(segment["end"]) * 1e6)
    words = segment["text"]
    if not isinstance(words, str) or len(words) > MOST_CHARACTERS or start_us < 0:
        raise ValueError(segment)
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    if not text or start_us >= length_us:
        return None
    return Utterance(start_us, min(max(end_us, start_us + LEAST_US), length_us), text, language)


def _wav(sound: Sound) -> bytes:
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.samples)
    return kept.getvalue()
