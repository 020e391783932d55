"""What is known of batches, on the disk before and after each step: a crash between two of them pays nothing twice.

A sheet is one batch: the names of its requests, our name for it, which is in the server's metadata, and the server's
id once it is known. What came of it is kept beside it as the server sent it, before anybody is told.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from storage.files import Landing

SHEET, ANSWERS = ".json", ".answers.jsonl"


@dataclass
class Sheet:
    """One batch. ``requests`` names what it asks; without a ``batch_id`` nobody knows whether the server has it."""

    requests: tuple[str, ...]
    name: str = field(default_factory=lambda: token_hex(12))
    batch_id: str = ""
    is_read: bool = False


class Sheets:
    """The folder of one model's batches, those of earlier runs included."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> Iterator[Sheet]:
        """Every sheet that can be read. A torn one was never sent: it is written whole, and then renamed."""
        for path in sorted(self.folder.glob(f"*{SHEET}")) if self.folder.is_dir() else ():
            try:
                stored = json.loads(path.read_bytes())
                yield Sheet(
                    tuple(stored["requests"]), path.stem, stored["batch_id"], self._answers_of(path.stem).exists()
                )
            except (OSError, ValueError, KeyError, TypeError):
                continue

    def write(self, sheet: Sheet) -> None:
        """Keeps what is known of it now. Raises DiskFull."""
        stored = {"requests": sheet.requests, "batch_id": sheet.batch_id}
        with Landing() as landing:
            landing.path(self.folder / f"{sheet.name}{SHEET}").write_text(json.dumps(stored), encoding="utf-8")

    def keep(self, sheet: Sheet, files: Sequence[bytes]) -> None:
        """Keeps what the server sent, line by line. Raises DiskFull."""
        with Landing() as landing:
            landing.path(self._answers_of(sheet.name)).write_bytes(b"\n".join(files))
        sheet.is_read = True

    def answers(self, name: str) -> bytes:
        """What was kept of the sheet of this name."""
        return self._answers_of(name).read_bytes()

    def forget(self, sheet: Sheet) -> None:
        """Removes a sheet that the server never had."""
        (self.folder / f"{sheet.name}{SHEET}").unlink(missing_ok=True)

    def _answers_of(self, name: str) -> Path:
        return self.folder / f"{name}{ANSWERS}"
