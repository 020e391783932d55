"""Each unit and bound of a column, named once.

An annotation carries what a projection needs: the unit for readers, the bound for checks, the width for storage.
"""

from dataclasses import dataclass
from typing import Annotated, NewType

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Interval, Len


@dataclass(frozen=True)
class Unit:
    """The physical unit of a number: ``us``, ``px``, ``bytes``, ``1`` for a pure ratio."""

    name: str


@dataclass(frozen=True)
class Width:
    """The Arrow type that stores a column, where the Python type alone does not say (``uint64``, ``float32``)."""

    arrow: str


@dataclass(frozen=True)
class Json:
    """Marks text that holds one JSON document."""


Micros = Annotated[int, Unit("us"), Ge(0)]
Duration = Annotated[int, Unit("us"), Ge(1)]
SignedMicros = Annotated[int, Unit("us")]
Score = Annotated[float, Unit("1"), Interval(ge=0, le=1)]
Signed = Annotated[float, Unit("1")]
Ratio = Annotated[float, Unit("1"), Ge(0)]
Hertz = Annotated[float, Unit("Hz"), Ge(0)]
Bytes = Annotated[int, Unit("bytes"), Ge(0)]
Pixels = Annotated[int, Unit("px"), Ge(1)]
Degrees = Annotated[int, Unit("deg"), Interval(ge=0, lt=360)]
Count = Annotated[int, Unit("1"), Ge(0)]
Hash64 = Annotated[int, Unit("bits"), Width("uint64"), Interval(ge=0, le=2**64 - 1)]
JsonText = Annotated[str, Json()]
Words = Annotated[str, Len(1)]

Floats = Annotated[npt.NDArray[np.float32], Unit("1"), Width("float32")]
Times = Annotated[npt.NDArray[np.int64], Unit("us"), Width("int64")]
Hashes = Annotated[npt.NDArray[np.uint64], Unit("bits"), Width("uint64")]

SourceId = NewType("SourceId", str)
VideoId = NewType("VideoId", str)
SignalId = NewType("SignalId", str)
ShotId = NewType("ShotId", str)
FrameId = NewType("FrameId", str)
BlobId = NewType("BlobId", str)
ClipId = NewType("ClipId", str)
ItemId = NewType("ItemId", str)
CaptionId = NewType("CaptionId", str)
GroupId = NewType("GroupId", str)
QuestionId = NewType("QuestionId", str)
SceneId = NewType("SceneId", str)
WindowId = NewType("WindowId", str)
ChapterId = NewType("ChapterId", str)
QueryId = NewType("QueryId", str)
