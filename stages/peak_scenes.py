"""Scenes and chapters of highlights: short shots merged into scenes, neighbouring scenes grouped by what they tell."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from schemas.peaks import Chapter, ShotList, SoundScene
from schemas.rejects import Reject, reject
from schemas.scenes import Scene
from schemas.units import ChapterId, Count, Duration
from stages.scenes import evenly, numbered
from stages.stage import Stage, groups

Joints = npt.NDArray[np.float32]


class MergeShots(Stage[ShotList, Scene], version=2, batch_rows=64):
    """Make a scene of every shot, and of neighbouring shots where one alone would be shorter than ``least_us``.

    A shot is added to what came before it as long as that is too short; what is left too short at the end goes to the
    scene before. A scene longer than ``most_us`` is split evenly; a piece in which there is no shot is none.
    """

    least_us: Duration = 2_000_000
    most_us: Duration = 60_000_000

    def run(self, rows: Sequence[ShotList], tool: None) -> Iterator[Scene | Reject]:
        """The scenes of each video, in order of time."""
        for row in rows:
            if not row.shot_ids:
                yield reject(self, row, "no_shots", "there is no shot to make a scene of")
            yield from numbered(row, self._pieces(row))

    def _pieces(self, row: ShotList) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """When each scene begins and ends, and the shots of which anything lies in it."""
        for first, last in self._merged(row):
            shots = [(row.starts_us[at], row.ends_us[at], row.shot_ids[at]) for at in range(first, last)]
            for start_us, end_us in evenly(shots[0][0], shots[-1][1], self.most_us):
                inside = tuple(shot for start, end, shot in shots if start < end_us and end > start_us)
                if inside:
                    yield start_us, end_us, inside

    def _merged(self, row: ShotList) -> list[tuple[int, int]]:
        """The shots ``[first, last)`` of each scene."""
        spans: list[tuple[int, int]] = []
        first = 0
        for last in range(1, len(row.shot_ids) + 1):
            if row.ends_us[last - 1] - row.starts_us[first] >= self.least_us:
                spans.append((first, last))
                first = last
        if first < len(row.shot_ids):
            before = spans.pop()[0] if spans else first
            spans.append((before, len(row.shot_ids)))
        return spans


class GroupScenes(Stage[SoundScene, Chapter], version=1, batch_rows=4096, group_by="video_id"):
    """Group each video's scenes into chapters of about ``size``: cut where what is told changes most.

    How alike two sides of a joint are is the cosine of the mean vectors of the ``memory`` captions on either side. The
    joints that are least alike open a chapter, as many as make ``size`` scenes a chapter on average, none of fewer than
    ``least``.
    """

    size: Count = 6
    least: Count = 2
    memory: Count = 2

    def run(self, rows: Sequence[SoundScene], tool: None) -> Iterator[Chapter]:
        """The chapters of each video, in order of time."""
        for group in groups(rows, "video_id"):
            scenes = sorted(group, key=lambda row: (row.start_us, row.scene_id))
            opened = [0, *self._joints(scenes), len(scenes)]
            for number, (first, last) in enumerate(pairwise(opened)):
                part = scenes[first:last]
                yield Chapter(
                    chapter_id=ChapterId(f"{part[0].video_id}@{number:04d}"),
                    video_id=part[0].video_id,
                    number=number,
                    start_us=part[0].start_us,
                    end_us=part[-1].end_us,
                    scene_ids=tuple(row.scene_id for row in part),
                    starts_us=tuple(row.start_us for row in part),
                    texts=tuple(row.text for row in part),
                )

    def _joints(self, scenes: Sequence[SoundScene]) -> list[int]:
        """The places of the scenes that open a chapter, but for the first one."""
        vectors = np.stack([row.vector for row in scenes])
        wanted = max(1, round(len(scenes) / max(1, self.size))) - 1
        places = range(self.least, len(scenes) - self.least + 1)
        alike = {at: _alike(vectors[max(0, at - self.memory) : at], vectors[at : at + self.memory]) for at in places}
        chosen: list[int] = []
        for at in sorted(alike, key=lambda at: (alike[at], at)):
            if len(chosen) < wanted and all(abs(at - other) >= self.least for other in chosen):
                chosen.append(at)
        return sorted(chosen)


def _alike(before: Joints, after: Joints) -> float:
    one, other = before.mean(axis=0), after.mean(axis=0)
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    # Rounded, so that a processor's last digit does not decide where a chapter begins.
    return round(float(one @ other) / length, 5) if length else 0.0
