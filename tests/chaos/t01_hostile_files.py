"""T1: every hostile file and name ends in the one outcome that is right for it, and opens and calls nothing."""

import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.golden import GOLDEN
from tests.chaos.hostile_files import COPIES, make
from tests.chaos.pipeline import Ended, build
from tests.chaos.trap import listening, watching

MAKER = Path(__file__).resolve().parents[3] / "shared/tools/make_bad_media.sh"
LIMIT_S, FEW = 600, 12
BAITS = ("sibling.ts", "sibling.mp4", "secret/red.ts", "secret/red.mp4", "secret/token.txt", "secret/child.txt")


def show(folder: Path, scale: Scale) -> Shown:
    """The whole collection where it can be made, else our own; the files that it points to are watched."""
    folder = folder.resolve()
    with listening() as trap:
        shared = scale.whole and MAKER.exists()
        wanted = collection(folder / "given", trap.port) if shared else make(folder / "given", trap.port)
        given = set(wanted)
        if not scale.whole:
            few = random.Random(scale.seed).sample(sorted(path for path in wanted if wanted[path] != COPIES), FEW)
            wanted = {path: wanted[path] for path in few}
        baits = [path for path in (folder / "given" / name for name in BAITS) if path.exists()]
        with watching(baits, trap):
            ended = build(list(wanted), folder, LIMIT_S)
    wrong = misjudged(wanted, ended)
    strewn = [path.name for path in folder.rglob("*PWNED*") if path not in given]
    held = not wrong and trap.is_empty and not strewn and ended.status == 0
    counted = Counter("kept" if outcome in ("kept", "flagged") else "turned away" for outcome in wanted.values())
    figures = (
        f"{len(wanted)} files and names in {ended.seconds:.0f} s: {len(wanted) - len(wrong)} as they should be "
        f"({counted['kept']} kept, the others turned away), {len(trap.opened)} opens of {len(baits)} baits, "
        f"{len(trap.calls)} calls, {len(strewn)} files strewn, status {ended.status}"
    )
    tail = "" if held else f"; wrong: {wrong}; {trap.opened[:5]}; {ended.said[-500:]}"
    return Shown(held, figures + tail)


def collection(folder: Path, port: int) -> dict[Path, str]:
    """The shared collection, made anew, and what is to become of each of its files."""
    made = {**os.environ, "BADMEDIA_PORT": str(port)}
    subprocess.run(["bash", str(MAKER), str(folder)], check=True, capture_output=True, env=made)
    media = {path: GOLDEN[_word(path)] for path in folder.iterdir() if _word(path) in GOLDEN}
    return media | {path: GOLDEN.get(_word(path), COPIES) for path in (folder / "names").iterdir()}


def _word(path: Path) -> str:
    return re.split("[_.]", path.name)[0]


def misjudged(wanted: Mapping[Path, str], ended: Ended) -> dict[str, tuple[str, ...]]:
    """The files whose outcome is missing, double, or another one; of those that are copies one may be kept."""
    wrong = {
        path.name: ended.of(path)
        for path, outcome in wanted.items()
        if outcome != COPIES and (len(ended.of(path)) != 1 or ended.of(path)[0] not in outcome.split("|"))
    }
    copies = [path for path, outcome in wanted.items() if outcome == COPIES]
    found = Counter(ended.of(path) for path in copies)
    if copies and found != {("kept",): 1, ("copy",): len(copies) - 1}:
        wrong["the copies"] = tuple(f"{outcome}: {n}" for outcome, n in found.items())
    return wrong


BAR = Bar("T1", "each hostile file and name has its one right outcome; nothing else is opened, nobody is called", show)
