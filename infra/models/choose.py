"""Which token comes next, row by row of a batch: held to a form, drawn by chance, ended at its own limit.

Rows of one batch may differ in all of this, and none knows of the others: what a row draws is decided by its own seed.
Everything here is handed to ``generate`` of transformers, which takes what is left as the likeliest token.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.chat import Form
from schemas.errors import StageBroken

# As json.dumps writes it, and as models have read it most.
WRITTEN: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class Grammars:
    """What compiles forms for one tokenizer. ``width`` is the number of the model's logits."""

    def __init__(self, tokenizer: Any, width: int, ends: Sequence[int]) -> None:
        import llguidance
        from llguidance.hf import from_tokenizer

        self.width, self.ends = width, tuple(ends)
        self._tokens = from_tokenizer(
            tokenizer, n_vocab=width, eos_token=list(ends), slices=llguidance.LLTokenizer.json_slices()
        )
        self._made: dict[type[Form], Any] = {}
        self._lock = threading.Lock()
        self._threads = llguidance.LLExecutor()

    def matcher(self, form: type[Form]) -> Any:
        """One that has read nothing yet. Raises StageBroken for a form that no grammar can be made of."""
        import llguidance

        with self._lock:
            if form not in self._made:
                schema = json.loads(form.schema_text())
                text = llguidance.LLMatcher.grammar_from_json_schema(schema, defaults=WRITTEN)
                made = llguidance.LLMatcher(self._tokens, text)
                if made.is_error():
                    raise StageBroken(f"no grammar can be made of the form {form.__name__}: {made.get_error()}")
                self._made[form] = made
            return self._made[form].deep_copy()

    def allowed(self, matchers: Mapping[int, Any], rows: int) -> npt.NDArray[np.int32]:
        """A bit per token and row, 32 in a word: what each matcher allows next; everything in rows without one."""
        from llguidance.numpy import fill_next_token_bitmask_par

        bits = np.full((rows, -(-self.width // 32)), -1, np.int32)
        going = [(matcher, row) for row, matcher in matchers.items() if not matcher.is_stopped()]
        if going:
            fill_next_token_bitmask_par(self._threads, going, bits)
        for row in [row for row, matcher in matchers.items() if matcher.is_stopped()]:  # whole, but not ended
            flags = np.zeros(32 * bits.shape[1], np.uint8)
            flags[list(self.ends)] = 1
            bits[row] = np.packbits(flags, bitorder="little").view(np.int32)
        return bits


class Held:
    """Holds rows to their forms. To be called once per token, in order."""

    def __init__(self, grammars: Grammars, forms: Sequence[type[Form] | None], limits: Sequence[int]) -> None:
        self._grammars, self._limits = grammars, limits
        self._open = {row: grammars.matcher(form) for row, form in enumerate(forms) if form}
        self._step = 0

    def __call__(self, ids: Any, scores: Any) -> Any:
        """The scores, with all that a row's form does not allow at minus infinity."""
        import torch

        if self._step:
            self._read(ids[:, -1].tolist())
        self._step += 1
        if not self._open:
            return scores
        bits = torch.from_numpy(self._grammars.allowed(self._open, len(scores))).to(scores.device)
        places = torch.arange(32, device=scores.device, dtype=torch.int32)
        flags = ((bits.unsqueeze(-1) >> places) & 1).view(len(scores), -1)[:, : scores.shape[1]]
        return scores.masked_fill(flags == 0, -torch.inf)

    def _read(self, tokens: Sequence[int]) -> None:
        """Takes in the tokens that were chosen, and lets go of the rows that have ended."""
        for row, matcher in list(self._open.items()):
            token = tokens[row]
            if token in self._grammars.ends or self._step >= self._limits[row]:
                del self._open[row]
            elif not matcher.consume_token(token):
                raise StageBroken(f"the grammar of a form broke at token {token}: {matcher.get_error()}")


class Drawn:
    """Draws the tokens of some rows by chance: ``heats`` gives their temperatures, ``seeds`` what decides the draws."""

    def __init__(self, heats: Mapping[int, float], seeds: Mapping[int, int], device: str) -> None:
        import torch

        self._rows = torch.tensor(list(heats), device=device)
        self._heats = torch.tensor(list(heats.values()), device=device, dtype=torch.float64).unsqueeze(1)
        self._chance = [np.random.default_rng(seeds[row]) for row in heats]

    def __call__(self, ids: Any, scores: Any) -> Any:
        """The scores, with all but the drawn token of a row at minus infinity."""
        import torch

        drawn = torch.tensor([one.random() for one in self._chance], dtype=torch.float64).to(scores.device)
        mass = torch.softmax(scores[self._rows].double() / self._heats, dim=-1).cumsum(dim=-1)
        chosen = (mass <= drawn.unsqueeze(1) * mass[:, -1:]).sum(dim=-1)
        out = scores.clone()
        out[self._rows] = -torch.inf
        out[self._rows, chosen] = 0
        return out


class Ended:
    """Ends each row at its own limit, and all of them once ``stopped`` says so."""

    def __init__(self, limits: Sequence[int], device: str, stopped: Callable[[], bool]) -> None:
        import torch

        self._limits = torch.tensor(list(limits), device=device)
        self._stopped, self._step = stopped, 0

    def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
        """Whether each row is over."""
        self._step += 1
        return self._limits <= (1 << 60 if self._stopped() else self._step)
