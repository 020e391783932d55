"""What a file is and what its header claims: the stages before anything is decoded."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from schemas.media import Probe, Source, Video
from schemas.rejects import Reject, reject
from schemas.units import Bytes, VideoId
from stages import ffmpeg, gate, streams
from stages.refusal import Refused
from stages.stage import Env, Needs, Stage, groups
from stages.streams import Candidate

MIN_SIDE_PX = 16
CODECS = (
    *("av1", "vp6", "vp6f", "vp8", "vp9", "theora", "h261", "h263", "h264", "hevc", "vc1", "wmv1", "wmv2", "wmv3"),
    *("mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v2", "msmpeg4v3", "flv1", "svq3", "mjpeg", "png"),
    *("cfhd", "dnxhd", "ffv1", "ffvhuff", "huffyuv", "prores", "rawvideo", "utvideo", "v210"),
)
"""Decoders that footage needs. What is left out is old, rare and little tested: a way in for hostile files."""

_LATEST_US = 2**53
_HDR = ("smpte2084", "arib-std-b67")
_INTERLACED = ("tt", "bb", "tb", "bt")


class IdentifyVideos(Stage[Source, Video, Env], version=1, needs=Needs(memory_gb=0.2), group_by="size_bytes"):
    """Let regular files in allowed containers in, each known by the hash of its content; a copy is turned away.

    Copies have equal sizes, so a group holds all copies within a part; the first by id stays. No decoder is involved.
    ``max_bytes`` is the largest file that will be read.
    """

    max_bytes: Bytes = gate.MAX_BYTES

    def open(self, env: Env) -> Env:
        """The door to local files."""
        return env

    def run(self, rows: Sequence[Source], tool: Env) -> Iterator[Video | Reject]:
        """A video for each source that can be one."""
        return chain.from_iterable(self._distinct(group, tool) for group in groups(rows, "size_bytes"))

    def _distinct(self, group: Sequence[Source], env: Env) -> Iterator[Video | Reject]:
        first: dict[VideoId, Source] = {}
        for source in group:
            try:
                video = self._identify(source, env.path(source.uri))
            except Refused as refused:
                yield reject(self, source, refused.reason, refused.detail)
                continue
            original = first.setdefault(video.video_id, source)
            if original is source:
                yield video
            else:
                yield reject(self, source, "duplicate", f"the same content as {original.uri!r}, {video.video_id}")

    def _identify(self, source: Source, path: Path) -> Video:
        admitted = gate.admit(path, self.max_bytes)
        with admitted.file as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            admitted.check()
        if admitted.identity.size_bytes != source.size_bytes:
            raise Refused("input_changed", f"{source.size_bytes} bytes when listed, {admitted.identity.size_bytes} now")
        return Video(
            video_id=VideoId(sha256[:16]),
            source_id=source.source_id,
            uri=source.uri,
            size_bytes=source.size_bytes,
            sha256=sha256,
            container=admitted.container,
            license=source.license,
            origin=source.origin,
            title=source.title,
        )


class ProbeVideos(Stage[Video, Probe, Env], version=2, needs=Needs(memory_gb=0.6), batch_rows=16):
    """What ffprobe finds in each video's header, of the stream that is the film. Nothing is believed, only noted."""

    def open(self, env: Env) -> Env:
        """The door to local files."""
        return env

    def run(self, rows: Sequence[Video], tool: Env) -> Iterator[Probe | Reject]:
        """A probe for each video that has a film in it which we can read."""
        for video in rows:
            try:
                yield _plausible(probed(video.video_id, ffmpeg.probe(tool.path(video.uri))), video.size_bytes)
            except Refused as refused:
                yield reject(self, video, refused.reason, refused.detail)


def _plausible(probe: Probe, size_bytes: int) -> Probe:
    """The probe, unless its index alone would fill the memory of whatever reads the file."""
    n_frames = probe.n_frames_claimed or 0
    if n_frames > max(size_bytes, 1000):
        raise Refused("decode_budget", f"{n_frames} frames claimed in {size_bytes} bytes: no such film exists")
    return probe


