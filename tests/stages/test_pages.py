from pathlib import Path

from stages.pages import known_stages, stages_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "stages.md"


def test_the_page_of_stages_is_what_the_declarations_say() -> None:
    assert PAGE.read_text("utf-8") == stages_page(), "stale: run python -m stages.pages docs/stages.md"


def test_every_stage_has_a_line_of_its_own_words() -> None:
    assert [stage.__name__ for stage in known_stages() if not (stage.__doc__ or "").strip().split("\n")[0]] == []
