"""A container's own marks: gaps in a broadcast's counters, frames that do not begin, AVI's broken chain of chunks."""

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from stages.marks import Mark, marks

FILM, OTHER = 256, 17
HEADER = b"\0\0\1\xe0\0\0\x80\x80\x05!\0\1\0\1"
"""How a frame begins: the prefix, and that its time follows."""


def packet(counter: int, body: bytes = b"", *, pid: int = FILM, is_start: bool = False, flags: int = 0) -> bytes:
    """A packet of 188 bytes, filled up with stuffing behind its flags; ``flags`` 0x80 tells of a gap."""
    head = struct.pack(">BHB", 0x47, is_start << 14 | pid, 0x30 | counter % 16)
    room = 188 - 4 - 2 - len(body)
    return head + bytes([room + 1, flags]) + b"\xff" * room + body


def frames(n: int, each: int = 3) -> list[bytes]:
    """The packets of so many frames, with some of another stream between them."""
    found, counter = [], 0
    for number in range(n):
        for part in range(each):
            body = HEADER if part == 0 else bytes([number % 256]) * 100
            found.append(packet(counter, body, is_start=part == 0))
            counter += 1
        found.append(packet(number, b"sound", pid=OTHER))
    return found


def marked(path: Path, packets: Iterable[bytes], container: str = "mpegts") -> list[Mark]:
    path.write_bytes(b"".join(packets))
    return list(marks(path, container, FILM))


def broken(path: Path, packets: Iterable[bytes], container: str = "mpegts") -> list[float]:
    return [one.at for one in marked(path, packets, container) if one.is_broken]


def test_where_frames_begin_is_told_and_nothing_is_broken(tmp_path: Path) -> None:
    found = marked(tmp_path / "a", frames(40))
    assert found == [Mark(number * 4 * 188, is_broken=False) for number in range(40)]


def test_a_gap_is_where_its_counter_jumps(tmp_path: Path) -> None:
    packets = frames(10)
    del packets[13:15]
    assert broken(tmp_path / "a", packets) == [14 * 188]


def test_a_frame_that_is_lost_as_a_whole_leaves_a_gap(tmp_path: Path) -> None:
    packets = frames(10)
    del packets[12:16]
    assert broken(tmp_path / "a", packets) == [12 * 188]


def test_gaps_in_other_streams_are_none_of_the_film(tmp_path: Path) -> None:
    packets = frames(10)
    del packets[15]
    assert broken(tmp_path / "a", packets) == []


def test_a_packet_sent_twice_and_a_gap_that_is_told_are_right(tmp_path: Path) -> None:
    packets = frames(4)
    packets.insert(6, packets[5])
    packets += [packet(9, HEADER, is_start=True, flags=0x80), packet(10, b"x")]
    assert broken(tmp_path / "a", packets) == []


def test_another_packet_with_the_same_counter_is_wrong(tmp_path: Path) -> None:
    packets = frames(4)
    packets.insert(6, packet(4, b"something else"))
    assert broken(tmp_path / "a", packets) == [6 * 188]


def test_where_packets_stop_and_where_they_go_on_without_a_gap_is_broken_once(tmp_path: Path) -> None:
    packets = frames(10)
    packets.insert(20, b"\0" * 77)
    assert broken(tmp_path / "a", packets) == [20 * 188]


def test_what_says_that_it_begins_a_frame_and_does_not_is_wrong(tmp_path: Path) -> None:
    packets = frames(10)
    packets[8] = packets[8].replace(b"\0\0\1\xe0", b"\0\0\0\xe0")
    assert broken(tmp_path / "a", packets) == [8 * 188]


def test_what_was_received_badly_says_so(tmp_path: Path) -> None:
    packets = frames(10)
    packets[9] = packets[9][:1] + bytes([packets[9][1] | 0x80]) + packets[9][2:]
    assert broken(tmp_path / "a", packets) == [9 * 188]


@pytest.mark.parametrize(("ahead", "after"), [(b"\1\2\3\4", b""), (b"", b"c" * 16)], ids=["192", "204"])
def test_longer_packets_are_read_alike(tmp_path: Path, ahead: bytes, after: bytes) -> None:
    packets = [ahead + one + after for one in frames(10)]
    del packets[12:16]
    size = 188 + len(ahead + after)
    assert broken(tmp_path / "a", packets) == [12 * size + len(ahead)]


def test_a_broadcast_of_many_blocks_is_read_as_one(tmp_path: Path) -> None:
    packets = frames(20_000)
    del packets[66_000:66_002]
    assert broken(tmp_path / "a", packets) == [66_000 * 188]


def test_what_has_no_packets_has_no_marks(tmp_path: Path) -> None:
    assert marked(tmp_path / "a", [b"no broadcast" * 1000]) == []
    assert marked(tmp_path / "a", []) == []
    assert marked(tmp_path / "a", frames(10), "matroska") == []


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def chunks(n: int) -> list[bytes]:
    """An AVI of so many frames, as its chunks; lists are opened and never closed."""
    return [b"RIFF\0\0\0\0AVI ", chunk(b"avih", bytes(56)), b"LIST\0\0\0\0movi", *[chunk(b"00dc", b"f" * 21)] * n]


def test_a_whole_chain_of_chunks_is_not_broken(tmp_path: Path) -> None:
    assert marked(tmp_path / "a", [*chunks(50), chunk(b"idx1", b"index")], "avi") == []


@pytest.mark.parametrize("bad", [b"\0" * 30, chunk(b"00dc", b"f" * 21)[3:], b"00dc\xff\xff\xff\x7f" + b"f" * 22])
def test_the_first_chunk_that_is_none_is_broken(tmp_path: Path, bad: bytes) -> None:
    found = chunks(50)
    found[20] = bad
    assert broken(tmp_path / "a", found, "avi") == [len(b"".join(found[:20]))]
