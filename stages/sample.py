"""Pictures at full resolution, taken at exact times: what a model will see, and the same again by another route."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from annotated_types import Interval

from schemas.media import Frame, FrameAgain, FrameRequest
from schemas.rejects import Reject, reject
from schemas.units import Pixels, Unit
from stages import readers
from stages.readers import Reader, Shape, Taken
from stages.refusal import Refused
from stages.stage import Env, Needs, Stage, groups

Quality = Annotated[int, Unit("1"), Interval(ge=50, le=100)]


class TakeFrames(
    Stage[FrameRequest, Frame, Env], version=4, needs=Needs(cpus=1, memory_gb=1), batch_rows=256, group_by="video_id"
):
    """Take the picture on screen at each wanted time: upright, with square pixels, as a JPEG.

    On screen at a time is the last frame that came on at or before it, counted from the first frame that has a time.
    A video is opened once for all of its pictures. ``side_px`` caps the longer side; a smaller picture keeps its
    size. ``reader`` is who reads: ``pyav`` seeks where that is exact, ``ffmpeg`` decodes all, ``decord`` is believed
    only where PyAV agrees with it, and replaced by ``ffmpeg`` elsewhere.
    """

    reader: Reader = "pyav"
    side_px: Pixels = 768
    quality: Quality = 90

    def open(self, env: Env) -> Env:
        """The door to local files and to blobs."""
        return env

    def run(self, rows: Sequence[FrameRequest], tool: Env) -> Iterator[Frame | Reject]:
        """A frame for each request; one after the film's end, or hidden by damage, is rejected."""
        shape = Shape(side_px=self.side_px, quality=self.quality)
        for wanted, taken in _taken(rows, tool, shape, self.reader):
            if isinstance(taken, Refused):
                yield reject(self, wanted, taken.reason, taken.detail)
                continue
            yield Frame(
                frame_id=wanted.frame_id,
                video_id=wanted.video_id,
                at_us=wanted.at_us,
                pts_us=taken.pts_us,
                blob=tool.put(taken.jpeg, ".jpg"),
                width_px=taken.width_px,
                height_px=taken.height_px,
                hash=taken.hash,
                grid=taken.grid,
                reader=taken.reader,
            )


class TakeFramesAgain(
    Stage[FrameRequest, FrameAgain, Env],
    version=4,
    needs=Needs(cpus=1, memory_gb=1),
    batch_rows=256,
    group_by="video_id",
):
    """Take the same pictures by another reader, and keep only what is compared: when, and what they look like."""

    reader: Reader = "decord"

    def open(self, env: Env) -> Env:
        """The door to local files."""
        return env

    def run(self, rows: Sequence[FrameRequest], tool: Env) -> Iterator[FrameAgain | Reject]:
        """The numbers of each requested picture; rejects as ``TakeFrames`` gives them."""
        for wanted, taken in _taken(rows, tool, Shape(side_px=768, quality=0), self.reader):
            if isinstance(taken, Refused):
                yield reject(self, wanted, taken.reason, taken.detail)
                continue
            yield FrameAgain(
                frame_id=wanted.frame_id,
                video_id=wanted.video_id,
                at_us=wanted.at_us,
                pts_us=taken.pts_us,
                hash=taken.hash,
                grid=taken.grid,
                luma=taken.luma,
                reader=taken.reader,
            )


def _taken(
    rows: Sequence[FrameRequest], env: Env, shape: Shape, reader: Reader
) -> Iterator[tuple[FrameRequest, Taken | Refused]]:
    """Each request with its picture, or with why there is none; by video, and within one by time."""
    for group in groups(rows, "video_id"):
        waiting = sorted(group, key=lambda wanted: wanted.at_us, reverse=True)
        missing = Refused(
            "frame_missing", "it lies after the end of what could be decoded, or where damage hides what was shown"
        )
        try:
            for taken in readers.take(env.path(group[0].uri), [wanted.at_us for wanted in group], shape, reader):
                while waiting and waiting[-1].at_us <= taken.at_us:
                    wanted = waiting.pop()
                    yield wanted, taken if wanted.at_us == taken.at_us else missing
        except Refused as refused:
            missing = refused
        yield from ((wanted, missing) for wanted in reversed(waiting))
