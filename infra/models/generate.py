"""A model that writes, in this process: requests go in, what it says comes out, a batch at a time."""

import copy
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.models.choose import Drawn, Ended, Grammars, Held
from infra.models.dialect import asked_in_words
from infra.models.judge import Next, told_back
from infra.models.weights import Weights, opened
from schemas.chat import Form, Picture, Request
from schemas.errors import BadInput
from schemas.units import BlobId

LONGEST_SAID = 100_000


@dataclass(frozen=True)
class Draft:
    """A request as the model will read it. ``tokens`` is what its prompt takes at most, pictures included."""

    text: str
    pictures: tuple[Any, ...]
    tokens: int
    max_tokens: int
    form: type[Form] | None
    heat: float
    seed: int


@dataclass(frozen=True)
class Load:
    """A batch made ready: tensors, padded on the left, and how many tokens each prompt really takes."""

    drafts: tuple[Draft, ...]
    tensors: Any
    lengths: tuple[int, ...]


@dataclass(frozen=True)
class Said:
    """What the model said to one request; ``finish`` is ``stop``, or ``length`` when its limit ended it."""

    text: str
    finish: str
    tokens_in: int
    tokens_out: int


class Generator:
    """One loaded model. ``draft``, ``load`` and ``say`` may each run in a thread of its own, at the same time."""

    def __init__(self, weights: Weights) -> None:
        self.part, self.device = weights.part, weights.device
        self.sees = weights.fits("MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING")
        if not self.sees and not weights.fits("MODEL_FOR_CAUSAL_LM_MAPPING"):
            raise BadInput(f"{self.part.identity} is a {type(weights.config).__name__}: no model that writes")
        self._processor = weights.processor() if self.sees else weights.tokenizer()
        tokenizer = self._processor.tokenizer if self.sees else self._processor
        self._tokenizer = copy.deepcopy(tokenizer)
        self._lock = threading.Lock()  # a tokenizer is for one thread at a time
        self._model = weights.model("AutoModelForImageTextToText" if self.sees else "AutoModelForCausalLM")
        text = weights.config.get_text_config()
        self.context = int(getattr(text, "max_position_embeddings", 0) or 1 << 30)
        self._ends = _ends(self._model, tokenizer)
        tokenizer.padding_side = "left"
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        self._pad = tokenizer.pad_token_id
        self._model.generation_config = self._plain(0)  # no habits of the model's own: penalties, heat, lists of words
        self._grammars = Grammars(self._tokenizer, int(text.vocab_size), self._ends)
        self._takes_system = self._renders([{"role": "system", "content": self._content("a")}, self._user("b")])
        if not self._takes_system and not self._renders([self._user("b")]):
            raise BadInput(f"{self.part.identity} has no chat template: it is no model that was taught to answer")

    def draft(self, request: Request, step: Next, get: Callable[[BlobId], bytes]) -> Draft:
        """The request as the model will read it, its pictures decoded. Raises BadInput for pictures it cannot see."""
        seen = [part.blob for part in request.parts if isinstance(part, Picture)]
        if seen and not self.sees:
            raise BadInput(f"{self.part.identity} sees no pictures; give the role a vision-language model")
        pictures = tuple(opened(get(blob)) for blob in seen)
        text = self._rendered(self._messages(request, step))
        with self._lock:
            size = len(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        return Draft(
            text=text,
            pictures=pictures,
            tokens=size + len(pictures) * self.part.picture_tokens,
            max_tokens=step.max_tokens,
            form=request.form,
            heat=request.temperature,
            seed=int(request.key(self.part.identity)[:32], 16) + step.repairs,
        )

    def load(self, drafts: Sequence[Draft]) -> Load:
        """Tensors of a batch. Either all of its drafts have pictures or none has."""
        texts = [draft.text for draft in drafts]
        bos = self._tokenizer.bos_token
        asked: dict[str, Any] = {"padding": True, "return_tensors": "pt"}
        if not self.sees or (bos and texts[0].startswith(bos)):
            asked["add_special_tokens"] = False
        if drafts[0].pictures:
            asked["images"] = [list(draft.pictures) for draft in drafts]
        tensors = self._processor(text=texts, **asked)
        tensors.pop("token_type_ids", None)
        return Load(tuple(drafts), tensors, tuple(tensors["attention_mask"].sum(dim=1).tolist()))

    def say(self, load: Load, stopped: Callable[[], bool]) -> list[Said]:
        """What the model says to each of the batch. Once ``stopped`` says so, it ends in the middle.

        Raises MemoryError when the batch is too large for the device.
        """
        import torch

        limits = [
            max(1, min(draft.max_tokens, self.context - length))
            for draft, length in zip(load.drafts, load.lengths, strict=True)
        ]
        tensors = load.tensors.to(self.device)
        if "pixel_values" in tensors:
            tensors["pixel_values"] = tensors["pixel_values"].to(self._model.dtype)
        try:
            with torch.inference_mode():
                written = self._model.generate(
                    **tensors,
                    generation_config=self._plain(max(limits)),
                    logits_processor=self._choosers(load.drafts, limits),
                    stopping_criteria=[Ended(limits, self.device, stopped)],
                )
        except torch.OutOfMemoryError as full:
            torch.cuda.empty_cache()
            raise MemoryError(str(full).splitlines()[0]) from None
        width = tensors["input_ids"].shape[1]
        told = zip(written[:, width:].tolist(), limits, load.lengths, strict=True)
        return [self._said(tokens[:limit], length) for tokens, limit, length in told]

    def _choosers(self, drafts: Sequence[Draft], limits: Sequence[int]) -> list[Any]:
        forms = [draft.form for draft in drafts]
        heats = {row: draft.heat for row, draft in enumerate(drafts) if draft.heat > 0}
        seeds = {row: drafts[row].seed for row in heats}
        held = [Held(self._grammars, forms, limits)] if any(forms) else []
        return [*held, *([Drawn(heats, seeds, self.device)] if heats else [])]

    def _said(self, tokens: list[int], length: int) -> Said:
        end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
        with self._lock:
            text = self._tokenizer.decode(tokens[:end], skip_special_tokens=True)
        if end is None:
            return Said(text, "length", length, len(tokens))
        return Said(text, "stop", length, end + 1)

    def _plain(self, most: int) -> Any:
        from transformers import GenerationConfig

        return GenerationConfig(
            do_sample=False, max_new_tokens=most or None, eos_token_id=list(self._ends), pad_token_id=self._pad
        )

    def _messages(self, request: Request, step: Next) -> list[dict[str, Any]]:
        system = asked_in_words(request)
        parts: list[str | Picture] = list(request.parts)
        if system and not self._takes_system:
            parts, system = [system, *parts], ""
        said: list[dict[str, Any]] = [{"role": "system", "content": self._content(system)}] if system else []
        said.append({"role": "user", "content": self._content(*parts)})
        if step.told:
            said.append({"role": "assistant", "content": self._content(step.said[:LONGEST_SAID] or "(nothing)")})
            said.append(self._user(told_back(step.told, request.form)))
        return said

    def _user(self, text: str) -> dict[str, Any]:
        return {"role": "user", "content": self._content(text)}

    def _content(self, *parts: str | Picture) -> Any:
        if not self.sees:
            return "\n\n".join(part for part in parts if isinstance(part, str))
        return [{"type": "image"} if isinstance(part, Picture) else {"type": "text", "text": part} for part in parts]

    def _rendered(self, messages: list[dict[str, Any]]) -> str:
        text = self._processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return str(text)

    def _renders(self, messages: list[dict[str, Any]]) -> bool:
        """Whether the model's template knows what to do with these. Some know no system."""
        from jinja2 import TemplateError

        try:
            return bool(self._rendered(messages))
        except (TemplateError, ValueError):
            return False


def _ends(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """The tokens that end an answer."""
    told = model.generation_config.eos_token_id
    known = [*(told if isinstance(told, list) else [told]), tokenizer.eos_token_id]
    return tuple(dict.fromkeys(token for token in known if token is not None))
