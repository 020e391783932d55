"""A vision-language model in this process: ours beside bare ``generate`` at the same batch, in turns in one run.

    python benchmarks/generate.py [--size tiny|half|3b] [--batch 8] [--requests 64] [--frames 4] [--tokens 64] [--form]

The model is of the make of Qwen2.5-VL with weights drawn by chance, made on the spot: ``tiny`` and ``half`` a billion
weights on a CPU, ``3b`` with the measures of the 3B model in bfloat16 on a GPU. *Bare* has every batch made ready
beforehand and calls ``generate`` on one after the other: no decoding, log or form. *Bare in turns* decodes, prepares
and generates each batch in turn. *Ours* is a role asked through the worker's door: JPEGs decoded, batches gathered,
answers in the call log. Everybody writes ``--tokens`` tokens an answer; with ``--form`` ours holds them to a form
besides. The bar is 0.95 of bare. Prints Markdown.
"""

import argparse
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pydantic

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.models import generate
from infra.models.generate import Draft, Generator, Said
from infra.models.judge import first
from infra.models.room import Room
from infra.models.weights import Weights
from infra.profile_models import Cast, ModelPart
from schemas.chat import Form, Picture, Request
from schemas.units import BlobId
from tests.infra.models import tiny

MIDDLE = {
    "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
    "num_key_value_heads": 2, "vocab_size": 151_936, "max_position_embeddings": 32_768,
}  # fmt: skip
MIDDLE_EYES = {
    "depth": 12, "hidden_size": 640, "intermediate_size": 1720, "num_heads": 8, "out_hidden_size": 896,
    "window_size": 112, "fullatt_block_indexes": [3, 7, 11],
}  # fmt: skip
LARGE = {
    "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36, "num_attention_heads": 16,
    "num_key_value_heads": 2, "vocab_size": 151_936, "max_position_embeddings": 32_768,
}  # fmt: skip
LARGE_EYES = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 2048,
    "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
}  # fmt: skip


class Long(Form):
    """A text that no limit on tokens lets a model finish."""

    text: Annotated[str, pydantic.Field(min_length=5000, max_length=6000)]


def frame(blob: BlobId, side: int) -> bytes:
    """A JPEG of noise, another one for each name."""
    from PIL import Image

    stored = io.BytesIO()
    Image.effect_noise((side, side), 20 + hash(blob) % 60).convert("RGB").save(stored, "JPEG")
    return stored.getvalue()


def asked_for(asked: argparse.Namespace, run: int) -> list[Request]:
    """New requests for every run, so that no log has them."""
    form = Long if asked.form else None
    seen = [tuple(Picture(BlobId(f"{n}-{k}")) for k in range(asked.frames)) for n in range(asked.requests)]
    return [Request("look", (f"{run} {n}: what?", *some), form, asked.tokens) for n, some in enumerate(seen)]


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Bare:
    """The library alone: prompts as ours makes them, ``generate`` batch by batch."""

    def __init__(self, part: ModelPart, device: str, jpegs: dict[BlobId, bytes]) -> None:
        self.generator, self._jpegs, self._batch = Generator(Weights(part, device)), jpegs, part.batch

    def batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """The requests, a batch at a time."""
        return [list(requests[start : start + self._batch]) for start in range(0, len(requests), self._batch)]

    def ready(self, batch: Sequence[Request]) -> Any:
        """Tensors of one batch."""
        return self.generator.load([self._draft(request) for request in batch])

    def _draft(self, request: Request) -> Draft:
        return self.generator.draft(replace(request, form=None), first(request), self._jpegs.__getitem__)

    def generated(self, load: Any, tokens: int) -> None:
        """One batch through ``generate`` alone."""
        import torch

        model = self.generator._model  # noqa: SLF001  the bare thing
        plain = self.generator._plain(tokens)  # noqa: SLF001
        plain.min_new_tokens = tokens
        tensors = load.tensors.to(model.device)
        tensors["pixel_values"] = tensors["pixel_values"].to(model.dtype)
        with torch.inference_mode():
            model.generate(**tensors, generation_config=plain)
        if model.device.type == "cuda":
            torch.cuda.synchronize()


def ours(room: Room, requests: Sequence[Request]) -> None:
    """All of it through the door."""
    answers = list(room.chat("captioner")(requests))
    if len(answers) != len(requests):
        raise SystemExit("answers are missing")


