"""A small collection of hostile files and names, made on the spot, each with the one outcome that is right for it."""

import os
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from tests import footage
from tests.chaos import boxes
from tests.footage import X264, clip, ffmpeg

COPIES = "the same film, whatever its name"
PNG, GIF = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x32\xc8", b"GIF89a\xff\xff\xff\xff\x80\0\0"
Make = Callable[[Path], object]

_HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
_MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{}\n"
_DASH = '<?xml version="1.0"?>\n<MPD type="static"><Period><BaseURL>{}</BaseURL></Period></MPD>\n'
_TEXTS = {
    "zero.mp4": ("empty_file", ""),
    "one.mp4": ("not_media", "x"),
    "nulls.mp4": ("not_media", "\0" * 9000),
    "page.mp4": ("download_error_page", "<!doctype html><title>403 Forbidden</title>"),
    "error.mp4": ("download_error_page", '{"error": {"code": 429}}'),
    "list.mp4": ("playlist_forbidden", _HLS.format("sibling.ts")),
    "list.m3u8": ("playlist_forbidden", _HLS.format("file://{here}/secret/token.txt")),
    "far.mp4": ("playlist_forbidden", _HLS.format("http://127.0.0.1:{port}/a.ts")),
    "master.m3u8": ("playlist_forbidden", _MASTER.format("http://127.0.0.1:{port}/b.m3u8")),
    "masked.mp4": ("playlist_forbidden", _MASTER.format("file://{here}/secret/child.txt")),
    "concat.mp4": ("playlist_forbidden", "ffconcat version 1.0\nfile sibling.ts\n"),
    "self.mp4": ("playlist_forbidden", "ffconcat version 1.0\nfile self.mp4\n"),
    "thousands.mp4": ("playlist_forbidden", "ffconcat version 1.0\n" + "file sibling.ts\n" * 3000),
    "dash.mp4": ("playlist_forbidden", _DASH.format("file://{here}/secret/red.mp4")),
    "call.mp4": ("playlist_forbidden", "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n"),
    "asx.mp4": ("playlist_forbidden", "[reference]\nRef1=http://127.0.0.1:{port}/c\n"),
}
_NAMES = (
    *("-i.mp4", "--help.mp4", 'it\'s "quoted".mp4', "new\nline.mp4", "$(touch PWNED).mp4", ";touch PWNED;.mp4"),
    *("12:30 talk.mp4", "http:x.mp4", "concat:x|y.mp4", "pipe:0.mp4", "frame%03d.mp4", "glob*[1]?.mp4", " spaces .mp4"),
    *(
        ".hidden.mp4",
        "noext",
        "видео😀.mp4",
        "rtl\u202egpj.mp4",
        "bad\udcff\udcfe.mp4",
        "x" * 251 + ".mp4",
        "nul\x01.mp4",
    ),
)


def make(folder: Path, port: int) -> dict[Path, str]:
    """All of them with their outcomes, and beside them what they point to; ``port`` is where they call."""
    (folder / "secret").mkdir(parents=True)
    (folder / "names").mkdir()
    good = clip("plain").path
    for name in ("sibling.ts", "secret/red.ts"):
        shutil.copyfile(clip("transport stream").path, folder / name)
    for name in ("secret/token.txt", "secret/child.txt"):
        (folder / name).write_text("TOP SECRET\n")
    wanted = {}
    for name, (outcome, text) in _TEXTS.items():
        (folder / name).write_text(text.replace("{here}", str(folder)).replace("{port}", str(port)))
        wanted[folder / name] = outcome
    for outcome, made in _MEDIA.items():
        for name, make_it in made.items():
            make_it(folder / name)
            wanted[folder / name] = outcome
    for name in _NAMES:
        shutil.copyfile(good, folder / "names" / name)
        wanted[folder / "names" / name] = COPIES
    return wanted | _inodes(folder / "names")


