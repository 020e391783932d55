"""One line of JSON per cell, so that what happened can be asked with SQL."""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from infra.order import Blueprint, Outcome
from storage.files import make_folder, told


class CellLog:
    """The log of one run: a file that only grows, one line per outcome of an order."""

    def __init__(self, folder: Path, run_id: str) -> None:
        make_folder(folder)
        self.path = folder / f"{run_id}.jsonl"
        self._file: TextIO = self.path.open("a", encoding="utf-8", buffering=1)

    def write(self, made: Blueprint, outcome: Outcome) -> None:
        """One line: what was made, from how much, at what cost, by whom; or what went wrong."""
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "table": made.table,
            "stage": type(made.stage).__name__ if made.stage else "sql",
            "version": made.stage.version if made.stage else 0,
            "fingerprint": made.fingerprint,
            "part": outcome.order.part,
            "cell": outcome.order.target,
            "rows_in": outcome.rows_in,
            "rows": outcome.rows,
            "rejects": dict(outcome.rejects),
            "seconds": round(outcome.seconds, 3),
            "worker": outcome.worker,
            "error": None if outcome.error is None else f"{type(outcome.error).__name__}: {outcome.error}",
            "trace": getattr(outcome.error, "__notes__", None),
            "crashed": outcome.crashed,
        }
        try:
            self._file.write(json.dumps(line) + "\n")
        except OSError as refused:
            raise told(refused, self.path) from refused

    def close(self) -> None:
        """Ends the file. What a full disk refused was told when it was written, and is tried once more here."""
        with suppress(OSError):
            self._file.close()


def new_run_id() -> str:
    """A name for a run that sorts by time and that two runs never share."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.getpid()}"
