"""T11: bits that flip in what is stored."""

import random
from pathlib import Path

from flows.soundness import faults_of
from storage.catalog import latest_version
from storage.layout import Workspace
from storage.verify import Fault
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.builds import Build, films

# How many files of each kind rot at once.
KINDS = {"versions": 7, "cells": 8, "blobs": 5}


def show(folder: Path, scale: Scale) -> Shown:
    """Flips one bit in each of many files and looks, again and again; then once more, and builds again."""
    (folder / "not a film.mp4").write_text("so there is a reject")
    build = Build(folder / "data", [films(folder / "films", 1), folder / "not a film.mp4"]).done()
    published = build.parquet()
    chance = random.Random(scale.seed)
    workspace = Workspace(build.to)
    files = stored(workspace)
    rounds = scale.of(10, 1)
    found, flips = 0, 0
    for _ in range(rounds):
        flipped = [path for kind, n in KINDS.items() for path in chance.sample(files[kind], n)]
        manifests = [path for path in flipped if path.name == "manifest.json"]  # it says what the others should hold
        found += n_found(workspace, [path for path in flipped if path not in manifests], chance)
        found += n_found(workspace, manifests, chance)
        flips += len(flipped)
    rotten = set(chance.sample(files["cells"], 8)) | set(chance.sample(files["blobs"], 2))
    rotten |= {path for path in files["versions"] if path.match("samples/*.parquet")}
    for path in rotten:
        flip(path, chance)
    named = {build.to / fault.path for fault in looked(workspace)}
    before = {path: path.stat().st_ino for path in files["cells"] if path not in rotten and path.suffix == ".parquet"}
    build.done()
    again = sum(1 for path, number in before.items() if not path.exists() or path.stat().st_ino != number)
    mended = not looked(workspace) and build.parquet() == published
    return Shown(
        found == flips and named == rotten and mended,
        f"{found} of {flips} flips found and named ({len(files['cells'])} cell files, {len(files['blobs'])} "
        f"blobs, {len(files['versions'])} published); {len(rotten)} rotten at once: one build mended all, "
        f"made {again} other files again, {'same bytes' if mended else 'NOT the same bytes'} published",
    )


def stored(workspace: Workspace) -> dict[str, list[Path]]:
    """All that may rot, by kind."""
    kinds = {"versions": latest_version(workspace), "cells": workspace.cells, "blobs": workspace.blobs}
    found = {kind: sorted((root or workspace.root).rglob("*")) for kind, root in kinds.items()}
    return {kind: [path for path in paths if path.is_file() and path.stat().st_size] for kind, paths in found.items()}


def n_found(workspace: Workspace, paths: list[Path], chance: random.Random) -> int:
    """In how many of the files a flipped bit is found; none, when another file is named."""
    kept = {path: path.read_bytes() for path in paths}
    for path in paths:
        flip(path, chance)
    named = {workspace.root / fault.path for fault in looked(workspace)}
    for path, content in kept.items():
        path.write_bytes(content)
    return len(named) if named <= kept.keys() else 0


def looked(workspace: Workspace) -> list[Fault]:
    return faults_of(workspace, latest_version(workspace))


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    bit = chance.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


BAR = Bar(
    "T11",
    "One flipped bit in any stored file is found and the file named; one build mends it and redoes no more",
    show,
    in_suite=False,
)
