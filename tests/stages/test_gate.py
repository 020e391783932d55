"""What the gate lets in, and why it turns the rest away."""

import os
import random
import socket
from pathlib import Path

import pytest

from stages import gate
from stages.refusal import Refused
from tests import footage

MP4 = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(100)
TS = (b"G" + bytes(187)) * 8
TEXTS = {
    b"": "empty_file",
    bytes(70_000): "not_media",
    random.Random(7).randbytes(9000).replace(b"G", b"x").replace(b"\0", b"y"): "not_media",
    b"hello, this is a note about a film": "not_media",
    b"<!doctype html><html><title>403 Forbidden</title>": "download_error_page",
    b"\xef\xbb\xbf\n <HTML><body>": "download_error_page",
    b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>': "download_error_page",
    b'{"error": {"code": 429}}': "download_error_page",
    b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd": "playlist_forbidden",
    b"\n\nffconcat version 1.0\nfile sibling.ts": "playlist_forbidden",
    b"file 'sibling.ts'\n": "playlist_forbidden",
    b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">': "playlist_forbidden",
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n": "playlist_forbidden",
    b"[Reference]\nRef1=http://127.0.0.1/": "playlist_forbidden",
    b"http://127.0.0.1/film.mp4": "playlist_forbidden",
    b"\x89PNG\r\n\x1a\n" + bytes(99): "format_not_allowed",
    b"GIF89a" + bytes(99): "format_not_allowed",
    b"\0\0\0\x01\x67\x64" + bytes(99): "format_not_allowed",
    b"\0\0\0\x20ftypavif" + bytes(99): "format_not_allowed",
    b"RIFF\0\0\0\0WAVEfmt " + bytes(99): "not_media",
}


@pytest.mark.parametrize(("content", "reason"), TEXTS.items(), ids=range(len(TEXTS)))
def test_what_is_no_footage_is_turned_away_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        gate.admit(path)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (MP4, "mp4"),
        (b"\0\0\0\x08wide\0\0\1\0mdat", "mp4"),
        (b"\x1a\x45\xdf\xa3" + bytes(99), "matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"FLV\x01\x05" + bytes(99), "flv"),
        (TS, "mpegts"),
        (TS[77:], "mpegts"),
        (b"".join(b"\0\0\0\0G" + bytes(187) for _ in range(8)), "mpegts"),
    ],
)
def test_containers_are_known_by_their_first_bytes(head: bytes, container: str) -> None:
    assert gate.container_of(head) == container


@pytest.mark.parametrize("kind", ["plain", "negative times", "transport stream", "AVI", "flash", "ProRes", "VP9"])
def test_real_footage_is_let_in(kind: str) -> None:
    admitted = gate.admit(footage.clip(kind).path)
    with admitted.file as file:
        assert file.read() == footage.clip(kind).path.read_bytes()
        admitted.check()


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path / "none" / "none.mp4", tmp_path / ("n" * 300)):
        with pytest.raises(Refused, match="missing"):
            gate.admit(path)


def test_a_link_out_of_its_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "secret.mp4").write_bytes(MP4)
    (tmp_path / "given" / "film.mp4").symlink_to(tmp_path / "secret.mp4")
    (tmp_path / "given" / "loop.mp4").symlink_to("loop.mp4")
    (tmp_path / "given" / "gone.mp4").symlink_to("none.mp4")
    for name in ("film", "loop", "gone"):
        with pytest.raises(Refused, match="path_forbidden"):
            gate.admit(tmp_path / "given" / f"{name}.mp4")


def test_a_link_within_its_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a1b2").write_bytes(MP4)
    (tmp_path / "film.mp4").symlink_to("content/a1b2")
    with gate.admit(tmp_path / "film.mp4").file as file:
        assert file.read() == MP4


def test_a_pipe_a_folder_a_socket_and_a_device_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.mp4"))
        for path in (*(tmp_path / f"{name}.mp4" for name in ("pipe", "folder", "socket")), Path("/dev/zero")):
            with pytest.raises(Refused, match="not_a_file"):
                gate.admit(path)


def test_a_file_that_is_mostly_hole_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(MP4)
    os.truncate(path, 1 << 34)
    with pytest.raises(Refused, match="truncated"):
        gate.admit(path)


def test_a_file_above_the_cap_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(MP4)
    with pytest.raises(Refused, match=r"decode_budget.*100"):
        gate.admit(tmp_path / "film.mp4", max_bytes=100)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(MP4)
    admitted = gate.admit(path)
    with admitted.file:
        path.write_bytes(MP4 + b"more")
        with pytest.raises(Refused, match="input_changed"):
            admitted.check()
