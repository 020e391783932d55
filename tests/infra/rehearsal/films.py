"""Truth about two made-up films, and askings about them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from infra.rehearsal.asked import Asked, asked
from infra.rehearsal.truth import Fact, FilmTruth, Shot, Truth

PLACES = ("a harbour", "a garden", "a tunnel", "a bridge", "a market")
COLORS = ("red", "blue", "green", "white", "black")


def film(video: str, shift: int) -> FilmTruth:
    """Five shots of two seconds each, with two facts about each."""
    shots, facts = [], []
    for number, place in enumerate(PLACES):
        span = {"start_us": number * 2_000_000, "end_us": (number + 1) * 2_000_000}
        color = COLORS[(number + shift) % len(COLORS)]
        shots.append(Shot(**span, setting=place, subject="the kite", colors=(color,)))  # type: ignore[arg-type]  # its bounds
        text, question = f"Over {place} the kite is {color}.", f"Which colour has the kite over {place}?"
        others = tuple(other for other in COLORS if other != color)
        facts.append(fact(f"{video}-{number}", video, span, (text, question, color), others))
        way = ("left", "right")[(number + shift) % 2]
        text, question = f"Over {place} the camera turns {way}.", f"Where does the camera turn over {place}?"
        others = tuple(other for other in ("left", "right", "up", "down") if other != way)
        facts.append(fact(f"{video}-{number}-c", video, span, (text, question, way), others))
    return FilmTruth(video_id=video, name=video, duration_us=10_000_000, shots=tuple(shots), facts=tuple(facts))


def fact(name: str, video: str, span: Mapping[str, int], told: tuple[str, str, str], others: tuple[str, ...]) -> Fact:
    text, question, value = told
    return Fact(
        fact_id=name, video_id=video, **span, kind="any", text=text, question=question, value=value, others=others
    )


TRUTH = Truth({"aaaa": film("aaaa", 0), "bbbb": film("bbbb", 1)})


def span(video: str = "aaaa", first: int = 0, shots: int = 1) -> dict[str, Any]:
    return {"video_id": video, "start_us": first * 2_000_000, "end_us": (first + shots) * 2_000_000}


def body(
    *said: object, schema: Mapping[str, Any] | None = None, form: str = "Form", pictures: int = 0, **more: Any
) -> dict[str, Any]:
    """A request: texts as they are, anything else as quoted JSON."""
    parts: list[Any] = [{"type": "text", "text": one if isinstance(one, str) else json.dumps(one)} for one in said]
    parts += [{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}}] * pictures
    asking = {"model": "teacher", "messages": [{"role": "user", "content": parts}], **more}
    if schema:
        asking["response_format"] = {"type": "json_schema", "json_schema": {"name": form, "schema": schema}}
    return asking


def understood(*said: object, **more: Any) -> Asked:
    return asked(json.dumps(body(*said, **more)).encode(), lambda _: 0)


def form(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def questions(least: int = 1, most: int = 3, letters: Sequence[str] = "ABCD") -> dict[str, Any]:
    """A form for multiple-choice questions."""
    one = form(
        {
            "question": {"type": "string", "minLength": 1},
            "options": {"type": "array", "items": {"type": "string"}, "minItems": 4, "maxItems": 4},
            "answer": {"enum": list(letters), "type": "string"},
            "fact_ids": {"type": "array", "items": {"type": "string"}},
        }
    )
    return form({"questions": {"type": "array", "items": one, "minItems": least, "maxItems": most}})
