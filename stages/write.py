"""Items out of timelines: every task's questions about one film, computed and never asked of anybody."""

from collections.abc import Callable, Iterator, Sequence

from schemas.items import Item, Task, Timeline
from schemas.rejects import Reject, reject
from schemas.units import Score
from stages.fragments import (
    before_after,
    camera_motion,
    count_shots,
    direction,
    find_cut,
    in_order,
    longest_shot,
    odd_one_out,
    playback_speed,
    rearrange,
)
from stages.fragments.slate import Draft, Limits, Wish
from stages.fragments.timeline import Film, film
from stages.stage import Needs, Stage, groups

TASKS: dict[Task, Callable[[Film, Wish], Iterator[Draft]]] = {
    rearrange.TASK: rearrange.drafts,
    in_order.TASK: in_order.drafts,
    direction.TASK: direction.drafts,
    odd_one_out.TASK: odd_one_out.drafts,
    count_shots.TASK: count_shots.drafts,
    find_cut.TASK: find_cut.drafts,
    longest_shot.TASK: longest_shot.drafts,
    camera_motion.TASK: camera_motion.drafts,
    playback_speed.TASK: playback_speed.drafts,
    before_after.TASK: before_after.drafts,
}
"""Each task, and what writes its items. A task's items depend on nothing but the film and the settings below."""


class WriteItems(Stage[Timeline, Item], version=2, needs=Needs(cpus=1, memory_gb=1), batch_rows=4, group_by="video_id"):
    """Write the items of each video: questions about its order, cuts, shots, camera and speed, answers computed.

    ``seed`` draws footage and words. ``per_task`` is the most items of one task that a video gives. ``clear`` is the
    least distance between two pictures whose order matters, ``apart`` the least between two shots that are told apart
    (distances as in ``stages.fragments.distances``), ``margin`` by which factor a winner must win.
    """

    seed: int = 7
    per_task: int = 6
    clear: Score = 0.025
    apart: Score = 0.1
    margin: float = 1.4

    def run(self, rows: Sequence[Timeline], tool: None) -> Iterator[Item | Reject]:
        """Items by video and task; a reject for a video in which there is nothing to ask about."""
        wish = Wish(seed=self.seed, most=self.per_task, limits=Limits(self.clear, self.apart, self.margin))
        for stretches in groups(rows, "video_id"):
            view = film(stretches)
            items = [] if view is None else [draft.item() for drafts in TASKS.values() for draft in drafts(view, wish)]
            yield from items
            if view is None:
                yield reject(self, stretches[0], "no_frames", "the timeline holds no frames")
            elif not items:
                yield reject(self, stretches[0], "nothing_to_ask", _why(view))


def _why(view: Film) -> str:
    dull = sum(not take.is_alive for take in view.takes)
    return (
        f"{len(view.takes)} shots in {view.row.duration_us / 1e6:.1f} s, of which {dull} are still or black; "
        "no stretch of the others changes enough, and plainly enough, for a question with one answer"
    )
