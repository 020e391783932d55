import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console
from rich.progress import Progress

from flows.funnel import Funnel, Step
from flows.prefect_api import api_url
from flows.show import Bars, funnel_table, item_panel, plain, words
from flows.show_rows import short, write
from infra.board import TableReport
from schemas.samples import Sample
from tests.builders import row


def printed(thing: object) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(thing)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_bars_move_all_at_once_and_name_rows_and_rejects() -> None:
    progress = Progress(disable=True)
    bars = Bars(["shots", "items"], progress)
    bars.tell(TableReport("shots", parts=4, done=1, rows=10, rejects=2))
    bars.finished(TableReport("items", parts=4, done=4, rows=1234))
    shots, items = progress.tasks
    assert (shots.completed, shots.total, shots.fields["rows"], shots.fields["rejects"]) == (1, 4, 10, 2)
    assert items.finished
    assert shots.started
    assert not shots.finished


def test_a_report_says_what_was_there_and_what_was_made() -> None:
    assert "nothing to do" in words(TableReport("shots", parts=4, done=4, reused=4, rows=10))
    assert "1 of 4 parts were there" in words(TableReport("shots", parts=4, done=4, reused=1, rows=10, seconds=2.5))


def test_a_funnel_tells_the_most_frequent_reason_first() -> None:
    funnel = Funnel((Step("files given", 9, {}), Step("videos", 4, {"empty_file": 1, "not_media": 4})), {})
    assert "4 not_media, 1 empty_file" in printed(funnel_table(funnel))
    assert funnel.kept == 4


def test_an_item_is_shown_whole_with_its_answer_marked() -> None:
    sample = row(
        Sample,
        options=("two", "three"),
        answer=1,
        question="How many?",
        reasoning="One.\nThen two more.",
        labels=("A", "B"),
        pictures_us=(0, 1_500_000),
        pictures=("a", "b"),
        evidence='[{"start_us": 0, "end_us": 40000, "what": "a cut"}]',
    )
    text = printed(item_panel(vars(sample)))
    for part in ("How many?", "  A. two", "→ B. three", "Then two more.", "B at 1.50 s", "0.00 s to 0.04 s: a cut"):
        assert part in text


def test_hostile_text_neither_moves_the_cursor_nor_colours_the_terminal() -> None:
    hostile = "a\x1b[2Jb\n[red]c[/red]\u202ed"
    assert printed(plain(hostile)).strip() == "a\\x1b[2Jb\\n[red]c[/red]\\u202ed"


def test_json_holds_no_number_that_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pa.table({"x": [float("nan"), 0.5], "y": [[float("inf"), 1.0], []], "z": [{"a": float("-inf")}, {"a": 2.0}]})
    write(rows, "json", None, 100)
    assert json.loads(capsys.readouterr().out, parse_constant=str) == [
        {"x": None, "y": [None, 1.0], "z": {"a": None}},
        {"x": 0.5, "y": [], "z": {"a": 2.0}},
    ]


def test_the_values_of_a_list_are_told_apart_though_they_hold_commas() -> None:
    assert short(["P, Q", "Q, P"]) == "P, Q | Q, P"


@pytest.fixture
def no_prefect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    return tmp_path


def test_no_prefect_api_is_found_where_none_is_configured(no_prefect: Path) -> None:
    assert api_url() == ""


def test_the_active_profile_says_where_the_prefect_api_is(no_prefect: Path) -> None:
    text = 'active = "here"\n[profiles.here]\nPREFECT_API_URL = "http://127.0.0.1:4200/api"\n[profiles.bare]\n'
    (no_prefect / "profiles.toml").write_text(text)
    assert api_url() == "http://127.0.0.1:4200/api"


def test_the_environment_wins_over_the_profile_even_when_empty(
    no_prefect: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (no_prefect / "profiles.toml").write_text('active = "a"\n[profiles.a]\nPREFECT_API_URL = "http://a/api"\n')
    monkeypatch.setenv("PREFECT_API_URL", "")
    assert api_url() == ""
