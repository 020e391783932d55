"""MP4 boxes, taken apart and put together again: for headers that lie."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from struct import pack, pack_into, unpack_from

from tests.footage import X264, encode

_HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}


@dataclass
class Box:
    """A box: its kind, and either its bytes or the boxes inside."""

    kind: bytes
    body: bytearray
    inside: list["Box"]

    def __getitem__(self, path: str) -> "Box":
        """The first box at a path such as ``trak/mdia``."""
        kind, _, rest = path.partition("/")
        found = next(one for one in self.inside if one.kind == kind.encode())
        return found[rest] if rest else found

    def written(self) -> bytes:
        """The box as bytes."""
        body = b"".join(one.written() for one in self.inside) if self.kind in _HOLDERS else bytes(self.body)
        return pack(">I4s", len(body) + 8, self.kind) + body


def boxes(content: bytes) -> list[Box]:
    """The boxes that follow each other in ``content``; sizes of 32 bits only."""
    found, at = [], 0
    while at + 8 <= len(content):
        size, kind = unpack_from(">I4s", content, at)
        body = content[at + 8 : at + size]
        found.append(Box(kind, bytearray(body), boxes(body) if kind in _HOLDERS else []))
        at += size
    return found


def lying(path: Path, lie: Callable[[Box], None]) -> Path:
    """A small film whose ``moov`` box was changed by ``lie``. The index comes last, so the pictures stay in place."""
    made = boxes(encode(path, *X264).read_bytes())
    lie(next(box for box in made if box.kind == b"moov"))
    path.write_bytes(b"".join(box.written() for box in made))
    return path


_TABLE = "trak/mdia/minf/stbl"


def index_bomb(moov: Box) -> None:
    """Sixty million frames of one byte each, listed in a few bytes."""
    n = 60_000_000
    table = moov[_TABLE]
    table.inside = [box for box in table.inside if box.kind not in (b"ctts", b"stss")]
    table["stsz"].body[:] = pack(">III", 0, 1, n)
    table["stts"].body[:] = pack(">IIII", 0, 1, n, 512)
    table["stsc"].body[:] = pack(">IIIII", 0, 1, 1, n, 1)
    table["stco"].body[:] = pack(">III", 0, 1, 48)


def endless(moov: Box) -> None:
    """An edit list that plays the three seconds twenty thousand times."""
    (scale,) = unpack_from(">I", moov["mvhd"].body, 12)
    play = pack(">Iihh", 3 * scale, 0, 1, 0)
    moov["trak/edts"].inside = [Box(b"elst", bytearray(pack(">II", 0, 20_000) + play * 20_000), [])]


def same_times(moov: Box) -> None:
    """Every frame is decoded at the same time."""
    pack_into(">I", moov[f"{_TABLE}/stts"].body, 12, 0)


def past_the_end(moov: Box) -> None:
    """The frames lie where the file has ended long ago."""
    offsets = moov[f"{_TABLE}/stco"].body
    offsets[8:] = pack(">I", 0x7FFFFF00) * ((len(offsets) - 8) // 4)


def unknown_codec(moov: Box) -> None:
    """A codec that nobody has heard of."""
    moov[f"{_TABLE}/stsd"].body[12:16] = b"zzzz"


def no_length(moov: Box) -> None:
    """The film lasts for no time at all."""
    pack_into(">I", moov["mvhd"].body, 16, 0)
    pack_into(">I", moov["trak/mdia/mdhd"].body, 16, 0)
