"""T3: the picture taken at a time is the one that is on screen then, whatever the film is wrapped in."""

from pathlib import Path

from stages.readers import Shape, take
from tests.chaos.bar import Bar, Scale, Shown
from tests.footage import Known, clip, number_in_grid

KINDS = (
    *("plain", "open GOP in Matroska", "transport stream", "VP9", "AVI", "flash", "fragmented", "ProRes"),
    *("variable rate", "MPEG-2 transport stream", "cut by copy", "cut by copy, late", "open GOP", "negative times"),
    *("turned by 180", "interlaced", "starts late", "HDR", "broadcast from the middle", "intra refresh"),
)
FEW = ("plain", "transport stream", "cut by copy", "negative times")
LONGEST_OFF_US = 1000


def show(folder: Path, scale: Scale) -> Shown:
    """The numbers in the frames against the truth, at times spread over each film."""
    del folder
    kinds = KINDS if scale.whole else FEW
    n_frames, wrong, off = 0, [], 0
    for kind in kinds:
        known = clip(kind)
        times = _times(known)
        taken = list(take(known.path, times, Shape(side_px=64, quality=0), "pyav"))
        n_frames += len(times)
        wrong += [f"{kind}: {len(times) - len(taken)} missing"] * (len(taken) != len(times))
        for one in taken:
            number, since = known.at(one.at_us)
            off = max(off, abs(one.pts_us - since))
            if _number(one.grid, known) != number:
                wrong.append(f"{kind} at {one.at_us}")
    figures = (
        f"{len(kinds)} kinds of film, {n_frames} frames: {len(wrong)} wrong, times off by {off / 1000:.3f} ms at most"
    )
    held = not wrong and off <= LONGEST_OFF_US
    return Shown(held, figures if held else f"{figures}; {wrong[:9]}")


def _times(known: Known) -> list[int]:
    """Sixteen times over the film, none of them at the edge of a frame."""
    end = known.times_us[-3]
    return [end * n // 16 + 7_000 for n in range(16)]


def _number(grid: bytes, known: Known) -> int | None:
    """The number in the grid of a film that is upright or upside down."""
    cells = [grid[at : at + 3] for at in range(0, len(grid), 3)]
    return number_in_grid(b"".join(reversed(cells)) if known.turns == 2 else grid)


BAR = Bar("T3", "every picture is the one on screen at its time, to 1 ms, in every healthy container", show)
