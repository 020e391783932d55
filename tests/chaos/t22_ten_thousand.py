"""T22: ten thousand files."""

import json
import subprocess
import sys
from pathlib import Path

from tests.chaos.bar import Bar, Scale, Shown
from tests.flows.toys import write_toy

MOST_MB, WORKERS = 50.0, 2
# A run over many files, and what its process holds while each of its tables grows.
RUN = """
import json, os, sys
from pathlib import Path
from flows.steps import conclude, planned, wait_for_all
from flows.wish import Wish

def held():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(os.listdir("/proc/self/fd"))

seen = []
wish = Wish(recipe=sys.argv[1], videos=[sys.argv[2]], to=sys.argv[3], engine=sys.argv[4], workers=2)
with planned(wish) as run:
    wait_for_all(run, lambda report: seen.append((report.done / report.parts, *held())), lambda report: None)
    last = [one for one in seen if one[0] > 0]
    version = conclude(run, wish).version
print(json.dumps({"seen": last, "rows": version.rows, "path": str(version.path)}))
"""


def show(folder: Path, scale: Scale) -> Shown:
    """Builds over that many files of different content, on Ray, and looks at the driver while it does."""
    n = scale.of(10_000, 600)
    footage = folder / "footage"
    footage.mkdir()
    for number in range(n):
        (footage / f"{number}.mp4").write_text(f"film {number}")
    command = [sys.executable, "-c", RUN, str(write_toy(folder)), str(footage), str(folder / "data")]
    told = subprocess.run(
        [*command, "ray" if scale.whole else "inline"], capture_output=True, text=True, timeout=280, check=False
    )
    if told.returncode:
        return Shown(False, told.stderr[-300:])
    said = json.loads(told.stdout)
    memory, open_files = [one[1] for one in said["seen"]], [one[2] for one in said["seen"]]
    half = len(memory) // 4
    grown, more = max(memory[half:]) - memory[half], max(open_files[half:]) - open_files[half]
    files = len(list(Path(said["path"]).rglob("*.parquet")))
    tables = len(said["rows"])
    return Shown(
        abs(grown) <= MOST_MB and more <= 10 and files <= tables + WORKERS and said["rows"]["videos"] == n,
        f"{n:,} files: the driver grew by {grown:.0f} MB and {more} open files after its first quarter, "
        f"{files} published Parquet files for {tables} tables",
    )


BAR = Bar(
    "T22",
    f"10,000 files: the driver's memory stays within {MOST_MB:.0f} MB, its open files flat, few files come out",
    show,
)
