"""T20: the same footage gives the same bytes."""

import random
from pathlib import Path

from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.builds import Build, films


def show(folder: Path, scale: Scale) -> Shown:
    """Builds with one worker and with two, from sources in another order, and twice alike."""
    given = sorted(films(folder / "films", scale.of(2, 1)).glob("*.mp4"))
    shuffled = random.Random(scale.seed).sample(given, len(given))
    builds = [Build(folder / "first", given).done(), Build(folder / "again", shuffled).done()]
    builds += [
        Build(folder / f"{n} workers", files, more=("--workers", str(n))).done("ray")
        for n, files in ((1, given), (2, shuffled))[scale.of(0, 1) :]
    ]
    different = [build.to.name for build in builds if build.parquet() != builds[0].parquet()]
    return Shown(
        not different,
        f"{len(builds)} builds of {len(given)} films (in this process and on Ray, 1 and 2 workers, sources in two "
        f"orders): {len(builds[0].parquet())} Parquet files, {len(different)} builds with other bytes",
    )


BAR = Bar(
    "T20",
    "However many workers, in whatever order of sources, once or again: every Parquet file is the same",
    show,
    in_suite=False,
)
