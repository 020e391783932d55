"""Answers about shots, out of what the pictures look like and of the track between the moments they were found at."""

import re
from itertools import pairwise

import numpy as np

from stages.recheck import blend
from stages.recheck.likeness import unlike
from stages.recheck.moments import Moment, Unclear, certainly_forward, jump, moments
from stages.recheck.sheet import Floats, Sheet, Solution

SAME, OTHER = 0.33, 0.42
"""Pictures less unlike than the first are of one shot, more than the second of two."""
SOFT, SHARP = 0.35, 0.6
"""A jump of the track with a smaller share of all the change than the first is no cut, with a larger than the second
is one; shares as ``moments.jump`` gives them."""
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "not once": 0, "once": 1, "twice": 2}


def odd_one_out(sheet: Sheet) -> Solution:
    """The picture that is, by far, the most unlike all the others."""
    between = unlike(sheet.grids, sheet.lumas)
    nearest = np.where(np.eye(len(between), dtype=bool), np.inf, between).min(axis=1)
    odd = int(nearest.argmax())
    rest = float(np.delete(nearest, odd).max())
    if nearest[odd] < 1.25 * rest:
        return Solution(None, f"picture {sheet.labels[odd]} is hardly more unlike the others than the rest are")
    what = f"picture {sheet.labels[odd]} is unlike every other"
    return sheet.choose([re.findall(r"\d+", option) == [sheet.labels[odd]] for option in sheet.options], what)


def count_shots(sheet: Sheet) -> Solution:
    """How many shots the strip runs through, or how often the shot changes."""
    changes = _changes(sheet, moments(sheet))
    asks_changes = any("nce" in option or "wice" in option for option in sheet.options)
    found = len(changes) + (not asks_changes)
    what = f"the shot changes {len(changes)} times"
    return sheet.choose([_number(option) == found for option in sheet.options], what)


def _number(option: str) -> int | None:
    words = option.lower()
    return WORDS.get(words, WORDS.get(words.split()[0]))


def _changes(sheet: Sheet, found: list[Moment]) -> list[int]:
    """The places after which the shot changes: the pictures are unlike, and the track jumps or blends between them.

    Raises Unclear where the pictures are unlike and the track says neither.
    """
    if not certainly_forward(found):
        raise Unclear("the pictures are not in order")
    between = unlike(sheet.grids[: len(found)], sheet.lumas[: len(found)])
    changes = []
    for place, (one, other) in enumerate(pairwise(found)):
        _, sharpness = jump(sheet, one, other)
        is_other = between[place, place + 1] >= (OTHER if sharpness < SHARP else SAME)
        if is_other and sharpness < SHARP and not _blends(sheet, one, other):
            if sharpness > SOFT:
                names = f"{sheet.labels[place]} and {sheet.labels[place + 1]}"
                raise Unclear(f"pictures {names} are unlike, but the film hardly jumps between them")
            continue
        if is_other:
            changes.append(place)
    return changes


def _blends(sheet: Sheet, one: Moment, other: Moment) -> bool:
    """Whether the track goes from one moment to the other by a gradual transition."""
    first, last = np.searchsorted(sheet.track_us, [one.best_us, other.best_us])
    luma = sheet.track[first : last + 1].reshape(-1, 9, 16, 3)[..., 0].astype(np.float64)
    return len(luma) > 2 and blend.kind(luma) in ("dissolve", "fade", "wipe")


def longest_shot(sheet: Sheet) -> Solution:
    """The lettered picture that was taken in the longest stretch between two jumps of the track."""
    found = moments(sheet)
    strip = [moment for moment, label in zip(found, sheet.labels, strict=True) if label.isdigit()]
    jumps = [jump(sheet, strip[i], strip[i + 1])[0] for i in _changes(sheet, strip)]
    edges = [strip[0].best_us, *jumps, strip[-1].best_us + 1]
    lengths = [after - before for before, after in pairwise(edges)]
    *_, second, longest = sorted([0, *lengths])
    if longest < 1.2 * second:
        return Solution(None, "no shot is clearly the longest")
    start, end = list(pairwise(edges))[lengths.index(longest)]
    pairs = zip(found, sheet.labels, strict=True)
    inside = [label for moment, label in pairs if label.isalpha() and start <= moment.best_us < end]
    what = f"picture {' and '.join(inside)} is from the longest shot: {longest / 1e6:.1f} s, then {second / 1e6:.1f} s"
    return sheet.choose([option[-1:] in inside for option in sheet.options], what)


def find_cut(sheet: Sheet) -> Solution:
    """Between which pictures the shot changes and, where the options ask for it, how."""
    found = moments(sheet)
    if not certainly_forward(found):
        return Solution(None, "the pictures are not in order")
    spans = [tuple(int(number) - 1 for number in re.findall(r"\d+", option)) for option in sheet.options]
    between = unlike(sheet.grids, sheet.lumas)
    if all(last - first == 1 for first, last in spans):
        return _place(sheet, between)
    fits = [_holds(between, first, last) for first, last in spans]
    inside = {span for span, fit in zip(spans, fits, strict=True) if fit}
    if len(inside) != 1:
        return Solution(None, "the change lies in none of the spans, or in more than one")
    (first, last) = inside.pop()
    _, sharpness = jump(sheet, found[first], found[last])
    kind = "cut" if sharpness >= SHARP else blend.kind(sheet.lumas[first : last + 1])
    if kind is None:
        return Solution(None, "the pictures inside the transition do not show its kind")
    named = [kind in option.lower() and fit for option, fit in zip(sheet.options, fits, strict=True)]
    return sheet.choose(named, f"a {kind} lies between pictures {first + 1} and {last + 1}")


def _place(sheet: Sheet, between: Floats) -> Solution:
    steps = np.array([between[i, i + 1] for i in range(len(between) - 1)])
    place = int(steps.argmax())
    if steps[place] < max(OTHER, 1.3 * float(np.delete(steps, place).max())):
        return Solution(None, "no change between neighbours stands out")
    what = f"the shot changes between pictures {place + 1} and {place + 2}"
    wanted = [str(place + 1), str(place + 2)]
    return sheet.choose([re.findall(r"\d+", option) == wanted for option in sheet.options], what)


def _holds(between: Floats, first: int, last: int) -> bool:
    """Whether the shot changes within the span: its ends differ, and nothing outside it does."""
    before = between[: first + 1, : first + 1].max()
    after = between[last:, last:].max()
    return bool(between[first, last] >= OTHER and max(before, after) < between[first, last] / 1.25)
