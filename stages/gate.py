"""The gate: turns files away by what they are on disk and by their first bytes, before any decoder sees them."""

import errno
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Literal

from schemas.errors import Reason
from stages.refusal import Refused

Container = Literal["mp4", "matroska", "mpegts", "avi", "flv"]
MAX_BYTES = 1 << 40
_HEAD = 8192
_SPARSE_FROM = 1 << 30
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip", b"pnot", b"styp", b"sidx", b"moof", b"uuid")
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"jp2 ", b"crx ")
_OTHERS = {  # formats we know and do not take, by how they begin
    b"\x89PNG": "a PNG picture",
    b"GIF8": "a GIF",
    b"\xff\xd8\xff": "a JPEG picture",
    b"BM": "a BMP picture",
    b"ID3": "an MP3",
    b"fLaC": "FLAC audio",
    b"OggS": "an Ogg file",
    b"\x30\x26\xb2\x75": "Windows Media (ASF)",
    b"\x00\x00\x01\xba": "an MPEG program stream",
    b"\x00\x00\x01\xb3": "a bare MPEG video stream",
    b"\x00\x00\x00\x01": "a bare H.264 or H.265 stream",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip file",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
}
_PLAYLIST = re.compile(
    rb"#EXTM3U|#EXT-X-|ffconcat\s|<MPD\b|\[playlist\]|<smil\b|<asx\b|<SmoothStreamingMedia\b|^v=0\r?\n|^\[Reference\]|^file\s+\S"
    rb"|^(concat|subfile|https?|rtsp|rtmp|file):",
    re.IGNORECASE | re.MULTILINE,
)
_PAGE = re.compile(rb"<!doctype\s+html|<html\b|<head\b|<body\b|<Error>|<\?xml", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What tells one state of a file from another: if any of it differs, the file has changed."""

    device: int
    inode: int
    size_bytes: int
    changed_ns: int


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """An open file that passed the gate, from which only its bytes have been read."""

    file: FileIO
    container: Container
    identity: Identity

    def check(self) -> None:
        """Raise ``Refused("input_changed")`` where the file is no longer what was opened."""
        now = _identity(os.fstat(self.file.fileno()))
        if now != self.identity:
            raise Refused("input_changed", f"{self.identity} when opened, {now} afterwards: wait until it is written")


def admit(path: Path, max_bytes: int = MAX_BYTES) -> Admitted:
    """The open file at ``path``, a regular one in an allowed container. Raises ``Refused`` for every other thing.

    A symbolic link is followed only within its own folder. A pipe is not waited for.
    """
    file, status = _regular(path, max_bytes)
    try:
        head = file.read(_HEAD)
        file.seek(0)
        return Admitted(file=file, container=container_of(head), identity=_identity(status))
    except BaseException:
        file.close()
        raise


def read_beside(path: Path, max_bytes: int) -> bytes:
    """All of a small file that lies beside footage, whatever is in it. Raises ``Refused`` by the rules of ``admit``."""
    file, status = _regular(path, max_bytes)
    with file:
        return file.read(status.st_size)


def _regular(path: Path, max_bytes: int) -> tuple[FileIO, os.stat_result]:
    file = _open(path)
    try:
        status = os.fstat(file.fileno())
        _check_size(status, max_bytes)
    except BaseException:
        file.close()
        raise
    return file, status


def _open(path: Path) -> FileIO:
    try:
        path = _inside(path) if path.is_symlink() else path
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        raise _refusal(error, path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Refused("not_a_file", f"{str(path)!r}: it is a folder, pipe, socket or device, not a regular file")
    return FileIO(descriptor)


def _inside(link: Path) -> Path:
    """Where a link leads, if that lies in the link's own folder: some downloads keep their files behind such links."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise Refused("path_forbidden", f"{str(link)!r}: a symbolic link that leads nowhere") from error
    if not target.is_relative_to(link.parent.resolve()):
        raise Refused("path_forbidden", f"{str(link)!r}: a symbolic link out of its folder: give the file it leads to")
    return target


def _refusal(error: OSError, path: Path) -> Refused:
    reasons: dict[int | None, tuple[Reason, str]] = {
        errno.ENOENT: ("missing", "there is no such file"),
        errno.ENOTDIR: ("missing", "there is no such file"),
        errno.ENAMETOOLONG: ("missing", "the name is longer than the file system allows"),
        errno.ELOOP: ("path_forbidden", "it is a symbolic link: give the file that it leads to"),
        errno.EACCES: ("path_forbidden", "reading it is not permitted"),
        errno.EPERM: ("path_forbidden", "reading it is not permitted"),
        errno.ENXIO: ("not_a_file", "it is a socket or a device"),
    }
    reason, what = reasons.get(error.errno, ("missing", f"it cannot be opened: {error.strerror}"))
    return Refused(reason, f"{str(path)!r}: {what}")


def _check_size(status: os.stat_result, max_bytes: int) -> None:
    if status.st_size == 0:
        raise Refused("empty_file", "it has 0 bytes: download it again")
    if status.st_size > max_bytes:
        raise Refused("decode_budget", f"{status.st_size} bytes, more than the {max_bytes} that max_bytes allows")
    if status.st_size > _SPARSE_FROM and status.st_blocks * 512 < status.st_size // 100:
        raise Refused("truncated", f"{status.st_size} bytes long, but only {status.st_blocks * 512} are on disk")


def container_of(head: bytes) -> Container:
    """The container that a file's first bytes (8 KiB, or all of them) announce. Raises ``Refused`` where it is none."""
    for container, holds in _SIGNS.items():
        if holds(head):
            return container
    raise _describe(head)


def _is_mp4(head: bytes) -> bool:
    return head[4:8] in _BOXES and not (head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS)


def _is_ts(head: bytes) -> bool:
    """Whether packets of 188 or 192 bytes follow each other, from some place in the first one on."""
    return any(
        all(head[at + n * length] == 0x47 for n in range(1, min(8, (len(head) - at - 1) // length + 1)))
        for length in (188, 192)
        for at in range(length)
        if len(head) > at + 4 * length and head[at] == 0x47
    )


_SIGNS: dict[Container, Callable[[bytes], bool]] = {
    "mp4": _is_mp4,
    "matroska": lambda head: head.startswith(b"\x1a\x45\xdf\xa3"),
    "avi": lambda head: head.startswith(b"RIFF") and head[8:12] == b"AVI ",
    "flv": lambda head: head.startswith(b"FLV\x01"),
    "mpegts": _is_ts,
}


def _describe(head: bytes) -> Refused:
    """Why these first bytes are turned away, as closely as can be told."""
    text = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if not head.strip(b"\0"):
        return Refused("not_media", "it begins with nothing but zero bytes: download it again")
    for start, what in _OTHERS.items():
        if head.startswith(start):
            return Refused("format_not_allowed", f"{what}; allowed are MP4/MOV, Matroska/WebM, MPEG-TS, AVI and FLV")
    if head[4:8] == b"ftyp":
        return Refused("format_not_allowed", f"a picture in MP4 clothing, brand {head[8:12]!r}")
    if _PLAYLIST.search(text.replace(b"\0", b"")):
        return Refused("playlist_forbidden", f"a playlist, which may point anywhere: {text[:60]!r}")
    if _PAGE.search(text) or text[:1] in (b"{", b"["):
        return Refused("download_error_page", f"a web page or an error message: {text[:60]!r}; download it again")
    with suppress(UnicodeDecodeError):
        return Refused("not_media", f"a text file: {head[:200].decode()[:60]!r}")
    return Refused("not_media", f"its first bytes {head[:12].hex(' ')} belong to no allowed container")


def _identity(status: os.stat_result) -> Identity:
    return Identity(device=status.st_dev, inode=status.st_ino, size_bytes=status.st_size, changed_ns=status.st_mtime_ns)
