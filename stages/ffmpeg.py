"""The one door to the ffmpeg programs: commands are built with ffmpeg-python, and run in the sandbox."""

import json
import os
from pathlib import Path
from typing import Any

import ffmpeg
from ffmpeg._utils import convert_kwargs_to_cmd_line_args

from schemas.errors import Reason
from stages import gate, sandbox
from stages.refusal import Refused
from stages.sandbox import Finished, Limits

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv"
MAX_PIXELS = 40_000_000
MAX_STREAMS = 64
_HEX = "hexadecimal:"
WARY: dict[str, Any] = {
    "protocol_whitelist": "file",
    "format_whitelist": FORMATS,
    "max_streams": MAX_STREAMS,
    "max_pixels": MAX_PIXELS,
}
"""Options before every input. Without the format whitelist a text file called .mp4 can open other files."""

PROBING = Limits(wall_s=30, cpu_s=20, memory_bytes=600 << 20, stdout_bytes=4 << 20)
_SHOWN = (
    "format=format_name,duration,start_time:format_tags=:stream=index,codec_type,codec_name,codec_tag_string,width,height,"
    "pix_fmt,color_space,sample_aspect_ratio,time_base,avg_frame_rate,r_frame_rate,duration,start_time,nb_frames,field_order,color_transfer:"
    "stream_tags=DURATION,language:stream_disposition=attached_pic,timed_thumbnails,forced,comment:stream_side_data=rotation:"
    "packet=stream_index:packet_side_data=side_data_type"
)
_PACKETS = "%+#4"
"""Enough to see whether they are encrypted: the header of an encrypted MP4 looks like that of a plain one."""
_SIGNS: tuple[tuple[str, Reason], ...] = (
    ("maximum number of pixels", "too_many_pixels"),
    ("Picture size", "too_many_pixels"),
    ("is encrypted", "encrypted"),
    ("encryption", "encrypted"),
    ("does not contain any stream", "no_video_stream"),
    ("matches no streams", "no_video_stream"),
    ("Decoder (codec", "unsupported_codec"),
    ("No decoder", "unsupported_codec"),
    ("Unknown decoder", "unsupported_codec"),
    ("not on whitelist", "playlist_forbidden"),
    ("Format not on whitelist", "format_not_allowed"),
    ("exceeds max_streams", "undecodable"),
    ("moov atom not found", "truncated"),
    ("Cannot allocate memory", "decode_oom"),
)


def local(path: Path) -> str:
    """The path as ffmpeg wants it: absolute and marked as a file, so that no name is taken for an option or a URL."""
    return f"file:{path.absolute()}"


def _spelt(path: Path) -> str:
    """The same, in hexadecimal where the name is not UTF-8: ffmpeg-python cannot hold such a name."""
    try:
        local(path).encode()
    except UnicodeEncodeError:
        return _HEX + os.fsencode(local(path)).hex()
    return local(path)


def reading(path: Path, **options: Any) -> Any:
    """An ffmpeg-python input node for untrusted footage; ``options`` come before ``-i``, as in ``ffmpeg.input``."""
    return ffmpeg.input(_spelt(path), **WARY, **options)


def command(output: Any) -> list[str]:
    """The argv of an ffmpeg-python output node: quiet, never asking, progress off."""
    quiet = output.global_args("-nostdin", "-hide_banner", "-nostats", "-v", "error")
    argv: list[str] = quiet.compile(cmd="ffmpeg", overwrite_output=True)
    return [os.fsdecode(bytes.fromhex(part[len(_HEX) :])) if part.startswith(_HEX) else part for part in argv]


def probing(path: Path, **options: Any) -> list[str]:
    """The argv of ffprobe, giving JSON on what ``options`` ask for."""
    wary = {**WARY, "v": "error", "hide_banner": None, "of": "json", **options, "i": local(path)}
    return ["ffprobe", *convert_kwargs_to_cmd_line_args(wary)]


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe reads out of the header, as its JSON. Raises ``Refused``.

    Only the named entries are asked for: titles, chapters and attachments are hostile text that nobody needs here.
    """
    gate.admit(path).file.close()
    finished = sandbox.run(probing(path, show_entries=_SHOWN, read_intervals=_PACKETS), PROBING, inputs=(path,))
    if finished.rc or finished.failure:
        raise refusal(finished)
    found: dict[str, Any] = json.loads(finished.stdout.decode("utf-8", "replace"))
    return found | {"messages": finished.stderr_tail}


def refusal(finished: Finished, otherwise: Reason = "undecodable") -> Refused:
    """Why a child could not use its footage: how it ended, else what it said last, else ``otherwise``."""
    said = " ".join(finished.stderr_tail.split())[-400:] or "it said nothing"
    detail = f"{finished.ended}, status {finished.rc}, after {finished.wall_s:.1f} s: {said}"
    said_why = reason_in(finished.stderr_tail) if finished.ended == "exit" else None
    return Refused(said_why or finished.failure or otherwise, detail)


def reason_in(messages: str) -> Reason | None:
    """The reason that ffmpeg's own words give, where they give one."""
    return next((reason for sign, reason in _SIGNS if sign in messages), None)
