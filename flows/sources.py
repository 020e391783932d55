"""What the user gave, as sources: files, folders, patterns and manifests become one list of files to look at.

Nothing is opened here but manifests: whether a file is footage is for the gate to say, so every file that is named
comes out as a source, however odd. Only inside folders are files without a video's suffix passed over, and counted.
"""

import glob
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from flows.sources_beside import Beside
from flows.sources_manifest import MANIFESTS, read
from schemas.errors import BadInput
from schemas.media import Source
from schemas.units import SourceId

# fmt: off
SUFFIXES = frozenset((
    ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".h264", ".h265", ".hevc",
    ".ivf", ".m1v", ".m2t", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg",
    ".mts", ".mxf", ".nut", ".obu", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob", ".webm",
    ".wmv", ".y4m",
))
# fmt: on
"""Suffixes that make a file inside a folder a source. A file that is named itself needs none of them."""

Provenance = Mapping[str, str | None]
Places = Iterator[tuple[str, Provenance]]


@dataclass
class Found:
    """What was found: the sources in a stable order, and how many files inside folders were passed over, by suffix.

    Nothing inside the folder ``but_not`` is a source.
    """

    sources: list[Source] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    but_not: str = ""


def find(videos: Sequence[str], but_not: Path | None = None) -> Found:
    """The sources behind what the user gave. A path comes once however often it is named, links resolved.

    A link that leads out of the folder it was found in stays a link, for the gate to turn away: whoever could lay it
    there must not choose which of this machine's files are read. A link to such a folder is passed over.
    What lies in the folder ``but_not``, where the dataset itself grows, is passed over. The ``source_id`` is empty:
    dealing gives it. Raises BadInput when a name leads nowhere or nothing is a source.
    """
    found = Found(but_not=os.path.realpath(but_not) if but_not else "")
    by_path: dict[str, Source] = {}
    beside = Beside()
    for given in videos:
        for path, provenance in _places(given, found):
            known = by_path.get(path)
            if known is None or (provenance and not (known.license or known.origin or known.title)):
                by_path[path] = _source(path, provenance, beside)
    found.sources = list(by_path.values())
    if not found.sources:
        raise BadInput(_nothing(videos, found.passed_over))
    return found


def _nothing(videos: Sequence[str], passed_over: Counter[str]) -> str:
    kinds = ", ".join(f"{count} {suffix or 'without suffix'}" for suffix, count in passed_over.most_common(5))
    seen = f"; passed over: {kinds}; name a file itself to have it looked at whatever its suffix" if kinds else ""
    return f"no video in {', '.join(map(repr, videos))}{seen}"


def _places(given: str, found: Found) -> Places:
    """The paths (or addresses) behind one thing that the user gave, each with its provenance."""
    if given.startswith("file://"):
        given = os.fsdecode(unquote_to_bytes(given.removeprefix("file://")))
    if "://" in given:
        yield given, {}
    elif Path(given).is_dir():
        root = os.path.realpath(given)
        yield from ((path, {}) for path in _walk(root, root, found, set()))
    elif Path(given).suffix.lower() in MANIFESTS and Path(given).is_file():
        yield from _listed(Path(given))
    elif os.path.lexists(given):
        yield resolved(given), {}
    elif glob.has_magic(given):
        yield from _matches(given, found)
    else:
        raise BadInput(f"no such file or folder: {given!r} (looked in {Path.cwd()}); check the path")


def _matches(pattern: str, found: Found) -> Places:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 -- Path.glob takes no absolute pattern
    if not matches:
        raise BadInput(f"nothing matches the pattern {pattern!r} (looked in {Path.cwd()}); check it, or give a folder")
    for match in matches:
        yield from _places(glob.escape(match) if not os.path.lexists(match) else match, found)


def _walk(root: str, folder: str, found: Found, seen: set[tuple[int, int]]) -> Iterator[str]:
    """The video files below a folder, in order of name, through links to folders within ``root``, each folder once."""
    here = Path(folder).stat()
    if (here.st_dev, here.st_ino) in seen or folder == found.but_not:
        return
    seen.add((here.st_dev, here.st_ino))
    for entry in _entries(folder):
        if entry.name.startswith("."):
            continue
        path = resolved(entry.path, root) if entry.is_symlink() else entry.path
        if entry.is_dir():
            if os.path.islink(path):  # noqa: PTH114
                found.passed_over["a link out of its folder"] += 1
            else:
                yield from _walk(root, path, found, seen)
        elif (suffix := os.path.splitext(entry.name)[1].lower()) in SUFFIXES:  # noqa: PTH122 -- called 100,000 times
            yield path
        else:
            found.passed_over[suffix] += 1


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise BadInput(
            f"cannot list the folder {folder!r}: {error.strerror}; make it readable, or leave it out"
        ) from None


def resolved(path: str, root: str = "") -> str:
    """The path with every link resolved; but a file's own link out of ``root``, without one its folder, stays a link.

    Folders are remembered: among 100,000 files few folders are new.
    """
    folder, name = os.path.split(path)
    if name in ("", ".", ".."):
        return os.path.realpath(path)
    here = os.path.join(_folder(folder), name)  # noqa: PTH118
    if not os.path.islink(path):  # noqa: PTH114 -- called 100,000 times
        return here
    real, root = os.path.realpath(path), _folder(root or folder)
    return real if os.path.commonpath((root, real)) == root else here


@lru_cache(maxsize=1024)
def _folder(path: str) -> str:
    return os.path.realpath(path)


def _listed(manifest: Path) -> Places:
    """The places that a manifest names, relative to the manifest's folder."""
    folder = os.path.realpath(manifest.parent)
    for uri, provenance in read(manifest):
        if uri.startswith("file://"):
            yield resolved(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://")))), provenance
        else:
            yield uri if "://" in uri else resolved(os.path.join(folder, uri)), provenance  # noqa: PTH118


def _source(path: str, provenance: Provenance, beside: Beside) -> Source:
    """A source, which has changed when the file has, or subtitles or queries beside it."""
    size, changed_us = _facts(path)
    changed_us = max(changed_us, beside.changed_us(path))
    return Source(source_id=SourceId(""), uri=address(path), size_bytes=size, changed_us=changed_us, **provenance)


def _facts(path: str) -> tuple[int, int]:
    """Size in bytes and time of change in microseconds; zeros for what is not there, which the gate then turns away."""
    try:
        found = Path(path).stat()
    except OSError:
        return 0, 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0, max(0, found.st_mtime_ns // 1000)


def address(path: str) -> str:
    """The path as a row can hold it: itself, or a percent-encoded ``file://`` address where its bytes are no UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return "file://" + quote_from_bytes(os.fsencode(path))
    return path
