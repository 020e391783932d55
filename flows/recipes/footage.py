"""What every recipe over footage starts with: identified, probed and watched videos, and their shots."""

from dataclasses import dataclass
from typing import Any

from flows.recipes.query import query
from schemas.items import Timeline
from schemas.media import Media, Probe, Shot, ShotLook, Signal, Source, Video
from stages.cut import CutShots
from stages.decode import IdentifyVideos, ProbeVideos
from stages.graph import Rows, select
from stages.watch import WatchVideos


@dataclass(frozen=True)
class Footage:
    """The tables that describe footage, before anything is asked about it."""

    videos: Rows[Video]
    probes: Rows[Probe]
    signals: Rows[Signal]
    shots: Rows[Shot]
    media: Rows[Media]
    looks: Rows[ShotLook]


def footage(sources: Rows[Source], cut: CutShots) -> Footage:
    """The footage behind the sources, watched once and cut into shots."""
    videos = sources.then(IdentifyVideos())
    probes = videos.then(ProbeVideos())
    signals = videos.then(WatchVideos())
    shots = signals.then(cut)
    media = select(Media, query("media"), signals=signals, probes=probes)
    looks = select(ShotLook, query("looks"), signals=signals, shots=shots)
    return Footage(videos, probes, signals, shots, media, looks)


def timelines(seen: Footage) -> Rows[Timeline]:
    """Each video's shots and signals side by side."""
    tables: dict[str, Any] = {"videos": seen.videos, "media": seen.media, "shots": seen.shots, "looks": seen.looks}
    return select(Timeline, query("timelines"), signals=seen.signals, **tables)
