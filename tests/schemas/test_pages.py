"""docs/tables.md is what the declarations say."""

from pathlib import Path

from schemas.pages import row_types, tables_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tables.md"


def test_the_page_of_tables_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == tables_page(), "run: python -m schemas.pages docs/tables.md"


def test_every_table_is_on_the_page_once() -> None:
    page = tables_page()
    names = [row_type.table for row_type in row_types()]
    assert len(set(names)) == len(names)
    assert [page.count(f"\n## {name}\n") for name in names] == [1] * len(names)


def test_a_column_is_told_with_its_unit_its_bounds_and_what_it_refers_to() -> None:
    page = tables_page()
    assert "| `end_us` | int64 | us | at least 0 |" in page
    assert "| `video_id` | string |  | refers to `videos.video_id` |" in page
    assert "| `cut_score` | float64 | 1 | may be missing, at least 0, at most 1 |" in page
    assert "| `pts_us` | int64[] | us |  |" in page
