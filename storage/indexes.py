"""What a barrier committed: one small file that says which content each part got.

A table over all parts is made at once and written back by part. Its files are named by part and content, so that a
part whose rows came out the same is the same file as before, and what was built from it still holds.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.files import Landing
from storage.layout import part_name, part_of
from storage.manifest import canonical
from storage.seal import BadCell


@dataclass(frozen=True)
class Index:
    """The stems of a barrier's files: of rows for every part, of rejects for the parts that have any."""

    rows: Mapping[int, str]
    rejects: Mapping[int, str]


def named(identities: Iterable[str]) -> str:
    """16 hexadecimal digits that stand for what something was made from."""
    return hashlib.sha256("\n".join(identities).encode()).hexdigest()[:16]


def index_name(inputs: str) -> str:
    """The file name of the index of a barrier that was made from ``inputs``."""
    return f"index-{inputs}.json"


def is_index(name: str) -> bool:
    """Whether this is the name of an index, not the stem of a cell."""
    return name.startswith("index-")


def stem_of(part: int, digest: str) -> str:
    """The stem of a cell that is named by part and digest."""
    return f"{part_name(part)}-{digest}"


def write_index(path: Path, index: Index) -> None:
    """The index on disk, with its own sha256: the commit of the barrier. Raises DiskFull."""
    slots = {"rows": sorted(index.rows.values()), "rejects": sorted(index.rejects.values())}
    with Landing() as landing:
        landing.path(path).write_bytes(canonical(slots))


def read_index(path: Path) -> Index:
    """The index that was written. Raises BadCell when it is not what was written, or gone."""
    try:
        stored = path.read_bytes()
        slots = json.loads(stored)
        if canonical(slots) != stored:
            raise ValueError
    except FileNotFoundError:
        raise BadCell(str(path), "it is gone") from None
    except (ValueError, AttributeError):
        raise BadCell(str(path), "its bytes are not those that were written") from None
    rows, rejects = ({part_of(stem): stem for stem in slots[kind]} for kind in ("rows", "rejects"))
    return Index(rows, rejects)
