"""Sets of questions as people have them: whatever the format and names, the same question comes out, or its flaw."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.question_set import QuestionSet, take_in
from schemas.arrow import from_table
from schemas.audits import GivenQuestion
from schemas.errors import BadInput
from tests.builders import sources

VIDEOS = sources("fFjv93ACGo8.mp4", "kite.mkv", "boat.mp4")
PLAIN = {"question": "Which colour?", "options": ["red", "blue", "green"], "answer": "B", "video": "kite.mkv"}


def jsonl(folder: Path, *rows: Mapping[str, Any], name: str = "set.jsonl") -> str:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(folder / name)


def given(taken: QuestionSet) -> list[GivenQuestion]:
    return from_table(GivenQuestion, pq.read_table(pa.BufferReader(taken.blob)))


def only(folder: Path, row: Mapping[str, Any]) -> GivenQuestion:
    [one] = given(take_in(jsonl(folder, row), VIDEOS))
    return one


def flaw(folder: Path, row: Mapping[str, Any]) -> tuple[str | None, str]:
    """The reason and detail for which this row goes, beside one that stays."""
    found = given(take_in(jsonl(folder, {**PLAIN, "id": "good"}, {"id": "bad", **row}), VIDEOS))
    [bad] = [one for one in found if one.flaw]
    return bad.flaw, str(bad.detail)


def test_a_set_in_the_form_of_video_mme_needs_no_map(tmp_path: Path) -> None:
    row = {
        "video_id": "001",
        "duration": "short",
        "domain": "Knowledge",
        "sub_category": "Humanity & History",
        "url": "https://video.example/watch?v=fFjv93ACGo8",
        "videoID": "fFjv93ACGo8",
        "question_id": "001-1",
        "task_type": "Counting Problem",
        "question": "How many kites?",
        "options": ["A. One.", "B. Two.", "C. Three.", "D. Four."],
        "answer": "C",
    }
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "test.parquet")
    taken = take_in(str(tmp_path / "test.parquet"), VIDEOS)
    [one] = given(taken)
    assert (one.question_id, one.task, one.question) == ("001-1", "Counting Problem", "How many kites?")
    assert (one.options, one.answer, one.uri) == (("One.", "Two.", "Three.", "Four."), 2, VIDEOS[0].uri)
    assert [source.uri for source in taken.sources] == [VIDEOS[0].uri]


@pytest.mark.parametrize(
    "row",
    [
        PLAIN,
        {**PLAIN, "answer": "(b)"},
        {**PLAIN, "answer": "B. blue"},
        {**PLAIN, "answer": "Blue"},
        {**PLAIN, "answer": "The answer is B."},
        {**PLAIN, "options": ["(A) red", "(B) blue", "(C) green"]},
        {**PLAIN, "options": {"A": "red", "B": "blue", "C": "green"}},
        {**PLAIN, "options": "['red', 'blue', 'green']"},
        {**PLAIN, "options": "A. red B. blue C. green"},
        {**PLAIN, "options": [{"letter": "A", "text": "red"}, {"letter": "B", "text": "blue"}, {"text": "green"}]},
        {**PLAIN, "options": ["red", "blue", "green", None]},
        {"question": "Which colour?", "A": "red", "B": "blue", "C": "green", "answer": "b", "video": "kite"},
        {"question": "Which colour?", "a0": "red", "a1": "blue", "a2": "green", "answer": "blue", "vid": "./kite.mkv"},
        {"query": "Which colour?", "option1": "red", "option2": "blue", "option3": "green", "gt": "B", "vid": "kite"},
        {"query": "Which colour?\nA. red\nB. blue\nC. green\nAnswer with the letter.", "answer": "B", "video": "kite"},
        {**PLAIN, "question": "Which colour?\nA. red\nB. blue\nC. green"},
    ],
)  # fmt: skip
def test_however_it_is_written_it_is_the_same_question(row: Mapping[str, Any], tmp_path: Path) -> None:
    one = only(tmp_path, row)
    assert (one.question, one.options, one.answer) == ("Which colour?", ("red", "blue", "green"), 1)
    assert (one.uri, one.flaw) == (VIDEOS[1].uri, None)


@pytest.mark.parametrize(("answers", "places"), [((0, 2), [0, 2]), ((1, 3), [0, 2]), (("1", "3"), [0, 2])])
def test_whether_numbers_count_from_0_or_1_is_told_by_the_whole_set(
    answers: Sequence[object], places: list[int], tmp_path: Path
) -> None:
    rows = [{**PLAIN, "id": str(n), "answer": answer} for n, answer in enumerate(answers)]
    assert [one.answer for one in given(take_in(jsonl(tmp_path, *rows), VIDEOS))] == places


def test_numbers_that_could_count_from_either_are_asked_about(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {**PLAIN, "answer": 1})
    with pytest.raises(BadInput, match="answers_from"):
        take_in(path, VIDEOS)
    (tmp_path / "map.toml").write_text('file = "set.jsonl"\n[columns]\nanswers_from = 1\n')
    [one] = given(take_in(str(tmp_path / "map.toml"), VIDEOS))
    assert one.answer == 0


def test_columns_of_any_name_can_be_mapped(tmp_path: Path) -> None:
    row = {
        "q": "Which?",
        "first": "red",
        "second": "blue",
        "truth_is": "blue",
        "clip": "boat",
        "from": "1:02.5",
        "to": 70,
    }
    jsonl(tmp_path, row)
    (tmp_path / "map.toml").write_text(
        'file = "set.jsonl"\n[columns]\nquestion = "q"\noptions = ["first", "second"]\nanswer = "truth_is"\n'
        'video = "clip"\nstart_s = "from"\nend_s = "to"\n'
    )
    [one] = given(take_in(str(tmp_path / "map.toml"), VIDEOS))
    assert (one.question, one.options, one.answer, one.task) == ("Which?", ("red", "blue"), 1, "all")
    assert (one.uri, one.start_us, one.end_us) == (VIDEOS[2].uri, 62_500_000, 70_000_000)


@pytest.mark.parametrize("name", ["set.csv", "set.tsv", "set.json", "set.parquet"])
def test_every_format_gives_the_same(name: str, tmp_path: Path) -> None:
    row = {"id": "q1", "question": 'Which "colour", then?', "A": "red", "B": "blue", "answer": "A", "video": "boat.mp4"}
    path = tmp_path / name
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps({"data": [row]}))
    else:
        sign = "\t" if path.suffix == ".tsv" else ","
        cells = ['"Which ""colour"", then?"' if name == "question" else text for name, text in row.items()]
        path.write_text(f"{sign.join(row)}\n{sign.join(cells)}\n")
    [one] = given(take_in(str(path), VIDEOS))
    assert (one.question_id, one.question, one.options, one.answer) == ("q1", row["question"], ("red", "blue"), 0)


@pytest.mark.parametrize(
    ("row", "reason", "said"),
    [
        ({**PLAIN, "answer": "E"}, "bad_question", "'E', which none of its 3 options is"),
        ({**PLAIN, "answer": "purple"}, "bad_question", "'purple', which none"),
        ({**PLAIN, "answer": "B. green"}, "bad_question", "but option B is 'blue'"),
        ({**PLAIN, "answer": None}, "bad_question", "has no answer"),
        ({**PLAIN, "options": ["red"]}, "bad_question", "has 1 options"),
        ({**PLAIN, "options": ["red", "", "green"]}, "bad_question", "option B is empty"),
        ({**PLAIN, "options": ["red", "blue", "blue"]}, "ambiguous", "stands there twice"),
        ({**PLAIN, "options": [str(n) for n in range(27)]}, "bad_question", "27 options"),
        ({**PLAIN, "question": " "}, "bad_question", "has no question"),
        ({**PLAIN, "video": "ghost"}, "missing", "no file among the videos is called 'ghost'"),
        ({**PLAIN, "video": None}, "bad_question", "names no video"),
        ({**PLAIN, "id": "good"}, "duplicate", "'good' came before"),
        ({**PLAIN, "start": 9, "end": 3}, "bad_question", "ends at 3 s"),
        ({**PLAIN, "start": "soon"}, "bad_question", "is no time"),
    ],
)
def test_a_row_with_a_flaw_is_told_and_the_others_live(
    row: Mapping[str, Any], reason: str, said: str, tmp_path: Path
) -> None:
    found, detail = flaw(tmp_path, row)
    assert (found, said in detail, detail.startswith("row 2: ")) == (reason, True, True), detail


def test_two_files_of_one_name_are_told_apart_by_their_folder_only(tmp_path: Path) -> None:
    twice = [*sources("kite.mkv", folder="/a"), *sources("kite.mp4", folder="/b")]
    path = jsonl(tmp_path, {**PLAIN, "id": "near", "video": "b/kite"}, {**PLAIN, "id": "vague", "video": "kite"})
    near, vague = sorted(given(take_in(path, twice)), key=lambda one: one.question_id)
    assert (near.uri, vague.flaw) == ("/b/kite.mp4", "ambiguous")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("set.jsonl", "", "holds no question"),
        ("set.json", "[]", "holds no question"),
        ("set.csv", "question,answer,video\n", "holds no question"),
        ("set.parquet", "no parquet", "as Parquet"),
        ("set.jsonl", '{"question": "?"}\n{"question"\n', "line 2 of"),
        ("set.jsonl", "[1]\n", "line 1 of"),
        ("set.json", '{"a": 1}\n{"a": 2}', "name it .jsonl"),
        ("set.xlsx", "x", "is no file of questions by its name"),
        ("set.jsonl", '{"question": "?", "A": "x", "B": "y", "answer": "A"}\n', "no column for the video"),
        ("set.jsonl", '{"questoin": "?", "answer": "A", "video": "v"}\n', "did you mean 'questoin'?"),
        ("set.jsonl", json.dumps({**PLAIN, "video": "ghost"}), "none of the 1 questions"),
        ("map.toml", 'file = "set.jsonl"\n[columns]\nanswr = "x"\n', "did you mean 'answer'?"),
        ("map.toml", "[columns]\n", "names no file"),
    ],
)
def test_a_file_that_is_no_set_is_one_clear_line(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput) as told:
        take_in(str(tmp_path / name), VIDEOS)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_mapped_column_that_is_missing_is_named_with_the_nearest(tmp_path: Path) -> None:
    jsonl(tmp_path, PLAIN)
    (tmp_path / "map.toml").write_text('file = "set.jsonl"\n[columns]\nanswer = "anwser"\n')
    with pytest.raises(BadInput, match="no column 'anwser'; did you mean 'answer'"):
        take_in(str(tmp_path / "map.toml"), VIDEOS)


def test_the_same_set_gives_the_same_blob_in_whatever_order_its_rows_are(tmp_path: Path) -> None:
    rows = [{**PLAIN, "id": f"q{n}", "video": video} for n, video in enumerate(("kite", "boat", "fFjv93ACGo8"))]
    one, other = (take_in(jsonl(tmp_path, *order), VIDEOS).blob_id for order in (rows, rows[::-1]))
    assert one == other
    assert take_in(jsonl(tmp_path, *rows[:2]), VIDEOS).blob_id != one


def test_pictures_in_a_set_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.Table.from_pylist([{**PLAIN, "images": [b"\xff\xd8" * 1000]}])
    pq.write_table(table, tmp_path / "set.parquet")
    asked: list[list[str]] = []
    read = pq.ParquetFile.iter_batches

    def noted(self: pq.ParquetFile, *sizes: int, columns: list[str]) -> Any:
        asked.append(columns)
        return read(self, *sizes, columns=columns)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noted)
    take_in(str(tmp_path / "set.parquet"), VIDEOS)
    assert asked
    assert not any("images" in columns for columns in asked)


OURS = {
    "sample_id": "s1",
    "uri": "/elsewhere/kite.mkv",
    "task": "order",
    "question": "Which colour?",
    "options": ["red", "blue", "green"],
    "answer": 1,
    "answer_text": "blue",
    "pictures_us": [5, 9],
    "labels": ["1", "2"],
    "start_us": 3,
    "end_us": 12,
}
PROMPT = (
    "Picture 1: <image>\nPicture 2: <image>\nWhich colour?\nA. red\nB. blue\nC. green\n"
    "Answer with the letter of the right option."
)
CHAT = [{"from": "human", "value": PROMPT}, {"from": "gpt", "value": "A reason, as in option C.\n\nAnswer: B. blue"}]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("samples/train-00000.parquet", None),
        ("samples", None),
        ("chat/train.jsonl", {"id": "s1", "images": [], "conversations": CHAT, "task": "order", "video_id": "00ff"}),
        (
            "rewards/train.jsonl",
            {"id": "s1", "prompt": PROMPT, "options": ["red", "blue", "green"], "answer": "B", "video_id": "00ff"},
        ),
    ],
)
def test_what_we_publish_can_be_audited_as_it_is(name: str, row: Mapping[str, Any] | None, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "manifest.json").write_text("{}")
    pq.write_table(pa.Table.from_pylist([OURS]), tmp_path / "samples" / "train-00000.parquet")
    if row:
        (tmp_path / name).parent.mkdir()
        jsonl(tmp_path, row, name=name)
    [one] = given(take_in(str(tmp_path / name), VIDEOS))
    assert (one.question_id, one.task, one.uri) == ("s1", "order", VIDEOS[1].uri)
    assert (one.question, one.options, one.answer) == ("Which colour?", ("red", "blue", "green"), 1)
    assert (one.start_us, one.end_us, one.pictures_us, one.labels) == (3, 12, (5, 9), ("1", "2"))
