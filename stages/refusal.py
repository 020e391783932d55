"""``Refused``: how the door to footage says that a file cannot be used; a stage turns it into a ``Reject``."""

from schemas.errors import Reason, RushesError


class Refused(RushesError, ValueError):
    """The footage's fault: a ``reason`` out of the closed vocabulary, and a ``detail`` that says what was seen."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason: Reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"
