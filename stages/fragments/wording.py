"""Words for times, numbers, speeds and lists, as a person would write them."""

from collections.abc import Sequence
from random import Random

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
LETTERS = "PQRSTUVW"
"""What lettered pictures are called: not A to H, which is what options are called."""


def clock(time_us: int) -> str:
    """A time as minutes and seconds with one decimal, as in ``0:12.4`` or ``1:02:03.0``."""
    tenths = (time_us + 50_000) // 100_000
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def seconds(time_us: int) -> str:
    """A length of time in words, as in ``0.4 seconds`` or ``1 second``."""
    text = f"{time_us / 1e6:.2g}"
    return f"{text} second" + ("" if text == "1" else "s")


def listed(parts: Sequence[str]) -> str:
    """The parts as a list in running text: ``B, D and A``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def number(n: int) -> str:
    """A small number in words, larger ones in digits."""
    return NUMBERS[n] if n < len(NUMBERS) else str(n)


def percent(share: float) -> str:
    """A share as a percentage without needless decimals: ``7 %``, ``0.4 %``."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 1.95 else f"{value:.1f} %"


def percents(shares: Sequence[float]) -> list[str]:
    """Different shares as percentages, with a decimal more where whole ones would make two of them equal."""
    whole = [percent(share) for share in shares]
    return whole if len(set(whole)) == len(whole) else [f"{100 * share:.1f} %" for share in shares]


def pick(wordings: Sequence[str], chance: Random) -> tuple[int, str]:
    """One of several wordings, and its number."""
    chosen = chance.randrange(len(wordings))
    return chosen, wordings[chosen]


def place(x: float) -> str:
    """Where across a picture something is, from 0 at the left to 1 at the right."""
    names = ("at the left edge", "left of the middle", "near the middle", "right of the middle", "at the right edge")
    return names[_fifth(x)]


def height(y: float) -> str:
    """Where down a picture something is, from 0 at the top to 1 at the bottom."""
    names = ("at the top", "above the middle", "near the middle", "below the middle", "at the bottom")
    return names[_fifth(y)]


def _fifth(x: float) -> int:
    return sum(x >= bound for bound in (0.18, 0.42, 0.58, 0.82))
