"""``Reject``: the row that takes the place of what could not be used."""

from typing import Any

from schemas.errors import Reason
from schemas.row import Row, key_of
from schemas.units import VideoId


class Reject(Row, table="rejects", key="reject_id"):
    """One row that a stage turned away, and why. A failure is a row here, never a value elsewhere."""

    reject_id: str
    stage: str
    from_table: str
    row_id: str
    video_id: VideoId | None = None
    uri: str | None = None
    reason: Reason
    detail: str


def reject(stage: object, row: Row, reason: Reason, detail: str) -> Reject:
    """The reject of ``row`` by ``stage``; ``detail`` says what was seen, in one line."""
    name = type(stage).__name__
    facts: dict[str, Any] = {column: getattr(row, column, None) for column in ("video_id", "uri")}
    return Reject(
        reject_id=f"{name}/{row.table}/{key_of(row)}",
        stage=name,
        from_table=row.table,
        row_id=key_of(row),
        reason=reason,
        detail=" ".join(detail.split())[:2000],
        **facts,
    )
