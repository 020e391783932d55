"""From what a model said, try by try, to an answer, or to what it is asked next. Pure: a re-run decides the same."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pydantic

from infra.models.extract import NoJson, extract
from infra.models.raw import Raw
from infra.profile_models import ModelPart
from schemas.chat import Answer, Form, NoReply, Reply, Request
from schemas.errors import Reason
from stages.orders import reads_as_order

MOST_REPAIRS = 2
STEERED = "it holds words that read as an order to a model; say what there is without repeating them"
LONGER = 4
ERRORS_TOLD = 5


@dataclass(frozen=True)
class Next:
    """One more try: with a larger limit on tokens, or after the model was told what was wrong with what it said."""

    max_tokens: int
    said: str = ""
    told: str = ""
    repairs: int = 0


def first(request: Request) -> Next:
    """The first try."""
    return Next(request.max_tokens)


def key_of_try(key: str, number: int) -> str:
    """The key of one try in the call log; the first has that of the request."""
    return hashlib.sha256(f"{key}/{number}".encode()).hexdigest() if number else key


def decide(request: Request, model: ModelPart, tries: Sequence[Raw]) -> Answer | Next:
    """What follows from all tries so far."""
    step: Answer | Next = first(request)
    for number, raw in enumerate(tries):
        if not isinstance(step, Next):
            break
        step = _judged(request, model, tries[: number + 1], step, raw)
    return step


def _judged(request: Request, model: ModelPart, tries: Sequence[Raw], asked: Next, raw: Raw) -> Answer | Next:
    if unusable := _unusable(raw):
        return NoReply(model.identity, unusable, _why(raw), raw.refusal or raw.text)
    if raw.finish != "stop":
        if asked.max_tokens > request.max_tokens:
            detail = f"cut off at {asked.max_tokens} tokens, finish_reason {raw.finish}"
            return NoReply(model.identity, "cut_off", detail, raw.text)
        return Next(request.max_tokens * LONGER, asked.said, asked.told, asked.repairs)
    if looks_refused(raw.text):
        return NoReply(model.identity, "refused", "it refused in plain text", raw.text)
    value, wrong = _read(request.form, raw.text)
    if not wrong and reads_as_order(raw.text):
        wrong = STEERED
    if not wrong:
        return _reply(model, raw.text, value, tries, asked.repairs)
    if asked.repairs == MOST_REPAIRS:
        detail = f"unusable after {MOST_REPAIRS} repairs: {wrong}"
        return NoReply(model.identity, "bad_reply", detail, raw.text)
    return Next(asked.max_tokens, raw.text, wrong, asked.repairs + 1)


def _unusable(raw: Raw) -> Reason | None:
    if raw.refusal:
        return "refused"
    return "filtered" if raw.finish == "content_filter" else None


def _why(raw: Raw) -> str:
    return "it refused" if raw.refusal else "the provider's content filter held it back"


def _read(form: type[Form] | None, text: str) -> tuple[Form | None, str]:
    """The filled form, or what is wrong, in words for the model."""
    if form is None:
        return None, "" if text.strip() else "the answer is empty"
    try:
        return form.model_validate_json(extract(text)), ""
    except NoJson as error:
        return None, str(error)
    except pydantic.ValidationError as error:
        return None, _told(error)


def _told(error: pydantic.ValidationError) -> str:
    """The errors in few words. What stood there is not repeated: it may be long, and the model has it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, one['loc'])) or 'answer'}: {one['msg']}" for one in found[:ERRORS_TOLD]]
    more = f"; and {len(found) - ERRORS_TOLD} more" if len(found) > ERRORS_TOLD else ""
    return "; ".join(lines)[:1000] + more


def _reply(model: ModelPart, text: str, value: Form | None, tries: Sequence[Raw], repairs: int) -> Reply:
    tokens_in, tokens_out = sum(raw.tokens_in for raw in tries), sum(raw.tokens_out for raw in tries)
    cost = model.cost(tokens_in, tokens_out) if model.has_price else None
    return Reply(model.identity, text, value, tokens_in, tokens_out, cost, repairs)


def told_back(wrong: str, form: type[Form] | None) -> str:
    """What the model is told after an answer that could not be used."""
    schema = f" The JSON schema: {form.schema_text()}" if form else ""
    return f"That answer cannot be used: {wrong}. Give the whole answer again: one JSON object, nothing else.{schema}"


UNWILLING = r"i (can't|cannot|can not|won't|will not|am unable to|am not able to)"
DOING = r"(help|assist|comply|do that|answer|provide|fulfil|continue|discuss|describe|identify|engage|create|write)"
REFUSAL = re.compile(rf"i am sorry\b|sorry, (but )?i\b|as an ai\b|{UNWILLING} {DOING}")


def looks_refused(text: str) -> bool:
    """Whether a short text without JSON begins as refusals do. They are billed, and no code tells of them."""
    start = text.strip().lower().replace("\u2019", "'").replace("i'm", "i am")
    return len(start) < 1000 and "{" not in start and REFUSAL.match(start) is not None
