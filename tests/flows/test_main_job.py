"""The main job on real films, through the command line: same bytes whatever happens, and nothing done twice."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from datasets import load_dataset
from PIL import Image

from flows.films import Film, Take, write_all

# One worker for all of them: they share films and a dataset.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("main_job")]

RUSHES = str(Path(sys.executable).with_name("rushes"))
LOOKS = ("hills", "city", "reef", "sea", "table")
FRAMES = (50, 36, 44, 38, 52)


def a_film(name: str, shift: int) -> Film:
    takes = [
        Take(
            LOOKS[(n + shift) % 5],
            10 * shift + n,
            "static" if n % 2 else "pan right",
            FRAMES[n],
            "wipe" if n == 2 else "cut",
        )
        for n in range(5)
    ]
    return Film(name, tuple(takes))


@dataclass(frozen=True)
class Dataset:
    root: Path

    def build(self, *videos: Path, engine: str = "inline", more: tuple[str, ...] = ()) -> str:
        done = subprocess.run(
            self.command(*videos, engine=engine, more=more), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def command(self, *videos: Path, engine: str = "inline", more: tuple[str, ...] = ()) -> list[str]:
        return [RUSHES, "build", "fragments", *map(str, videos), "--to", str(self.root), "--engine", engine, *more]

    def versions(self) -> list[str]:
        return sorted(path.name for path in (self.root / "versions").iterdir() if path.name.isdigit())

    def parquet(self, version: str = "1") -> dict[str, str]:
        """The sha256 of each published Parquet file."""
        files = json.loads((self.root / "versions" / version / "manifest.json").read_text())["files"]
        return {name: facts["sha256"] for name, facts in files.items() if name.endswith(".parquet")}

    def made(self) -> dict[str, set[int | None]]:
        """The parts of each table that the latest run made."""
        parts: dict[str, set[int | None]] = {}
        for line in max((self.root / "logs").glob("*.jsonl")).read_text().splitlines():
            told = json.loads(line)
            parts.setdefault(told["table"], set()).add(told["part"])
        return parts


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    write_all([a_film(name, shift) for shift, name in enumerate(("one", "two"))], folder / "footage")
    write_all([a_film("three", 2)], folder / "later")
    return folder


@pytest.fixture(scope="module")
def undisturbed(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    dataset = Dataset(tmp_path_factory.mktemp("undisturbed"))
    dataset.build(footage / "footage")
    return dataset


def test_a_version_is_read_by_duckdb_and_by_datasets_with_its_pictures(undisturbed: Dataset) -> None:
    version = undisturbed.root / "versions" / "1"
    with duckdb.connect() as connection:
        tasks = connection.execute(f"SELECT task, count(*) FROM '{version}/samples/*.parquet' GROUP BY 1").fetchall()
    assert len(tasks) >= 5
    samples = load_dataset("parquet", data_files=str(version / "samples" / "*.parquet"), split="train")
    first = samples[0]
    assert all(isinstance(picture, Image.Image) for picture in first["images"])
    assert len(first["images"]) == len(first["labels"]) == len(first["pictures_us"])
    assert first["images"][0].size == (640, 360)
    line = json.loads((version / "chat" / "train.jsonl").read_text().splitlines()[0])
    for path in line["images"]:
        Image.open(io.BytesIO((version / path).read_bytes())).verify()


def test_on_ray_the_same_bytes_come_out(undisturbed: Dataset, footage: Path, tmp_path: Path) -> None:
    on_ray = Dataset(tmp_path)
    on_ray.build(footage / "footage", engine="ray")
    assert on_ray.parquet() == undisturbed.parquet()


def test_with_nothing_changed_nothing_is_done(undisturbed: Dataset, footage: Path) -> None:
    before = set((undisturbed.root / "logs").glob("*.jsonl"))
    undisturbed.build(footage / "footage")
    made = [path for path in (undisturbed.root / "logs").glob("*.jsonl") if path not in before and path.read_text()]
    assert made == []
    assert undisturbed.versions() == ["1"]


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(undisturbed: Dataset, footage: Path, tmp_path: Path) -> None:
    killed = Dataset(tmp_path)
    for reached in ("signals", "frames", "verdicts"):
        run = subprocess.Popen(killed.command(footage / "footage"), start_new_session=True, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 300
        while not list((tmp_path / "cells" / reached).glob("*/*.parquet")) and run.poll() is None:
            assert time.monotonic() < deadline, f"{reached} was never begun"
            time.sleep(0.02)
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    killed.build(footage / "footage")
    assert killed.parquet() == undisturbed.parquet()


def test_a_changed_setting_makes_again_only_what_lies_downstream(footage: Path, tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.build(footage / "later", more=("--no-publish",))
    dataset.build(footage / "later", more=("--no-publish", "--set", "per_video=2"))
    assert set(dataset.made()) == {"verdicts", "picks", "samples"}


def test_one_more_video_builds_only_its_part(footage: Path, tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.build(footage / "footage")
    old = dataset.made()["shots"]
    dataset.build(footage / "footage", footage / "later")
    made = dataset.made()
    assert all(
        not parts & old for table, parts in made.items() if table in ("videos", "signals", "shots", "items", "frames")
    )
    splits = "SELECT video_id, split FROM '{}/versions/{}/samples/*.parquet' GROUP BY ALL"
    with duckdb.connect() as connection:
        before = set(connection.execute(splits.format(tmp_path, 1)).fetchall())
        after = set(connection.execute(splits.format(tmp_path, 2)).fetchall())
    assert before < after
