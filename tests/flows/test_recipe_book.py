import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.recipe_book import Recipe, recipe, recipes
from schemas.errors import BadInput

FILE = '''
from typing import Annotated, Literal

from schemas.media import Source, Video
from schemas.units import Score
from stages.graph import Rows, select

def {name}(
    sources: Rows[Source], *, limit: int = 5, ratio: Score = 0.5, strict: bool = False,
    kind: Literal["a", "b"] = "a", note: str | None = None,
) -> Rows[Video]:
    """One video per source.

    ``limit`` is the most there may be.
    """
    return select(Video, f"""
        SELECT source_id AS video_id, source_id, uri, size_bytes, '' AS sha256, 'mp4' AS container,
            license, origin, title
        FROM sources LIMIT {{limit}}""", sources=sources)
'''


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Recipe]:
    name = f"one_per_source_{tmp_path.name.replace('-', '_')}"
    path = tmp_path / f"{name}.py"
    path.write_text(FILE.format(name=name))
    before = list(sys.path)
    yield recipe(str(path))
    sys.path[:] = before
    sys.modules.pop(name, None)


def test_a_file_of_ones_own_is_a_recipe_with_settings(own: Recipe) -> None:
    assert own.summary == "One video per source."
    assert [(one.name, one.type_name, one.default) for one in own.settings][:3] == [
        ("limit", "int", 5),
        ("ratio", "float", 0.5),
        ("strict", "bool", False),
    ]


def test_settings_come_out_of_text_in_their_own_type(own: Recipe) -> None:
    texts = ["limit=7", "ratio=0.25", "strict=true", "kind=b", "note=a=b"]
    assert own.parse(texts) == {"limit": 7, "ratio": 0.25, "strict": True, "kind": "b", "note": "a=b"}


def test_a_setting_changes_the_fingerprint_and_nothing_runs(own: Recipe) -> None:
    assert own.rows({}).fingerprint != own.rows({"limit": 6}).fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limt=7", "has no setting 'limt'; did you mean 'limit'"),
        ("zzz=7", "has no setting 'zzz'; it has: limit, ratio"),
        ("limit", "has no value; write --set limit=VALUE"),
        ("limit=many", "'limit' .*cannot be 'many'.*type int, 5 unless set"),
        ("ratio=1.5", "'ratio' .*cannot be '1.5'.*less than or equal to 1"),
        ("kind=c", "'kind' .*cannot be 'c'.*'a' or 'b'"),
        (f"limit={'9' * 20}", "'limit' .*it is no number from -1e\\+12 to 1e\\+12"),
        ("limit=-1000000000001", "'limit' .*it is no number from"),
        (f"limit={'x' * 30_000}", r"cannot be 'x{79}…: it is longer than 20,000 characters"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_the_remedy(own: Recipe, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        own.parse([text])


def test_a_setting_is_given_once(own: Recipe) -> None:
    with pytest.raises(BadInput, match="'limit' is given twice"):
        own.parse(["limit=1", "limit =2"])


def test_a_misspelt_recipe_gets_the_nearest_name() -> None:
    with pytest.raises(BadInput, match="no recipe is called 'fragmints'; did you mean 'fragments'"):
        recipe("fragmints")


def test_a_recipe_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match=r"no such recipe file: 'nowhere\.py'"):
        recipe("nowhere.py")


def test_a_recipe_file_without_a_function_of_its_name_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "holds_nothing.py").write_text("x = 1\n")
    with pytest.raises(BadInput, match=r"needs a function holds_nothing\(sources"):
        recipe(str(tmp_path / "holds_nothing.py"))


@pytest.mark.parametrize("name", ["my.recipe", "my-recipe", "2nd"])
def test_a_recipe_file_whose_name_no_function_can_have_is_told_so(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("x = 1\n")
    with pytest.raises(BadInput, match="no name for a function; rename the file"):
        recipe(str(tmp_path / f"{name}.py"))


def test_a_recipe_file_that_is_no_python_is_told_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "never_closed.py").write_text("x = 1\ny = (\n")
    with pytest.raises(BadInput, match=r"never_closed\.py.* line 2"):
        recipe(str(tmp_path / "never_closed.py"))


@pytest.mark.parametrize("text", ["per_video=0", "per_task=-1", "test_percent=101", "validation_percent=-1"])
def test_a_setting_of_fragments_that_would_keep_nothing_or_mean_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=f"'{text.partition('=')[0]}' .*cannot be"):
        recipe("fragments").parse([text])


def test_no_more_than_all_videos_can_be_held_out() -> None:
    with pytest.raises(BadInput, match="validation_percent and test_percent come to 110"):
        recipe("fragments").rows({"validation_percent": 20, "test_percent": 90})


@pytest.mark.slow
def test_every_recipe_that_comes_with_us_builds_with_its_defaults() -> None:
    known = recipes()
    assert "fragments" in [one.name for one in known]
    for one in known:
        assert one.rows({}).fingerprint, one.name
        assert one.summary.endswith("."), one.name
