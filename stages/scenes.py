"""Scenes: neighbouring shots, grouped so that a scene ends where the look of the film changes most."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.items import Timeline
from schemas.peaks import ShotList
from schemas.rejects import Reject, reject
from schemas.scenes import Scene
from schemas.units import Count, Duration, SceneId
from stages.fragments.timeline import CELLS, cells_of
from stages.stage import Needs, Stage, groups

Looks = npt.NDArray[np.float64]
Span = tuple[int, int]


class GroupShots(
    Stage[Timeline, Scene], version=1, needs=Needs(cpus=1, memory_gb=1), batch_rows=4, group_by="video_id"
):
    """Group each video's shots into scenes of at most ``most_us``.

    Where a stretch is longer, it is split at the joint of two shots where the look changes most, then each half again;
    no piece gets shorter than ``least_us`` where that can be helped. How much the look changes at a joint is the least
    distance between the mean pictures (16 by 9 blocks, in Y, U and V) of the ``memory`` shots on either side: a
    dialogue that goes to and fro between two views is no change. A single shot that is too long is split evenly.
    """

    least_us: Duration = 15_000_000
    most_us: Duration = 120_000_000
    memory: Count = 3

    def run(self, rows: Sequence[Timeline], tool: None) -> Iterator[Scene | Reject]:
        """The scenes of each video, in order of time."""
        for stretches in groups(rows, "video_id"):
            row = stretches[0]
            if not len(row.shot_starts_us):
                yield reject(self, row, "no_shots", "there is no shot to make a scene of")
                continue
            changes = joints(looks(stretches), self.memory)
            spans = [piece for span in self._split(row, changes, (0, len(row.shot_ids))) for piece in span]
            yield from numbered(row, spans)

    def _split(
        self, row: Timeline, changes: Sequence[float], shots: Span
    ) -> Iterator[list[tuple[int, int, tuple[str, ...]]]]:
        """The scenes that shots ``[first, last)`` make, in lists, without recursion: a film may have many shots."""
        waiting = [shots]
        while waiting:
            first, last = waiting.pop()
            start_us, end_us = int(row.shot_starts_us[first]), int(row.shot_ends_us[last - 1])
            if end_us - start_us > self.most_us and last - first > 1:
                joint = self._joint(row, changes, (first, last))
                waiting += [(joint, last), (first, joint)]
                continue
            ids = tuple(row.shot_ids[first:last])
            yield [(one, other, ids) for one, other in evenly(start_us, end_us, self.most_us)]

    def _joint(self, row: Timeline, changes: Sequence[float], shots: Span) -> int:
        """The shot that a new scene begins with: where the look changes most, and both halves are long enough."""
        first, last = shots
        ends, starts = row.shot_ends_us, row.shot_starts_us

        def is_long(joint: int) -> bool:
            halves = ends[joint - 1] - starts[first], ends[last - 1] - starts[joint]
            return bool(min(halves) >= self.least_us)

        return max(range(first + 1, last), key=lambda joint: (is_long(joint), changes[joint], -joint))


def looks(stretches: Sequence[Timeline]) -> Looks:
    """The mean picture of each shot of one video, whose stretches come in order: n shots x blocks, each in [0, 1]."""
    grids, row = cells_of(stretches), stretches[0]
    times = np.concatenate([stretch.pts_us for stretch in stretches])
    bounds = np.searchsorted(times, [row.shot_starts_us, row.shot_ends_us])
    return np.stack([_mean(grids[first : max(last, first + 1)]) for first, last in bounds.T])


def joints(shown: Looks, memory: int) -> list[float]:
    """How much the look changes at the start of each shot; 0 for the first one."""
    return [0.0] + [_change(shown[max(0, at - memory) : at], shown[at : at + memory]) for at in range(1, len(shown))]


def _change(before: Looks, after: Looks) -> float:
    return float(np.abs(before[:, None] - after[None, :]).mean(axis=2).min())


def _mean(grids: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    return grids.mean(axis=0) / 255 if len(grids) else np.zeros(CELLS)


def numbered(row: Timeline | ShotList, pieces: Iterable[tuple[int, int, tuple[str, ...]]]) -> Iterator[Scene]:
    """The scenes of one video, out of when each begins and ends, in order of time, and of its shots."""
    for number, (start_us, end_us, shot_ids) in enumerate(pieces):
        yield Scene(
            scene_id=SceneId(f"{row.video_id}-{start_us:012d}-{end_us:012d}"),
            video_id=row.video_id,
            uri=row.uri,
            number=number,
            start_us=start_us,
            end_us=end_us,
            shot_ids=shot_ids,
        )


def evenly(start_us: int, end_us: int, most_us: int) -> Iterator[tuple[int, int]]:
    """The span in equal pieces, as few as are not longer than ``most_us``."""
    n = -(-(end_us - start_us) // most_us)
    return pairwise(start_us + (end_us - start_us) * piece // n for piece in range(n + 1))
