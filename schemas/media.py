"""The tables about footage: what was given, what is inside it, where its shots are."""

from typing import Literal

from schemas.row import Row
from schemas.units import (
    BlobId,
    Bytes,
    ClipId,
    Count,
    Degrees,
    Floats,
    FrameId,
    Hash64,
    Hashes,
    Hertz,
    Micros,
    Pixels,
    Ratio,
    Score,
    ShotId,
    SignalId,
    Signed,
    SignedMicros,
    SourceId,
    Times,
    VideoId,
)

Opening = Literal["start", "cut", "dissolve", "fade", "wipe"]
Camera = Literal["static", "pan left", "pan right", "tilt up", "tilt down", "zoom in", "zoom out", "mixed"]


class Source(Row, table="sources", key="source_id"):
    """One file as it was given, before anybody looked inside.

    ``changed_us`` is the last change of the file, or of subtitles and queries beside it.
    """

    source_id: SourceId
    uri: str
    size_bytes: Bytes
    changed_us: Micros
    license: str | None = None
    origin: str | None = None
    title: str | None = None


class Video(Row, table="videos", key="video_id"):
    """One piece of footage, known by the hash of its content, so that a copy under another name is the same video."""

    video_id: VideoId
    source_id: SourceId
    uri: str
    size_bytes: Bytes
    sha256: str
    container: str
    license: str | None = None
    origin: str | None = None
    title: str | None = None


class Probe(Row, table="probes", key="video_id"):
    """What a video's header claims. Nothing here has been checked against the pictures."""

    video_id: VideoId
    stream_index: Count
    codec: str
    pixel_format: str | None = None
    width_px_claimed: Pixels
    height_px_claimed: Pixels
    shown_width_px_claimed: Pixels
    shown_height_px_claimed: Pixels
    rotation_deg: Degrees
    sample_aspect: Ratio
    rate_hz_claimed: Hertz | None = None
    duration_us_claimed: Micros | None = None
    start_us_claimed: SignedMicros | None = None
    n_frames_claimed: Count | None = None
    has_audio: bool
    is_hdr: bool
    is_interlaced: bool


class Signal(Row, table="signals", key="signal_id", published=False):
    """Per-frame measurements over one stretch of a video, taken in its only low-resolution decoding pass.

    Every vector has ``n_frames`` elements; times count from the first valid frame, which is 0.
    ``grids`` holds n_frames x 9 x 16 x 3 bytes: the means of a 16 by 9 grid of blocks, in Y, U and V.
    """

    signal_id: SignalId
    video_id: VideoId
    first_frame: Count
    n_frames: Count
    start_us: Micros
    end_us: Micros
    width_px: Pixels
    height_px: Pixels
    pts_us: Times
    brightness: Floats
    saturation: Floats
    sharpness: Floats
    difference: Floats
    pan: Floats
    tilt: Floats
    zoom: Floats
    camera_fit: Floats
    hash: Hashes
    grids: bytes


class Media(Row, table="media", key="video_id"):
    """A video as it was measured, beside what its header claimed.

    ``decoded_ratio`` is the length of its longest undamaged stretch, the only one that is used, against the length that
    is claimed; below 0.95 the video counts as damaged.
    """

    video_id: VideoId
    codec: str
    width_px_measured: Pixels
    height_px_measured: Pixels
    width_px_claimed: Pixels
    height_px_claimed: Pixels
    rotation_deg: Degrees
    n_frames_measured: Count
    n_frames_claimed: Count | None = None
    duration_us_measured: Micros
    duration_us_claimed: Micros | None = None
    rate_hz_measured: Hertz
    rate_hz_claimed: Hertz | None = None
    is_variable_rate: bool
    decoded_ratio: Ratio
    has_audio: bool
    is_hdr: bool
    is_interlaced: bool


class Shot(Row, table="shots", key="shot_id", rules=("end_us > start_us", "opened_from_us <= start_us")):
    """One continuous take: the half-open span [start_us, end_us) that shows this shot and no other.

    ``opened_from_us`` is where the transition into it began: equal to ``start_us`` for a cut, earlier for a
    dissolve, fade or wipe, whose frames belong to no shot; null for the shot that opens the video.
    """

    shot_id: ShotId
    video_id: VideoId
    number: Count
    start_us: Micros
    end_us: Micros
    n_frames: Count
    opened_by: Opening
    opened_from_us: Micros | None = None
    cut_score: Score | None = None


class ShotLook(Row, table="shot_looks", key="shot_id"):
    """How a shot looks and moves, summed up over its frames.

    ``pan``, ``tilt`` and ``zoom`` are what the camera did over the whole shot: picture widths to the right, picture
    heights up, and the logarithm of the scale. ``wander`` is the way it went in all, there and back.
    """

    shot_id: ShotId
    video_id: VideoId
    camera: Camera
    pan: Signed
    tilt: Signed
    zoom: Signed
    wander: Ratio
    camera_fit: Score
    difference_mean: Score
    difference_max: Score
    brightness: Score
    saturation: Score
    sharpness: Ratio
    is_still: bool
    is_black: bool
    hash: Hash64


class FrameRequest(Row, table="frame_requests", key="frame_id", published=False):
    """A wish for one picture of a video: the one shown at ``at_us``, counted from the first valid frame."""

    frame_id: FrameId
    video_id: VideoId
    uri: str
    at_us: Micros


class Frame(Row, table="frames", key="frame_id"):
    """One picture of a video at full resolution: the one that is on screen at ``at_us``; it came on at ``pts_us``.

    ``grid`` holds 9 x 16 x 3 bytes, block means in Y, U and V, as in ``signals``.
    """

    frame_id: FrameId
    video_id: VideoId
    at_us: Micros
    pts_us: Micros
    blob: BlobId
    width_px: Pixels
    height_px: Pixels
    hash: Hash64
    grid: bytes
    reader: Literal["pyav", "decord", "ffmpeg"]


class FrameAgain(Row, table="frames_again", key="frame_id", published=False):
    """The same picture as in ``frames``, found a second time by another reader, as numbers to compare.

    ``grid`` is as in ``frames``; ``luma`` holds 36 x 64 bytes, the brightness of the picture made small.
    """

    frame_id: FrameId
    video_id: VideoId
    at_us: Micros
    pts_us: Micros
    hash: Hash64
    grid: bytes
    luma: bytes
    reader: Literal["pyav", "decord", "ffmpeg"]


class ClipRequest(Row, table="clip_requests", key="clip_id", rules=("end_us > start_us",), published=False):
    """A wish for one stretch of a video as a file of its own."""

    clip_id: ClipId
    video_id: VideoId
    uri: str
    start_us: Micros
    end_us: Micros


class Clip(Row, table="clips", key="clip_id", rules=("end_us > start_us",)):
    """One stretch of a video as a file of its own: copied bit for bit, or encoded again, with exactly its frames."""

    clip_id: ClipId
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    blob: BlobId
    n_frames: Count
    made_by: Literal["copied", "encoded"]