def never_cut_off() -> None:
    """Counts the limit as the end of an answer, and any answer as one: random weights come to no end, and to few words.

    They would be asked for more, and again, up to three times as much as the bare one.
    """
    real = Generator._said  # noqa: SLF001

    def said(self: Generator, tokens: list[int], length: int) -> Said:
        return replace(real(self, tokens, length), text="said", finish="stop")

    generate.Generator._said = said  # type: ignore[method-assign]  # noqa: SLF001
    generate.Generator._plain = endless(generate.Generator._plain)  # type: ignore[method-assign]  # noqa: SLF001


def endless(plain: Callable[[Generator, int], Any]) -> Callable[[Generator, int], Any]:
    """No answer ends before its limit, ours as little as the bare one's: both write as much."""

    def made(self: Generator, most: int) -> Any:
        config = plain(self, most)
        config.min_new_tokens = most or None
        return config

    return made


def main() -> None:
    """Makes the model, lets them take turns, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=["tiny", "half", "3b"], default="tiny")
    for name, usual in (("batch", 8), ("requests", 64), ("frames", 4), ("tokens", 64), ("rounds", 3), ("side", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--form", action="store_true")
    asked = parser.parse_args()
    device = "cuda:0" if asked.size == "3b" else "cpu"
    side = asked.side or {"tiny": 56, "half": 112, "3b": 448}[asked.size]
    never_cut_off()
    with tempfile.TemporaryDirectory(prefix="generate-") as folder:
        place = Path(folder, "model")
        if asked.size == "3b":
            tiny.newer_seer(place, LARGE, LARGE_EYES, side, "cuda", "bfloat16")
        elif asked.size == "half":
            tiny.newer_seer(place, MIDDLE, MIDDLE_EYES, side)
        else:
            tiny.newer_seer(place, longest=side)
        gpus = float(device != "cpu")
        part = ModelPart(kind="transformers", name="eye", revision="1", folder=str(place), gpus=gpus, batch=asked.batch)
        names = [BlobId(f"{n}-{k}") for n in range(asked.requests) for k in range(asked.frames)]
        jpegs = {name: frame(name, side) for name in names}
        cast = Cast(models={"eye": part}, roles={"captioner": ("eye",)})
        bare = Bare(part, device, jpegs)
        with closing(Room(cast, Path(folder, "replies"), Path(folder, "log"), jpegs.__getitem__)) as room:
            ours(room, asked_for(asked, -1)[: asked.batch])  # loads the weights
            bare.generated(bare.ready(asked_for(asked, -1)[: asked.batch]), asked.tokens)
            taken = [turn(asked, bare, room, number) for number in range(asked.rounds)]
    told(asked, device, taken)


def turn(asked: argparse.Namespace, bare: Bare, room: Room, number: int) -> dict[str, float]:
    """One round: the same requests by each."""
    requests = asked_for(asked, number)
    loads = [bare.ready(batch) for batch in bare.batches(requests)]
    return {
        "bare": seconds(lambda: [bare.generated(load, asked.tokens) for load in loads]),
        "bare in turns": seconds(
            lambda: [bare.generated(bare.ready(batch), asked.tokens) for batch in bare.batches(requests)]
        ),
        "ours": seconds(lambda: ours(room, requests)),
    }


def told(asked: argparse.Namespace, device: str, taken: Sequence[dict[str, float]]) -> None:
    """The table: the median round, and the median of the ratios of each round."""
    import torch

    name = torch.cuda.get_device_name(0) if device != "cpu" else "CPU"
    form = ", held to a form" if asked.form else ""
    print(f"{asked.size} on {name}, torch {torch.__version__}: {asked.requests} requests of {asked.frames} frames, "
          f"{asked.tokens} tokens each{form}, batch {asked.batch}, {asked.rounds} rounds\n")  # fmt: skip
    print("| | seconds | frames/s | tokens/s | of bare |\n|---|---|---|---|---|")
    for who in taken[0]:
        took = statistics.median(one[who] for one in taken)
        share = statistics.median(one["bare"] / one[who] for one in taken)
        frames, tokens = asked.requests * asked.frames / took, asked.requests * asked.tokens / took
        print(f"| {who} | {took:.2f} | {frames:,.1f} | {tokens:,.0f} | {share:.2f} |")


if __name__ == "__main__":
    main()
