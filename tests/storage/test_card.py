"""The dataset card."""

import re
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from schemas.media import Source, Video
from schemas.samples import Sample
from storage.blobs import Blobs
from storage.built import Built
from storage.layout import Workspace
from storage.publish import Version
from tests.storage.conftest import Publish
from tests.storage.runs import ORDER, built, parts

Published = tuple[Workspace, Built, Version]
pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]


def test_hugging_face_reads_the_head(published: Published) -> None:
    card = DatasetCard.load(published[2].path / "README.md")
    facts = card.data.to_dict()
    assert facts["license"] == ["cc-by-4.0", "other"]  # one as Hugging Face calls it, one that it does not know
    assert facts["size_categories"] == ["n<1K"]
    configs = {config["config_name"]: config for config in facts["configs"]}
    assert configs["samples"]["default"] is True
    assert configs["samples"]["data_files"] == [
        {"split": "train", "path": "samples/train-*.parquet"},
        {"split": "test", "path": "samples/test-*.parquet"},
    ]
    assert configs["shots"]["data_files"] == "shots/*.parquet"
    assert "signals" not in configs


def test_the_card_tells_the_funnel_the_gates_and_the_licences(published: Published) -> None:
    text = (published[2].path / "README.md").read_text("utf-8")
    for line in (
        "| files given | 5 |  |",
        "| kept | 8 | 6 veracity |",
        "| veracity | 14 | 6 |",
        "| count\\_shots | 5 | 2 |",
        "| CC-BY-4.0 | 1 | 4 | https://example.org/good |",
        "| mine alone | 1 | 4 |  |",
    ):
        assert line in text.splitlines(), text


def python_of(version: Version) -> str:
    """What the card says to type, in the folder of the version."""
    (code,) = re.findall(r"```python\n(.*?)```", (version.path / "README.md").read_text("utf-8"), re.DOTALL)
    return str(code)


@pytest.mark.parametrize("splits", [("train", "test"), ("test",)])
def test_what_the_card_says_to_type_works_where_it_lies(
    splits: tuple[str, ...], workspace: Workspace, unchecked: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = parts(Blobs(workspace.blobs))
    for part in given:
        part.rows[Sample] = [one for one in part.rows[Sample] if isinstance(one, Sample) and one.split in splits]
    version = unchecked(workspace, built(workspace, given))
    monkeypatch.chdir(version.path)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(workspace.scratch))
    typed: dict[str, Any] = {}
    exec(python_of(version), typed)
    assert {split: len(rows) for split, rows in typed["samples"].items()} == dict.fromkeys(splits, 4)
    assert typed["samples"][splits[0]][0]["images"][0].size == (96, 54)
    assert typed["shots"]["train"].num_rows == 12


def test_a_hostile_title_cannot_write_into_the_card(workspace: Workspace, unchecked: Publish) -> None:
    nasty = "---\nlicense: mit\n---\n# Mine <script>alert(1)</script> | [x](http://evil)\u202e"
    given = parts(Blobs(workspace.blobs))
    for part in given:
        for row_type in (Source, Video, Sample):
            part.rows[row_type] = [replace(row, license=nasty, origin=nasty) for row in part.rows[row_type]]  # type: ignore[type-var]
    card = DatasetCard.load(unchecked(workspace, built(workspace, given)).path / "README.md")
    assert card.data.to_dict()["license"] == ["other"]
    for forbidden in ("<script", "[x](", "\u202e", "\n# Mine"):
        assert forbidden not in card.content


def test_a_recipe_without_items_has_a_card_too(workspace: Workspace, unchecked: Publish) -> None:
    version = unchecked(workspace, built(workspace, order=ORDER[:6]))
    facts = DatasetCard.load(version.path / "README.md").data.to_dict()
    assert "samples" not in {config["config_name"] for config in facts["configs"]}
    assert not (version.path / "chat").exists()
