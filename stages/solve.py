"""Every item answered a second time, by another route: from pictures taken again, and by other code."""

from collections.abc import Callable, Iterator, Sequence

from schemas.items import Answer, Recheck
from schemas.units import ItemId
from stages.recheck import camera, orders, shots
from stages.recheck.moments import Unclear
from stages.recheck.sheet import Sheet, Solution, sheets
from stages.stage import Needs, Stage, groups

ROUTES: dict[str, Callable[[Sheet], Solution]] = {
    "rearrange": orders.rearrange,
    "in_order": orders.in_order,
    "direction": orders.direction,
    "playback_speed": orders.playback_speed,
    "before_after": orders.before_after,
    "odd_one_out": shots.odd_one_out,
    "count_shots": shots.count_shots,
    "longest_shot": shots.longest_shot,
    "find_cut": shots.find_cut,
    "camera_motion": camera.camera_motion,
}


class SolveAgain(
    Stage[Recheck, Answer], version=1, needs=Needs(cpus=1, memory_gb=1), batch_rows=1, group_by="video_id"
):
    """Solve each item again from the words of its options and from its pictures as another reader found them.

    When each picture was taken is not believed but searched for: its look is matched with the film's low-resolution
    track. No choice where the pictures leave more than one answer open; ``detail`` then says why.
    """

    def run(self, rows: Sequence[Recheck], tool: None) -> Iterator[Answer]:
        """One answer per item, by video and item."""
        for stretches in groups(rows, "video_id"):
            for sheet in sheets(stretches):
                solution = solve(sheet)
                yield Answer(
                    answer_id=f"{sheet.item_id}/again",
                    item_id=ItemId(sheet.item_id),
                    video_id=stretches[0].video_id,
                    by="second route",
                    repeat=0,
                    choice=solution.choice,
                    detail=solution.detail,
                )


def solve(sheet: Sheet) -> Solution:
    """The second route's answer to one item."""
    if not sheet.is_whole:
        return Solution(None, "a picture of it could not be taken again")
    try:
        return ROUTES[sheet.task](sheet)
    except Unclear as unclear:
        return Solution(None, str(unclear))
