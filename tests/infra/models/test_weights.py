"""Weights that are missing, damaged, of another kind, or come with code: each is one clear line."""

import json
import shutil
from pathlib import Path

import pytest

from infra.profile_models import ModelPart
from schemas.errors import BadInput
from tests.infra.models.asking import Pick, one, requests
from tests.infra.models.tiny import held

pytestmark = [pytest.mark.slow, pytest.mark.torch]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    told(tmp_path, held(tmp_path / "nowhere"), "nowhere is no folder here; give the folder of a model")


def test_weights_that_are_no_safetensors(writer: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(writer, tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    told(tmp_path, held(folder), r"has no \*.safetensors \(no other weights are read\)")


def test_weights_of_which_a_part_is_missing(writer: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(writer, tmp_path / "model")
    stored = load_file(folder / "model.safetensors")
    del stored["model.layers.1.mlp.up_proj.weight"]
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    told(tmp_path, held(folder), "lacks 1 tensors, such as model.layers.1.mlp.up_proj.weight")


def test_code_that_comes_with_a_model_is_not_run(writer: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(writer, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    told(tmp_path, held(folder), "AutoConfig cannot read")
    assert not (tmp_path / "ran").exists()


def test_a_model_that_the_hub_would_have(tmp_path: Path) -> None:
    part = ModelPart(kind="transformers", name="nobody/nothing", revision="1")
    told(tmp_path, part, "nobody/nothing@1 is neither on this machine nor to be had from the hub")


def test_a_model_without_a_template(writer: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(writer, tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    told(tmp_path, held(folder), "has no chat template")


def told(folder: Path, part: ModelPart, pattern: str) -> None:
    with pytest.raises(BadInput, match=pattern):
        one(folder, part, requests(1, Pick)[0])
