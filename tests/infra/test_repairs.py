"""Cells that rot: never used, made again, and nothing else with them."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.errors import Damaged
from storage.damage import NOTE, note, take_away
from storage.layout import Workspace
from storage.tables import Making, facts, read, write
from storage.verify_cells import verify_cells
from tests.builders import sources, totals, toy
from tests.infra.building import build, everything, rows

pytestmark = pytest.mark.slow
NAMES = ("anna", "bob.mp4", "carl", "x.bad", "dora")


def cell(folder: Path, name: str) -> Path:
    return sorted(folder.glob(f"cells/{name}"))[0]


def flip(path: Path, byte: int = 40) -> None:
    stored = bytearray(path.read_bytes())
    stored[byte] ^= 1
    path.write_bytes(stored)


def made(folder: Path) -> list[tuple[str, int | None]]:
    """What the latest run made, by its log."""
    lines = [json.loads(line) for line in max(folder.glob("logs/*.jsonl")).read_text().splitlines()]
    return [(line["table"], line["part"]) for line in lines if not line["error"]]


@pytest.mark.parametrize(
    ("name", "made_of_it"),
    [
        ("sources/*/00001.parquet", "toy_videos"),
        ("toy_videos/*/00002.parquet", "toy_words"),
        ("toy_words/*/00000.parquet", "toy_counts"),
        ("toy_ranks/*/00000-*.parquet", "toy_marks"),
    ],
)
@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_a_damaged_cell_is_made_again_when_something_is_made_of_it(
    name: str, made_of_it: str, how: str, tmp_path: Path
) -> None:
    before = everything(build(toy(), sources(*NAMES), tmp_path))
    bad = cell(tmp_path, name)
    flip(bad) if how == "flipped" else bad.unlink()
    for path in tmp_path.glob(f"cells/{made_of_it}/*/*.parquet"):
        path.unlink()
    assert everything(build(toy(), sources(*NAMES), tmp_path)) == before
    assert verify_cells(Workspace(tmp_path)) == []


def test_what_is_found_damaged_is_made_again_by_the_next_build_and_nothing_else(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    before = everything(build(toy(), sources(*NAMES), tmp_path))
    bad = [cell(tmp_path, name) for name in ("toy_words/*/00002.parquet", "toy_videos/*/00004.rejects.parquet")]
    for path in bad:
        flip(path)
    faults = verify_cells(workspace)
    assert {tmp_path / fault.path for fault in faults} == set(bad)
    assert note(workspace, [fault.path for fault in faults])
    assert everything(build(toy(), sources(*NAMES), tmp_path)) == before
    assert sorted(made(tmp_path)) == [("toy_videos", 4), ("toy_words", 2)]
    assert verify_cells(workspace) == []
    assert not (tmp_path / NOTE).exists()


def test_a_damaged_blob_has_the_cell_made_again_that_put_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    built = build(totals(), sources("anna", "bob"), tmp_path)
    blob = workspace.blobs / rows(built, "toy_totals")[0]["blob"][:2] / rows(built, "toy_totals")[0]["blob"]
    flip(blob, 0)
    (fault,) = verify_cells(workspace)
    assert tmp_path / fault.path == blob
    note(workspace, [fault.path])
    build(totals(), sources("anna", "bob"), tmp_path)
    assert blob.read_text() == "2"
    assert made(tmp_path) == [("toy_totals", None)]


def test_a_damaged_dealing_is_put_together_again_from_its_cells(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    before = everything(build(toy(), sources(*NAMES), tmp_path))
    bad = cell(tmp_path, "sources/*/deals/*.parquet")
    flip(bad)
    note(workspace, [fault.path for fault in verify_cells(workspace)])
    assert everything(build(toy(), sources(*NAMES), tmp_path)) == before
    flip(bad)
    flip(cell(tmp_path, "sources/*/00001.parquet"))
    note(workspace, [bad.relative_to(tmp_path).as_posix()])
    with pytest.raises(Damaged, match="build into a new folder"):
        take_away(workspace)


def test_a_barriers_index_counts_as_absent_when_it_is_damaged(tmp_path: Path) -> None:
    before = everything(build(toy(), sources(*NAMES), tmp_path))
    flip(cell(tmp_path, "toy_ranks/*/index-*.json"), 3)
    assert everything(build(toy(), sources(*NAMES), tmp_path)) == before
    assert made(tmp_path) == [("toy_ranks", None)]


def test_a_cell_of_other_columns_is_told_with_column_and_types(tmp_path: Path) -> None:
    build(toy(), sources(*NAMES), tmp_path)
    bad = cell(tmp_path, "toy_words/*/00000.parquet")
    drifted = read(bad).set_column(3, "length", pa.array(["1", "1", "1", "1"]))
    write(drifted, bad, Making(facts(bad)))
    for path in tmp_path.glob("cells/toy_counts/*/*"):
        path.unlink()
    with pytest.raises(
        Damaged, match=r"00000\.parquet: column 'length' of table 'toy_words' is string there and int64"
    ):
        build(toy(), sources(*NAMES), tmp_path)


def test_a_file_without_counts_or_footer_does_not_end_the_run(tmp_path: Path) -> None:
    before = everything(build(toy(), sources(*NAMES), tmp_path))
    bad = cell(tmp_path, "toy_words/*/00000.parquet")
    bad.write_bytes(bad.read_bytes()[:-6])
    for path in tmp_path.glob("cells/toy_words/*/counts.json"):
        path.unlink()
    assert everything(build(toy(), sources(*NAMES), tmp_path)) == before
    assert made(tmp_path) == [("toy_words", 0)]
