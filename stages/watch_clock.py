"""The time of a frame: presentation time in whole microseconds, counted from the first frame that has one."""

from fractions import Fraction

CLOSEST_US = 3
"""Frames nearer than this cannot be asked for one by one: times are whole microseconds, and rounded twice."""


def micros(ticks: int, time_base: Fraction) -> int:
    """``round(ticks * time_base * 1_000_000)``: ticks of so many seconds as the readers of single frames round them.

    Reckoned without fractions, which would cost as much time as measuring the frame.
    """
    whole, rest = divmod(ticks * time_base.numerator * 1_000_000, time_base.denominator)
    twice = 2 * rest - time_base.denominator
    return whole + (twice > 0 or (twice == 0 and whole % 2 == 1))


class Clock:
    """Gives each decoded frame its time, by the same rule as the readers of single frames.

    A frame's stamp is its presentation time or, where the container stores none (AVI), its decoding time. The first
    stamp is time 0. A frame without a stamp, or not ``CLOSEST_US`` after the frame ahead of it, has no place in time:
    it is passed over and, after the first stamp, counted in ``lost``.
    """

    def __init__(self, time_base: Fraction, by_decoding: bool = False) -> None:
        self.time_base, self.by_decoding = time_base, by_decoding
        self.first: int | None = None
        self.last = self.last_us = 0
        self.lost = 0

    def time_us(self, pts: int | None, dts: int | None) -> int | None:
        """The time of the next decoded frame, or None where it has no place in time."""
        stamp = dts if self.by_decoding else pts
        if stamp is None:
            self.lost += self.first is not None
            return None
        if self.first is None:
            self.first, self.last_us = stamp, -CLOSEST_US
        at_us = micros(stamp - self.first, self.time_base)
        if at_us < self.last_us + CLOSEST_US:
            self.lost += 1
            return None
        self.last, self.last_us = stamp, at_us
        return at_us

    def later_us(self, duration: int | None) -> int | None:
        """When the last frame goes off again if it stays on for ``duration`` ticks; None where that is unknown."""
        if not duration or duration < 0 or self.first is None:
            return None
        return micros(self.last + duration - self.first, self.time_base)
