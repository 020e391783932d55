"""The real command over given files, in a process of its own, and what became of each of them."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.films import Film, Take, write
from flows.sources import address, resolved

RUSHES = str(Path(sys.executable).with_name("rushes"))
FLAGGED_BELOW = 0.95
LOOKS = ("hills", "city", "reef", "sea", "table")
_OUTCOMES = """
SELECT uri, CASE WHEN outcome = 'copy' THEN 'copy' WHEN decoded_ratio IS NULL THEN reason
                 WHEN decoded_ratio < {below} THEN 'flagged' ELSE 'kept' END
FROM read_parquet('{version}/outcomes/*.parquet') LEFT JOIN read_parquet('{version}/media/*.parquet') USING (video_id)
"""


@dataclass(frozen=True)
class Ended:
    """A run of the command: its status, all that it said, its seconds, and the outcomes of each source by its address.

    An outcome is ``kept``, ``flagged`` (kept, but less than 95 % of what its header promises can be used), ``copy``, or
    the reason why it was rejected. Every source should have one.
    """

    status: int
    said: str
    seconds: float
    outcomes: Mapping[str, Sequence[str]]

    def of(self, path: Path) -> tuple[str, ...]:
        """The outcomes of one file."""
        return tuple(self.outcomes.get(address(resolved(str(path))), ()))


def control(folder: Path) -> Path:
    """A good film with cuts, so that there is something to publish."""
    folder.mkdir()
    takes = (Take(look, n, "static" if n % 2 else "pan right", 36 + 4 * n) for n, look in enumerate(LOOKS))
    return write(Film("control", tuple(takes)), folder)


def build(files: Sequence[Path], folder: Path, limit_s: float) -> Ended:
    """Builds ``fragments`` inline out of the files and a control film; ``folder`` is for the dataset and the film."""
    folders = [path for path in files if path.is_dir() and not path.is_symlink()]
    listed = folder / "folders.jsonl"  # given by itself a folder means what is in it; here the gate has to see it
    listed.write_text("".join(json.dumps({"uri": str(path)}) + "\n" for path in folders), "utf-8")
    given = [path for path in files if path not in folders] + [listed] * bool(folders) + [control(folder / "control")]
    command = [RUSHES, "build", "fragments", *map(str, given), "--to", str(folder / "dataset"), "--engine", "inline"]
    began = time.monotonic()
    try:
        done = subprocess.run([*command, "--set", "per_video=1"], capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return Ended(-1, f"not over after {limit_s:.0f} s", limit_s, {})
    seconds = time.monotonic() - began
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return Ended(done.returncode, said, seconds, outcomes(folder / "dataset" / "versions" / "1"))


def outcomes(version: Path) -> dict[str, list[str]]:
    """What a version says became of each source; nothing where there is no such version."""
    found: dict[str, list[str]] = {}
    if version.exists():
        sql = _OUTCOMES.format(version=version, below=FLAGGED_BELOW)
        for uri, outcome in duckdb.connect().execute(sql).fetchall():
            found.setdefault(uri, []).append(outcome)
    return found
