"""T4: a cut made without encoding again is read from the cut on: nothing hangs, nothing from before it is shown."""

import time
from pathlib import Path

from stages.readers import Shape, take
from tests.chaos.bar import Bar, Scale, Shown
from tests.footage import RATE, STEP_US, X264, encode, ffmpeg, number_in_grid

N_FRAMES, GOP, LENGTH_S = 750, 250, 5
COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
LONGEST_S = 60


def show(folder: Path, scale: Scale) -> Shown:
    """Cuts at 26 places of a film with few keyframes, each asked for its frames in 12 densities at once."""
    film = encode(folder / "film.mp4", *X264, "-g", str(GOP), numbers=range(N_FRAMES))
    starts = [8600 + 300 * n for n in range(26)] if scale.whole else [8600, 13_000, 13_700]
    n_asked, wrong, before, longest = 0, [], 0, 0.0
    for start_ms in starts:
        cut = folder / f"{start_ms}.mp4"
        ffmpeg("-ss", f"{start_ms / 1000}", "-t", str(LENGTH_S), "-i", str(film), "-c", "copy", str(cut))
        first = -(-start_ms * RATE // 1000)
        times = sorted({(LENGTH_S - 1) * 1_000_000 * n // count + 9_000 for count in COUNTS for n in range(count)})
        began = time.monotonic()
        taken = list(take(cut, times, Shape(side_px=64, quality=0), "pyav"))
        longest = max(longest, time.monotonic() - began)
        n_asked += len(times)
        shown = [(one.at_us, number_in_grid(one.grid)) for one in taken]
        before += sum(number is None or number < first for _, number in shown)
        exact = [(at_us, number) for at_us, number in shown if number == first + at_us // STEP_US]
        wrong += [f"{cut.name}: {len(exact)} of {len(times)}"] * (len(exact) != len(times))
    figures = (
        f"{len(starts)} cuts, {n_asked} times in {len(COUNTS)} densities: {before} frames from before the cut, "
        f"{len(wrong)} cuts with any other fault, {longest:.1f} s for the slowest"
    )
    held = not wrong and not before and longest < LONGEST_S
    return Shown(held, figures if held else f"{figures}; {wrong[:5]}")


BAR = Bar("T4", "of a cut made by stream copy no frame from before the cut is shown, and none hangs its reader", show)
