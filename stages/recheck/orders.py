"""Answers about order and pace, out of the moments at which the pictures were found again."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from stages.recheck.moments import Moment, Unclear, in_time, moments
from stages.recheck.sheet import Sheet, Solution

SPEEDS = {"half": 0.5, "normal": 1.0, "twice": 2.0, "three": 3.0}


def rearrange(sheet: Sheet) -> Solution:
    """The option whose letters are in the order of the moments, after the given first picture."""
    order = [sheet.labels[place] for place in in_time(moments(sheet), sheet.labels)]
    if order[0] != "1":
        return Solution(None, f"picture {order[0]} comes before picture 1, which is said to be the first")
    found = order[1:]
    return sheet.choose([re.findall(r"\b[A-Z]\b", option) == found for option in sheet.options], ", ".join(found))


def in_order(sheet: Sheet) -> Solution:
    """Whether the moments rise as shown, or which two pictures stand in each other's place."""
    order = in_time(moments(sheet), sheet.labels)
    moved = [sheet.labels[place] for place, other in enumerate(order) if place != other]
    what = f"pictures {' and '.join(moved)} are out of place" if moved else "all pictures are in order"
    if any(option.startswith("Yes") for option in sheet.options):
        return sheet.choose([option.startswith("No" if moved else "Yes") for option in sheet.options], what)
    return sheet.choose([re.findall(r"\d+", option) == moved for option in sheet.options], what)


def direction(sheet: Sheet) -> Solution:
    """Which way time runs through the pictures after the first, and whether it turns."""
    found = moments(sheet)
    in_time(found, sheet.labels)
    if any(other.best_us < found[0].best_us for other in found[1:]):
        return Solution(None, "a picture comes before picture 1, which is said to be the moment before")
    signs = [other.best_us > one.best_us for one, other in pairwise(found[1:])]
    turns = [place for place, (one, other) in enumerate(pairwise(signs)) if one != other]
    if len(turns) > 1:
        return Solution(None, "time turns more than once")
    start = "Forwards" if signs[0] else "Backwards"
    fits = [option.startswith(start) and ("first" in option) == bool(turns) for option in sheet.options]
    return sheet.choose(fits, f"time runs {start.lower()}{' and then turns' if turns else ''}")


def playback_speed(sheet: Sheet) -> Solution:
    """By what factor the lettered pictures lie further apart than the numbered ones."""
    found = moments(sheet)
    shown = list(zip(found, sheet.labels, strict=True))
    numbered = _pace([moment for moment, label in shown if label.isdigit()])
    ratio = _pace([moment for moment, label in shown if label.isalpha()]) / numbered
    word, nearest = min(SPEEDS.items(), key=lambda pair: abs(math.log(ratio / pair[1])))
    if abs(math.log(ratio / nearest)) > 0.22:
        return Solution(None, f"the lettered row goes {ratio:.2f} times as fast, which is none of the options")
    return sheet.choose(
        [word in option for option in sheet.options], f"the lettered row goes {ratio:.2f} times as fast"
    )


def _pace(row: Sequence[Moment]) -> float:
    """The time from one picture of a row to the next. Raises Unclear where the row does not go on."""
    if len(row) < 2 or any(other.best_us <= one.best_us for one, other in pairwise(row)):
        raise Unclear("a row of pictures does not run forward in time")
    return (row[-1].best_us - row[0].best_us) / (len(row) - 1)


def before_after(sheet: Sheet) -> Solution:
    """Which of the lettered pictures comes first or last, anywhere in the film."""
    found = moments(sheet, whole_film=True)
    places = [place for place, label in enumerate(sheet.labels) if label.isalpha()]
    order = in_time([found[place] for place in places], tuple(sheet.labels[place] for place in places))
    letters = [sheet.labels[places[place]] for place in order]
    what = f"the order is {', '.join(letters)}"
    if len(letters) == 2:
        word = "before" if letters == sorted(letters) else "after"
        return sheet.choose([word in option for option in sheet.options], what)
    asked = letters[-1] if re.search(r"\blast\b", sheet.question) else letters[0]
    return sheet.choose([option.endswith(asked) for option in sheet.options], what)
