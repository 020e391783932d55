"""``Boundary``: where one shot gives way to the next."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["cut", "dissolve", "fade", "wipe"]


@dataclass(frozen=True, order=True)
class Boundary:
    """The old shot's last frame is ``first - 1``, the new shot's first one is ``last``; what lies between is neither's.

    For a cut ``first == last``. ``score``, in [0, 1], says how sure the boundary is.
    """

    first: int
    last: int
    kind: Kind
    score: float
