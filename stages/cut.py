"""``CutShots``: a video's shots, decided from its signals alone."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from schemas.media import Shot, Signal
from schemas.rejects import Reject
from schemas.units import Score, ShotId, VideoId
from stages.cut_abrupt import as_scores, cuts
from stages.cut_boundary import Boundary
from stages.cut_fades import fades, lead_in, lead_out
from stages.cut_gradual import Straightness, gradual
from stages.cut_track import Track, track
from stages.stage import Needs, Stage, groups


class CutShots(Stage[Signal, Shot, None], version=1, needs=Needs(cpus=1), batch_rows=16, group_by="video_id"):
    """The shots of each video: where it cuts, dissolves, fades and wipes, and of what kind each boundary is.

    Frames of a gradual transition belong to no shot; nor does a black screen between two shots, at the
    start or at the end. A video of one frame is one shot.
    """

    cut_ratio: float = 2.0
    """How many times a cut's change exceeds the second largest change within seven frames (plus one level)."""
    cut_change: float = 1.0
    """The least change at a cut: mean over 16 by 9 blocks and Y, U and V, in levels of 255."""
    cut_area: Score = 0.5
    """The least part of the picture that changes at a cut by more than two levels: less is a caption or an insert."""
    gradual_change: float = 5.0
    """The least change from one side of a dissolve or wipe to the other, in levels of 255."""
    gradual_area: Score = 0.8
    """The least part of the picture that changes in a dissolve or wipe: less is a title that fades in."""
    gradual_detour: float = 1.8
    """The most by which the way through a dissolve or wipe, frame by frame, exceeds the change from side to side."""
    gradual_drift: float = 0.5
    """The most change over the same time before and after a dissolve or wipe, as a part of the change across it."""
    gradual_camera: Score = 0.45
    """The most of a dissolve's or wipe's change that camera motion may explain."""
    gradual_mixture: float = 0.16
    """The most of a dissolve's change that mixing the frames on either side may leave unexplained."""
    longest_s: float = 2.4
    """The longest dissolve or wipe, and the longest slope of a fade, in seconds."""

    def run(self, rows: Sequence[Signal], tool: None) -> Iterator[Shot | Reject]:
        """The shots of each video in order."""
        for signals in groups(rows, "video_id"):
            yield from self._shots(signals[0].video_id, track(signals))

    def boundaries(self, film: Track) -> list[Boundary]:
        """Every boundary in order of time."""
        return self._decide(film)[1:-1]

    def _decide(self, film: Track) -> list[Boundary]:
        """Every boundary in order, between what leads into the first shot and what leads out of the last."""
        longest = max(4, round(self.longest_s * film.rate_hz))
        begin, end = lead_in(film, longest), lead_out(film, longest)
        dips = [dip for dip in fades(film, longest) if begin < dip.first and dip.last < end]
        sharp = [
            Boundary(i, i, "cut", float(as_scores(stands)))
            for i, stands in cuts(film, self.cut_ratio, self.cut_change, self.cut_area)
            if begin < i < end and not any(dip.first - 2 <= i <= dip.last + 2 for dip in dips)
        ]
        taken = [(0, begin), *((one.first, one.last) for one in [*dips, *sharp]), (end, film.n)]
        smooth = gradual(film, taken, self._straightness(), longest)
        return [Boundary(0, begin, "fade", 1), *sorted([*dips, *sharp, *smooth]), Boundary(end, film.n, "fade", 1)]

    def _straightness(self) -> Straightness:
        return Straightness(
            change=self.gradual_change,
            detour=self.gradual_detour,
            drift=self.gradual_drift,
            part=self.gradual_area,
            camera=self.gradual_camera,
            mixture=self.gradual_mixture,
        )

    def _shots(self, video_id: VideoId, film: Track) -> Iterator[Shot]:
        for number, (opened, closed) in enumerate(pairwise(self._decide(film))):
            start_us = film.time_us(opened.last)
            yield Shot(
                shot_id=ShotId(f"{video_id}-{start_us:012d}"),
                video_id=video_id,
                number=number,
                start_us=start_us,
                end_us=film.time_us(closed.first),
                n_frames=closed.first - opened.last,
                opened_by=opened.kind if number else "start",
                opened_from_us=film.time_us(opened.first) if number else None,
                cut_score=opened.score if number else None,
            )