def probed(video_id: VideoId, found: dict[str, Any]) -> Probe:
    """The probe in ffprobe's JSON. Raises ``Refused`` where there is no film in it, or none that may be decoded.

    ``rotation_deg`` is the clockwise turn that shows the pictures upright; the shown size has it, and the pixels'
    aspect, in it. ``duration_us_claimed`` is the film's own; sound may go on for longer.
    """
    stream = film(found)
    width, height = int(stream.get("width", 0)), int(stream.get("height", 0))
    _check(stream, width, height, found)
    turns = [side["rotation"] for side in stream.get("side_data_list", ()) if "rotation" in side]
    turn = streams.clockwise(float(turns[0])) if turns else 0
    aspect = float(_fraction(stream.get("sample_aspect_ratio", "1:1").replace(":", "/")) or 1)
    shown_width, shown_height = streams.shown_size(width, height, aspect, turn)
    rate = _fraction(stream.get("avg_frame_rate")) or _fraction(stream.get("r_frame_rate"))
    return Probe(
        video_id=video_id,
        stream_index=stream["index"],
        codec=stream["codec_name"],
        pixel_format=stream.get("pix_fmt"),
        width_px_claimed=width,
        height_px_claimed=height,
        shown_width_px_claimed=shown_width,
        shown_height_px_claimed=shown_height,
        rotation_deg=turn,
        sample_aspect=aspect,
        rate_hz_claimed=float(rate) if rate else None,
        duration_us_claimed=_duration_us(stream, found),
        start_us_claimed=_micros(stream.get("start_time")),
        n_frames_claimed=int(stream["nb_frames"]) if str(stream.get("nb_frames", "")).isdigit() else None,
        has_audio=any(other.get("codec_type") == "audio" for other in found.get("streams", ())),
        is_hdr=stream.get("color_transfer") in _HDR,
        is_interlaced=stream.get("field_order") in _INTERLACED,
    )


def film(found: dict[str, Any]) -> dict[str, Any]:
    """The stream that is the film, in ffprobe's JSON. Raises ``Refused("no_video_stream")``."""
    videos = {one["index"]: one for one in found.get("streams", ()) if one.get("codec_type") == "video"}
    chosen = streams.best(_candidate(one, found) for one in videos.values())
    if chosen is None:
        kinds = sorted({str(one.get("codec_type")) for one in found.get("streams", ())}) or ["nothing"]
        covers = " (a cover is no film)" if videos else ""
        raise Refused("no_video_stream", f"it holds {', '.join(kinds)}, but no film{covers}")
    stream: dict[str, Any] = videos[chosen.index]
    return stream


def _candidate(stream: dict[str, Any], found: dict[str, Any]) -> Candidate:
    marks = stream.get("disposition", {})
    return Candidate(
        index=stream["index"],
        width_px=int(stream.get("width", 0)),
        height_px=int(stream.get("height", 0)),
        duration_us=_duration_us(stream, found) or 0,
        is_picture=bool(marks.get("attached_pic") or marks.get("timed_thumbnails")),
    )


def _check(stream: dict[str, Any], width: int, height: int, found: dict[str, Any]) -> None:
    codec = stream.get("codec_name")
    if codec not in CODECS:
        raise Refused(
            "unsupported_codec", f"codec {codec or stream.get('codec_tag_string')!r} is not among those we decode"
        )
    if any(
        side.get("side_data_type") == "Encryption info"
        for packet in found.get("packets", ())
        if packet.get("stream_index") == stream["index"]
        for side in packet.get("side_data_list", ())
    ):
        raise Refused("encrypted", "its packets are encrypted: a version without copy protection is needed")
    if width * height > ffmpeg.MAX_PIXELS:
        raise Refused("too_many_pixels", f"{width} x {height} px, more than {ffmpeg.MAX_PIXELS} px: scale it down")
    if not width or not height:
        raise Refused("undecodable", f"its header gives no picture size: {found.get('messages', '')[-200:]}")
    if min(width, height) < MIN_SIDE_PX:
        raise Refused("too_small", f"{width} x {height} px, less than {MIN_SIDE_PX} px on a side")


def _duration_us(stream: dict[str, Any], found: dict[str, Any]) -> int | None:
    """The film's own duration where it has one, else the file's. Matroska keeps it in a tag, as 00:00:03.023000000.

    Of an AVI that lost its end FFmpeg shortens the duration to what is there; its header's count tells what it was.
    """
    if found.get("format", {}).get("format_name") == "avi" and str(stream.get("nb_frames", "")).isdigit():
        counted = int(stream["nb_frames"]) * (_fraction(stream.get("time_base")) or 0)
        if counted:
            return _micros(counted)
    hours, minutes, seconds = ([_fraction(part) for part in _tag(stream).split(":")] + [None] * 3)[:3]
    in_tag = None
    if hours is not None and minutes is not None and seconds is not None:
        in_tag = hours * 3600 + minutes * 60 + seconds
    claims = (stream.get("duration"), in_tag, found.get("format", {}).get("duration"))
    return next((duration for duration in map(_micros, claims) if duration is not None and duration > 0), None)


def _tag(stream: dict[str, Any]) -> str:
    return str(stream.get("tags", {}).get("DURATION", ""))


def _micros(seconds: Any) -> int | None:
    """Microseconds; None for what is no number, and for a time that no film reaches and no column holds."""
    value = _fraction(seconds)
    micros = 0 if value is None else round(value * 1_000_000)
    return None if value is None or abs(micros) > _LATEST_US else micros


def _fraction(text: Any) -> Fraction | None:
    """The number that ffprobe wrote, None for ``N/A``, ``0/0`` and the like."""
    try:
        value = Fraction(text)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None
