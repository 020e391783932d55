"""Where everything lies in a workspace: pure paths and names, nothing is read or written here."""

from dataclasses import dataclass
from pathlib import Path

from schemas.errors import BadInput

LAST_PART = 99_999
REJECTS = ".rejects.parquet"
ROWS = ".parquet"


@dataclass(frozen=True)
class Workspace:
    """A dataset's folder on a local (or mounted) disk: cells, blobs, versions, catalogue and logs.

    Only ``versions/`` is for readers; all but that and ``replies/`` can be built again for nothing. The root is made
    absolute, so that every worker means the same folder.
    """

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root).absolute())

    @property
    def cells(self) -> Path:
        """One folder per table, one per fingerprint in it, and the cells in that."""
        return self.root / "cells"

    @property
    def blobs(self) -> Path:
        """Bytes by the hash of their content."""
        return self.root / "blobs"

    @property
    def versions(self) -> Path:
        """What readers read."""
        return self.root / "versions"

    @property
    def catalog(self) -> Path:
        """The DuckDB file with views."""
        return self.root / "catalog.duckdb"

    @property
    def logs(self) -> Path:
        """One file of JSON lines per run."""
        return self.root / "logs"

    @property
    def runs(self) -> Path:
        """What each run was to make and when it last gave a sign of life; and the stacks of workers that hung."""
        return self.root / "runs"

    @property
    def replies(self) -> Path:
        """What models said: a folder per model. It was paid for, and it cannot be built again for nothing."""
        return self.root / "replies"

    @property
    def scratch(self) -> Path:
        """What may be deleted whenever no run is going on."""
        return self.root / "scratch"

    def table(self, table: str, fingerprint: str) -> Path:
        """The folder of one table's cells, made in one way."""
        return self.cells / table / fingerprint


def part_name(part: int) -> str:
    """A part's number as it stands in file names and source ids. Raises BadInput beyond five digits."""
    if not 0 <= part <= LAST_PART:
        raise BadInput(f"part {part} is beyond {LAST_PART}, the last a workspace can have; build into a new folder")
    return f"{part:05d}"


def part_of(name: str) -> int:
    """The part that a cell's stem, a cell's file name or a source id belongs to."""
    return int(name[:5])


def rows_path(folder: Path, stem: str) -> Path:
    """The file of a cell's rows: its presence is the commit."""
    return folder / f"{stem}{ROWS}"


def rejects_path(folder: Path, stem: str) -> Path:
    """The file of the rejects beside a cell; there is none when nothing was turned away."""
    return folder / f"{stem}{REJECTS}"
