"""What the docs promise to list is listed."""

from pathlib import Path

from schemas.errors import REASONS

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_every_reason_for_a_reject_is_explained_and_no_other() -> None:
    rows = [line.split("|") for line in (DOCS / "rejects.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    assert [row[1].strip().strip("`") for row in rows] == list(REASONS)
    assert all(row[2].strip() and row[3].strip() for row in rows)
