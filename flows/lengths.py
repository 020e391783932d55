"""How long footage is, before it is identified: what its headers claim."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path

from infra.env import local
from schemas.media import Source
from schemas.units import VideoId
from stages import gate
from stages.decode import probed
from stages.ffmpeg import probe
from stages.refusal import Refused

MOST_PROBED = 200
MINUTE_US = 60_000_000


def minutes(sources: Sequence[Source]) -> dict[str, float]:
    """Minutes by address; 0 for what no film can be read from, and for a copy of another.

    Some ``MOST_PROBED`` files on local disks are opened, evenly spread; the others are taken to be as long as these by
    their bytes.
    """
    here = {source.uri: path for source in sources if (path := local(source.uri)) is not None}
    step = max(1, -(-len(here) // MOST_PROBED))
    claimed = {uri: _minutes(here[uri]) for uri in sorted(here)[::step]}
    sizes = {source.uri: source.size_bytes for source in sources}
    per_byte = sum(claimed.values()) / max(1, sum(sizes[uri] for uri, length in claimed.items() if length))
    found = {uri: claimed.get(uri, per_byte * size) for uri, size in sizes.items()}
    return found | dict.fromkeys(_copies(here, sizes), 0.0)


def _minutes(path: Path) -> float:
    try:
        return (probed(VideoId(""), probe(path)).duration_us_claimed or 0) / MINUTE_US
    except Refused:
        return 0.0


def _copies(here: Mapping[str, Path], sizes: Mapping[str, int]) -> Iterable[str]:
    """The files whose content came before. Only what is of equal size is read."""
    alike: dict[int, list[str]] = defaultdict(list)
    for uri in here:
        alike[sizes[uri]].append(uri)
    for uris in alike.values():
        seen: set[bytes] = set()
        for uri in sorted(uris) if len(uris) > 1 else ():
            try:
                with gate.admit(here[uri]).file as file:
                    content = file_digest(file, "sha256").digest()
            except (Refused, OSError):
                continue
            if content in seen:
                yield uri
            seen.add(content)
