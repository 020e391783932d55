"""What is said in footage, and when."""

from typing import Literal

from schemas.row import Row
from schemas.units import Micros, VideoId, Words


class Speech(Row, table="speech", key="speech_id", rules=("end_us > start_us",)):
    """One line of what is said in a video, as somebody wrote it down: a subtitle, without its markup.

    Lines may overlap. ``track`` is the file's name, or the number of the stream; ``language`` is what that claims.
    """

    speech_id: str
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    text: Words
    source: Literal["sidecar", "embedded"]
    track: str
    language: str | None = None


class Unspoken(Row, table="unspoken", key="video_id", published=False):
    """A video without subtitles: what is said in it nobody wrote down."""

    video_id: VideoId
    uri: str


class Heard(Row, table="heard", key="heard_id", rules=("end_us > start_us",)):
    """Words that a model recognised in the sound of a video without subtitles: its guess, which nobody has checked.

    ``by`` is the model, ``track`` the number of the stream; ``language`` is what the model took it for.
    """

    heard_id: str
    video_id: VideoId
    start_us: Micros
    end_us: Micros
    text: Words
    by: str
    track: str
    language: str | None = None