def _inodes(folder: Path) -> dict[Path, str]:
    """Links that lead astray, and what is no file at all."""
    links = {"passwd": "/etc/passwd", "secret": "../secret/red.ts", "loop": "loop.mp4", "zero": "/dev/zero"}
    for name, target in links.items():
        (folder / f"{name}.mp4").symlink_to(target)
    os.mkfifo(folder / "fifo.mp4")
    (folder / "dir.mp4").mkdir()
    astray = {folder / f"{name}.mp4": "path_forbidden" for name in links}
    return astray | {folder / "fifo.mp4": "not_a_file", folder / "dir.mp4": "not_a_file"}


def _bytes(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def _copy(kind: str, *, end: float = 1, times: int = 1) -> Make:
    """The first part of a clip's bytes, or all of them several times."""

    def made(path: Path) -> None:
        content = clip(kind).path.read_bytes()
        path.write_bytes(content[: round(len(content) * end)] * times)

    return made


def _remade(*options: str, kind: str = "plain") -> Make:
    return lambda path: ffmpeg("-i", str(clip(kind).path), *options, str(path))


def _sparse(path: Path) -> None:
    shutil.copyfile(clip("plain").path, path)
    os.truncate(path, 1 << 40)


def _resized(path: Path) -> None:
    parts = [footage.encode(path.with_name(f"part{n}.ts"), *X264, size=(96 * n, 64 * n)) for n in (1, 2)]
    ffmpeg("-itsoffset", "3", "-i", str(parts[1]), "-c", "copy", "-copyts", str(path.with_name("later.ts")))
    path.write_bytes(parts[0].read_bytes() + path.with_name("later.ts").read_bytes())


def _lie(lie: Callable[[boxes.Box], None]) -> Make:
    return lambda path: boxes.lying(path, lie)


_MEDIA: Mapping[str, Mapping[str, Make]] = {
    "kept": {
        "mkv.mkv": _remade("-c", "copy"),
        "live.mkv": _remade("-c", "copy", "-live", "1", kind="open GOP"),
        "variable.mp4": _copy("variable rate"),
        "negative.mkv": _copy("negative times"),
        "late cut.mp4": _copy("cut by copy, late"),
        "turned.mp4": _copy("turned by 90"),
        "cover.mkv": _copy("with a cover"),
        "long sound.mp4": _copy("sound lasts longer"),
        "half.ts": _copy("transport stream", end=0.5),
        "no length.mp4": _lie(boxes.no_length),
        "title.mp4": _remade("-c", "copy", "-metadata", "title=<script>alert(1)</script>'; DROP TABLE videos; --"),
    },
    "flagged": {
        "half.mkv": _copy("open GOP in Matroska", end=0.6),
        "half.mp4": lambda path: footage.cut_short(path, 0.6),
        "fragments.mp4": _copy("fragmented", end=0.7),  # its last fragment says what was in it
    },
    "truncated": {"no index.mp4": _copy("one keyframe", end=0.6), "hole.mp4": _sparse},
    "not_media": {"random.mp4": _bytes(random.Random(1).randbytes(9000).replace(b"G", b"g"))},
    "format_not_allowed": {
        "raw.mp4": _remade("-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264"),
        "huge.png.mp4": _bytes(PNG + bytes(99)),
        "huge.gif.mp4": _bytes(GIF + bytes(99)),
    },
    "no_video_stream": {"sound.mp4": footage.sound_only},
    "unsupported_codec": {"unknown.mp4": _lie(boxes.unknown_codec)},
    "encrypted": {"encrypted.mp4": footage.encrypted},
    "too_small": {"tiny.mp4": lambda path: footage.encode(path, *X264, size=(8, 8))},
    "too_many_pixels": {"huge.mp4": lambda path: shutil.copyfile(footage.huge(), path)},
    "no_frames": {"past the end.mp4": _lie(boxes.past_the_end)},
    "timestamps": {"twice.ts": _copy("transport stream", times=2), "same times.mp4": _lie(boxes.same_times)},
    "size_change": {"resized.ts": _resized},
    "decode_budget": {"index bomb.mp4": _lie(boxes.index_bomb), "endless.mp4": _lie(boxes.endless)},
}
