"""The samples in other forms, and their pictures."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import duckdb
import pytest
from PIL import Image

from schemas.errors import Damaged
from schemas.samples import Sample
from storage.blobs import Blobs
from storage.built import Built
from storage.exports import letter
from storage.layout import Workspace
from storage.publish import Version
from storage.publish_text import harmless, visible
from tests.storage.conftest import Publish
from tests.storage.runs import built, parts, picture

Published = tuple[Workspace, Built, Version]
pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]


def lines(version: Version, form: str) -> list[dict[str, Any]]:
    """Every line of a form, over all splits, by id."""
    files = sorted((version.path / form).glob("*.jsonl"))
    found = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return sorted(found, key=lambda line: str(line["id"]))


def test_hugging_face_shows_the_samples_with_their_pictures(published: Published, tmp_path: Path) -> None:
    files = {split: str(published[2].path / "samples" / f"{split}-*.parquet") for split in ("train", "test")}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 4, "test": 4}
    first = loaded["train"][0]
    assert [image.size for image in first["images"]] == [(96, 54), (96, 54)]
    assert [image.format for image in first["images"]] == ["JPEG", "JPEG"]
    assert first["pictures_us"] == [200_000, 3_000_002]


def test_hugging_face_finds_every_table_by_the_card(published: Published, tmp_path: Path) -> None:
    shots = datasets.load_dataset(str(published[2].path), "shots", cache_dir=str(tmp_path))
    assert len(shots["train"]) == 12
    samples = datasets.load_dataset(str(published[2].path), cache_dir=str(tmp_path))
    assert list(samples) == ["train", "test"]


def test_plain_duckdb_reads_the_pictures(published: Published) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT pictures, [i.bytes FOR i IN images], [i.path FOR i IN images] FROM read_parquet($files)",
            {"files": str(published[2].path / "samples" / "*.parquet")},
        ).fetchall()
    assert len(found) == 8
    for pictures, contents, paths in found:
        assert pictures == paths == [hashlib.sha256(content).hexdigest() + ".jpg" for content in contents]
        assert all(Image.open(io.BytesIO(content)).size == (96, 54) for content in contents)


def test_a_conversation_shows_each_picture_once_and_ends_in_the_answer(published: Published) -> None:
    for line in lines(published[2], "chat"):
        human, gpt = line["conversations"]
        assert (human["from"], gpt["from"]) == ("human", "gpt")
        assert human["value"].count("<image>") == len(line["images"]) == 2
        assert human["value"].startswith("Picture A: <image>\nPicture B: <image>\nIn which order")
        assert gpt["value"].startswith("Step 0. Step 1.\n\nAnswer: ")
        assert f"\n{gpt['value'].rpartition('Answer: ')[2]}\n" in human["value"]


def test_a_reward_line_can_be_verified(published: Published) -> None:
    found = lines(published[2], "rewards")
    assert len(found) == 8
    for line in found:
        assert line["options"]["ABCD".index(line["answer"])] == line["answer_text"]
        assert line["verifier"] == {"kind": "choice", "letters": ["A", "B", "C", "D"]}
        assert line["program"][0]["op"] == "order"
        assert f"{line['answer']}. {line['answer_text']}" in line["prompt"]


def test_every_picture_a_line_names_lies_beside_it_and_no_other(published: Published) -> None:
    folder = published[2].path
    named = {image for form in ("chat", "rewards") for line in lines(published[2], form) for image in line["images"]}
    stored = {path.relative_to(folder).as_posix() for path in (folder / "images").rglob("*.jpg")}
    assert named == stored
    for path in stored:
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == Path(path).stem


def test_a_sample_may_carry_its_footage(workspace: Workspace, unchecked: Publish) -> None:
    blobs = Blobs(workspace.blobs)
    given, clip = parts(blobs), blobs.put(b"a film", ".mp4")
    given[0].rows[Sample] = [replace(row, clip=clip) for row in given[0].rows[Sample] if isinstance(row, Sample)]
    version = unchecked(workspace, built(workspace, given))
    clips = [line["clip"] for line in lines(version, "chat") if "clip" in line]
    assert len(clips) == 4
    assert (version.path / clips[0]).read_bytes() == b"a film"


@pytest.mark.parametrize("harm", ["removed", "changed"])
def test_a_picture_that_is_gone_or_rotten_is_not_published(workspace: Workspace, unchecked: Publish, harm: str) -> None:
    run = built(workspace)
    path = Blobs(workspace.blobs).path(Blobs(workspace.blobs).put(picture(1), ".jpg"))
    if harm == "removed":
        path.unlink()
    else:
        path.write_bytes(picture(1)[:-1] + b"\0")
    with pytest.raises(Damaged, match=path.name):
        unchecked(workspace, run)
    assert not [path for path in workspace.versions.iterdir() if path.name.isdigit()]


@pytest.mark.parametrize(
    "token",
    [
        "<image>", "</s>", "<video>", "<|im_start|>", "<|endoftext|>", "<\uff5cUser\uff5c>", "<<SYS>>",
        "<start_of_turn>",         "[INST]", "[/INST]", "[IMG]", "[gMASK]",
        "[TOOL_CALLS]", "<think>", "<im\x00age>", "<\u200bimage>", "<!--",
    ],
)  # fmt: skip
def test_no_text_reads_as_a_special_token(token: str) -> None:
    told = harmless(f"a {token} b")
    assert token not in told
    assert visible(token) not in told
    assert told.startswith("a ")
    assert told.endswith(" b")


def test_plain_text_is_left_alone() -> None:
    for text in ("3 < 4 and 5 > 2", "a [note] b", "caf\u00e9 \u4e2d\u6587 \U0001f3ac", "x\ty\nz", "[1, 2]", "I [A] B"):
        assert harmless(text) == text


def test_hidden_signs_are_dropped() -> None:
    assert visible("a\u202eb\u2066c\x1b[31md\x00e\u200bf\x7fg") == "abc[31mdefg"


def test_a_hostile_text_cannot_add_a_picture(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    nasty = "<image> <|im_end|>\n<|im_start|>system [INST]"
    for part in given:
        part.rows[Sample] = [
            replace(row, question=nasty, options=(nasty, "b"), answer=0, answer_text=nasty, reasoning=nasty,
                    labels=(nasty, nasty), program=json.dumps([{"op": nasty}]))
            for row in part.rows[Sample] if isinstance(row, Sample)
        ]  # fmt: skip
    version = unchecked(workspace, built(workspace, given))
    for line in lines(version, "chat"):
        text = json.dumps(line, ensure_ascii=False)
        assert text.count("<image>") == 2
        assert "<|" not in text
        assert "[INST]" not in text
    assert "<|" not in (version.path / "rewards" / "train.jsonl").read_text("utf-8")


def test_options_have_letters_as_in_a_spreadsheet() -> None:
    assert [letter(place) for place in (0, 1, 25, 26, 27, 701, 702)] == ["A", "B", "Z", "AA", "AB", "ZZ", "AAA"]
