"""Which file holds the video that a question names: by its path, the end of its path, its name, or its name alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from schemas.media import Source

Held = Mapping[str, list[str]]


@dataclass(frozen=True)
class Shelf:
    """The sources that were given, by the names under which a set may know them."""

    by_name: Held = field(default_factory=dict)
    by_stem: Held = field(default_factory=dict)

    def find(self, name: str) -> list[str]:
        """The addresses of the files that are called so: several where it cannot be told which, none where none is."""
        path = PurePosixPath(name.removeprefix("file://").replace("\\", "/"))
        found = self.by_name.get(path.name) or self.by_stem.get(path.name) or self.by_stem.get(path.stem, [])
        if len(found) > 1:
            wanted = [part for part in path.with_suffix("").parts if part not in (".", "..", "/")]
            nearer = [uri for uri in found if _parts(uri)[-len(wanted) :] == wanted]
            found = nearer or found
        return found


def _parts(uri: str) -> list[str]:
    return list(PurePosixPath(uri).with_suffix("").parts)


def shelve(sources: Sequence[Source]) -> Shelf:
    """The sources by file name, and by file name without its suffix."""
    by_name: dict[str, list[str]] = {}
    by_stem: dict[str, list[str]] = {}
    for source in sources:
        path = PurePosixPath(source.uri)
        by_name.setdefault(path.name, []).append(source.uri)
        by_stem.setdefault(path.stem, []).append(source.uri)
    return Shelf(by_name, by_stem)
