"""Any-k frame allocation: k pictures of a video, spread over segments by weight and length. Pure arithmetic.

Source: K-frames (arXiv:2510.13891): k_j is in proportion to weight times length, by largest remainder; pictures stand
at the midpoints of equal parts. Numbers are exact fractions, so that every machine gives the same times.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from schemas.errors import WiringError


@dataclass(frozen=True, order=True)
class Segment:
    """A half-open stretch of a video in microseconds, and how much each microsecond of it counts: above 0."""

    start_us: int
    end_us: int
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raises WiringError for a segment that is empty or counts for nothing."""
        if not 0 <= self.start_us < self.end_us or not 0 < self.weight < float("inf"):
            raise WiringError(f"{self}: a segment starts at 0 or later, ends after that, and has a weight above 0")


def counts(segments: Sequence[Segment], k: int) -> list[int]:
    """How many of k pictures each segment gets: exactly k in all. Of equal remainders the earlier segment's wins."""
    if k < 0 or (k and not segments):
        raise WiringError(
            f"{k} pictures of {len(segments)} segments: k is 0 or more, and there is a segment to look at"
        )
    sizes = [Fraction(one.weight) * (one.end_us - one.start_us) for one in segments]
    shares = [k * size / sum(sizes) for size in sizes]
    given = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda at: (given[at] - shares[at], segments[at].start_us, at))
    for at in by_remainder[: k - sum(given)]:
        given[at] += 1
    return given


def midpoints(segment: Segment, n: int) -> Iterator[int]:
    """The middles of n equal parts of a segment, in microseconds and in order; they differ if it is n long or more."""
    length_us = segment.end_us - segment.start_us
    return (segment.start_us + (2 * at + 1) * length_us // (2 * n) for at in range(n))


def allocate(segments: Sequence[Segment], k: int) -> tuple[int, ...]:
    """The times of exactly k pictures within the segments, in order."""
    shared = zip(segments, counts(segments, k), strict=True)
    return tuple(sorted(at_us for segment, n in shared for at_us in midpoints(segment, n)))


def uniform(duration_us: int, k: int) -> tuple[int, ...]:
    """The times of k pictures evenly over a whole video."""
    return allocate((Segment(0, duration_us),), k)


def focused(segments: Sequence[Segment], duration_us: int, k: int) -> tuple[int, ...]:
    """The times of k pictures, all inside the segments; evenly over the video where there is none."""
    return allocate(segments, k) if segments else uniform(duration_us, k)


def hybrid(segments: Sequence[Segment], duration_us: int, k: int, *, inside: float = 0.75) -> tuple[int, ...]:
    """The times of k pictures: the share ``inside`` (rounded down) within the segments, the others around them.

    More lie within where the segments fill more of the video than that, so that they are nowhere looked at less closely
    than what is around them. Evenly over the video where there is no segment; all inside where nothing is around them.
    """
    around = gaps(segments, duration_us)
    if not segments or not around:
        return focused(segments, duration_us, k)
    covered = 1 - Fraction(sum(one.end_us - one.start_us for one in around), duration_us)
    n_inside = max(int(k * Fraction(inside)), ceil(k * covered))
    return tuple(sorted(allocate(segments, n_inside) + allocate(around, k - n_inside)))


def gaps(segments: Sequence[Segment], duration_us: int) -> list[Segment]:
    """What the segments, which may overlap, leave of a video: in order, each of weight 1."""
    found, at_us = [], 0
    for segment in sorted(segments):
        if segment.start_us > at_us:
            found.append(Segment(at_us, min(segment.start_us, duration_us)))
        at_us = max(at_us, segment.end_us)
    return [*found, Segment(at_us, duration_us)] if at_us < duration_us else found
