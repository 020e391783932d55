"""Weights of a model on this machine: whether they are there, what they are, and how they are loaded.

Only safetensors are read, and no code that comes with a model is ever run. Where the profile names a folder, nothing
is downloaded; otherwise the hub's own client finds or fetches what the name and the revision say.
"""

import hashlib
import importlib.util
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.machine import has_gpu
from infra.profile_models import ModelPart
from schemas.errors import BadInput, ModelDrift

SERVER = "or put the model behind a server, as kind 'openai'"
SAMPLES, SAMPLE_BYTES = 64, 4096


def check_here(parts: Iterable[ModelPart]) -> None:
    """Raises BadInput where one of these models cannot be loaded on this machine, with the remedy. Loads nothing."""
    for part in parts:
        if importlib.util.find_spec("torch") is None:
            raise BadInput(f"{part.identity} runs in this process, which takes torch: infra/setup.sh models, {SERVER}")
        if part.gpus and not has_gpu():
            raise BadInput(f"{part.identity} wants {part.gpus:g} GPUs, and this machine has none; leave out gpus")
        if part.folder:
            _check_folder(part)
        else:
            _check_hub(part)


def _check_folder(part: ModelPart) -> None:
    folder = Path(part.folder)
    lacks = "is no folder here" if not folder.is_dir() else ""
    lacks = lacks or ("has no config.json" if not (folder / "config.json").is_file() else "")
    lacks = lacks or ("has no *.safetensors (no other weights are read)" if not [*folder.glob("*.safetensors")] else "")
    if lacks:
        raise BadInput(f"{part.identity}: {part.folder} {lacks}; give the folder of a model as transformers saves it")


def _check_hub(part: ModelPart) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        hf_hub_download(part.name, "config.json", revision=part.revision)
    except (EntryNotFoundError, HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, OSError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise BadInput(
            f"{part.identity} is neither on this machine nor to be had from the hub: {said[0]} "
            "Correct name and revision, download it first (hf download), or name its folder"
        ) from None


def check_same(weights: "Weights", known: str) -> None:
    """Raises ModelDrift where other weights, which were ``known``, have made things under this identity."""
    if known and weights.said != known:
        raise ModelDrift(
            f"{weights.part.identity} in {weights.place} is {weights.said}, and what {known} made is kept under that "
            "identity; give the model a new revision in the profile to go on with it"
        )


class Weights:
    """One model of the profile, found on this machine. ``device`` is where its weights go."""

    def __init__(self, part: ModelPart, device: str) -> None:
        check_here([part])
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        self.part, self.device = part, device
        self.place = part.folder or part.name
        self.asked: dict[str, Any] = {"trust_remote_code": False, "local_files_only": bool(part.folder)}
        if not part.folder:
            self.asked["revision"] = part.revision
        self.config = self._tried("AutoConfig")

    @property
    def said(self) -> str:
        """What these weights are: the hub's commit, or a digest of the folder's settings and samples of its weights."""
        return str(getattr(self.config, "_commit_hash", None) or "") or digest(Path(self.place))

    def fits(self, mapping: str) -> bool:
        """Whether the architecture is in one of the library's mappings, such as ``MODEL_FOR_CAUSAL_LM_MAPPING``."""
        import transformers

        return type(self.config) in getattr(transformers, mapping)

    def model(self, auto: str, *, unused: tuple[str, ...] = ()) -> Any:
        """The model, by one of the library's auto classes, on its device. Raises BadInput when weights are missing.

        ``unused`` begins the names of those that may be, because nobody asks for them.
        """
        import torch

        if self.device != "cpu" and not torch.cuda.is_available():
            raise BadInput(
                f"{self.part.identity} shall run on a GPU, and torch {torch.__version__} can use none here; "
                "install the build of torch for it, or leave out gpus"
            )
        dtype = "float32" if self.part.dtype == "auto" and self.device == "cpu" else self.part.dtype
        model, told = self._tried(auto, use_safetensors=True, dtype=dtype, output_loading_info=True)
        missing = sorted(name for name in told["missing_keys"] if not name.startswith(unused or ("\0",)))
        if missing:
            more = f"{len(missing)} tensors, such as {missing[0]}"
            raise BadInput(f"{self.part.identity}: {self.place} lacks {more}; it is no complete {type(model).__name__}")
        return model.to(self.device).eval()

    def file(self, name: str) -> Path | None:
        """One of the files that lie with the weights; None where it does not."""
        from transformers.utils import cached_file

        found = cached_file(
            self.place,
            name,
            revision=self.asked.get("revision"),
            local_files_only=self.asked["local_files_only"],
            _raise_exceptions_for_missing_entries=False,
        )
        return Path(found) if found else None

    def tokenizer(self) -> Any:
        """Its tokenizer."""
        return self._tried("AutoTokenizer")

    def pictures(self) -> Any:
        """What makes tensors of its pictures."""
        return self._tried("AutoImageProcessor")

    def processor(self) -> Any:
        """What makes tensors of texts and pictures.

        Without what reads videos: nobody sends any, and it takes torchvision, of which no build fits every torch.
        """
        from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

        kind = PROCESSOR_MAPPING.get(type(self.config), None)
        if kind is None or "video_processor" not in kind.get_attributes():
            return self._tried("AutoProcessor")
        return self._read(_for_stills(kind))

    def _tried(self, auto: str, **more: Any) -> Any:
        import transformers

        return self._read(getattr(transformers, auto), **more)

    def _read(self, kind: Any, **more: Any) -> Any:
        try:
            return kind.from_pretrained(self.place, **self.asked, **more)
        except (OSError, ValueError, KeyError, ImportError) as error:
            said = " ".join(str(error).split())[:400]
            raise BadInput(f"{self.part.identity}: {kind.__name__} cannot read {self.place}: {said}") from error


def _for_stills(kind: Any) -> Any:
    """The same kind of processor, without its part for videos."""

    class Stills(kind):  # type: ignore[misc]
        @classmethod
        def get_attributes(cls) -> list[str]:
            return [name for name in super().get_attributes() if name != "video_processor"]

    return Stills


def opened(jpeg: bytes) -> Any:
    """The picture in a JPEG, as models take it."""
    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as picture:
        return picture.convert("RGB")


def digest(folder: Path) -> str:
    """What tells apart two models that lie in the same folder one after the other: it reads little of the weights."""
    seen = hashlib.sha256()
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.jinja"), *folder.glob("*/config.json")]):
        seen.update(f"{path.name}\n".encode() + path.read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        seen.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            for number in range(SAMPLES):
                file.seek(size * number // SAMPLES)
                seen.update(file.read(SAMPLE_BYTES))
    return seen.hexdigest()[:16]
