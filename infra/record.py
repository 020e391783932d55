"""What a run was to make, and its signs of life: a small file that outlives it, for whoever asks how it stands."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from schemas.columns import columns
from schemas.errors import DiskFull, ToolDown
from stages.graph import Rows
from storage.files import Landing
from storage.owner import is_dead, mark

BEAT_S, STALE_S = 15.0, 90.0


@dataclass(frozen=True)
class TableRecord:
    """One table of a run: how it was to be made. ``unit`` is the column by which its rows speak of footage, if any."""

    table: str
    fingerprint: str
    made_by: str
    inputs: tuple[str, ...]
    over_all: bool
    spans_parts: bool
    is_stage: bool
    unit: str


@dataclass(frozen=True)
class RunRecord:
    """One run, as its record tells. ``silent_s`` is how long ago it last gave a sign of life."""

    run_id: str
    recipe: str
    parts: tuple[int, ...]
    tables: tuple[TableRecord, ...]
    end: str
    owner: str
    silent_s: float

    @property
    def is_stale(self) -> bool:
        """Whether it never ended and gives no sign of life any more."""
        return not self.end and (self.silent_s > STALE_S or is_dead(self.owner))


def plan_of(recipe: str, tables: Sequence[Rows[Any]], parts: Sequence[int]) -> dict[str, Any]:
    """What a record says from the beginning."""
    told = [
        TableRecord(
            table=rows.table,
            fingerprint=rows.fingerprint,
            made_by=rows.label,
            inputs=tuple(made.table for _, made in rows.inputs),
            over_all=rows.over == "all",
            spans_parts=rows.spans_parts,
            is_stage=rows.stage is not None,
            unit=_unit(rows),
        )
        for rows in tables
    ]
    return {"recipe": recipe, "parts": list(parts), "tables": [asdict(table) for table in told]}


def _unit(rows: Rows[Any]) -> str:
    names = {column.name for column in columns(rows.row_type)}
    return "video_id" if "video_id" in names else "source_id" if "source_id" in names else ""


class Record:
    """The record of a run that goes on. Whether it can be written never matters to the run."""

    def __init__(self, folder: Path, run_id: str, plan: dict[str, Any]) -> None:
        self.path = folder / f"{run_id}.json"
        self._told = plan | {"owner": mark(), "end": ""}
        self._beat_at = time.monotonic()
        self._write()

    def beat(self) -> None:
        """Gives a sign of life, if the last is some time ago."""
        now = time.monotonic()
        if now - self._beat_at >= BEAT_S:
            self._beat_at = now
            with suppress(OSError):
                os.utime(self.path)

    def end(self, how: str) -> None:
        """Notes how the run ended."""
        self._told["end"] = how
        self._write()

    def _write(self) -> None:
        with suppress(DiskFull, ToolDown), Landing() as landing:
            landing.path(self.path).write_text(json.dumps(self._told, indent=1) + "\n", encoding="utf-8")


def latest(folder: Path) -> RunRecord | None:
    """The record of the run that began last; None where none was ever begun."""
    path = max(folder.glob("*.json"), default=None)
    if path is None:
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    tables = tuple(TableRecord(**table | {"inputs": tuple(table["inputs"])}) for table in told["tables"])
    silent_s = max(0.0, time.time() - path.stat().st_mtime)
    return RunRecord(path.stem, told["recipe"], tuple(told["parts"]), tables, told["end"], told["owner"], silent_s)
