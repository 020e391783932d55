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
