"""What the teacher hears: what is known to be said in a film, where the name of the file says which stretch it is."""

import re
from dataclasses import dataclass
from typing import Any

from infra.rehearsal.batches import NotGiven, parts
from infra.rehearsal.truth import Truth

FILE = re.compile(rb'filename="([0-9a-f]{16})_(\d{1,15})_(\d{1,15})\.wav"')
HEAD = 2000
FORMS = ("json", "verbose_json")


@dataclass(frozen=True)
class Heard:
    """A request to write down what is said: which model, and from when to when in which video, where that is told."""

    model: str
    form: str
    video_id: str = ""
    start_us: int = 0
    end_us: int = 0

    def told(self, truth: Truth) -> dict[str, Any]:
        """The body of the answer, as the API has it. What begins in the stretch is said in it."""
        film = truth.films.get(self.video_id)
        lines = [one for one in film.speech if self.start_us <= one.start_us < self.end_us] if film else []
        text = " ".join(one.text for one in lines)
        if self.form == "json":
            return {"text": text}
        segments = [
            {
                "id": number,
                "start": (one.start_us - self.start_us) / 1e6,
                "end": (min(one.end_us, self.end_us) - self.start_us) / 1e6,
                "text": f" {one.text}",
            }
            for number, one in enumerate(lines)
        ]
        length_s = (self.end_us - self.start_us) / 1e6
        facts = {"task": "transcribe", "language": "english", "duration": length_s}
        return {**facts, "text": text, "segments": segments, "usage": {"type": "duration", "seconds": round(length_s)}}


def heard(kind: str, body: bytes) -> Heard:
    """What is asked for. Raises NotGiven for what is no such form."""
    fields = parts(kind, body)
    form = fields.get("response_format", b"json").decode("utf-8", "replace")
    if "file" not in fields or "model" not in fields:
        raise NotGiven("give a model and a file")
    if not fields["file"].startswith(b"RIFF"):
        raise NotGiven("the file is no WAV")
    if form not in FORMS:
        raise NotGiven(f"response_format is {form!r}; it must be one of {', '.join(FORMS)}")
    model = fields["model"].decode("utf-8", "replace")
    named = FILE.search(body[:HEAD])
    if not named:
        return Heard(model, form)
    return Heard(model, form, named[1].decode(), int(named[2]), int(named[3]))
