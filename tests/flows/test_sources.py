import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.sources import find
from schemas.errors import BadInput


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    folder = tmp_path / "footage"
    (folder / "deep" / "er").mkdir(parents=True)
    for name in ("b.mp4", "a.MKV", "deep/er/c.webm"):
        (folder / name).write_bytes(b"12345")
    (folder / "notes.txt").write_text("no video")
    (folder / ".hidden.mp4").write_text("no video")
    return folder


def uris(*given: object) -> list[str]:
    return [source.uri for source in find([str(one) for one in given]).sources]


def test_a_folder_gives_its_videos_at_any_depth_in_order_of_name(footage: Path) -> None:
    assert uris(footage) == [str(footage / name) for name in ("a.MKV", "b.mp4", "deep/er/c.webm")]


def test_what_is_passed_over_in_a_folder_is_counted(footage: Path) -> None:
    assert find([str(footage)]).passed_over == {".txt": 1}


def test_a_source_carries_size_and_time_of_change(footage: Path) -> None:
    os.utime(footage / "b.mp4", ns=(0, 1_700_000_000_123_456_000))
    source = find([str(footage / "b.mp4")]).sources[0]
    assert (source.size_bytes, source.changed_us) == (5, 1_700_000_000_123_456)


@pytest.mark.parametrize("name", ["b.srt", "b.en.VTT", "b.queries.jsonl"])
def test_a_source_has_changed_when_what_lies_beside_it_has(footage: Path, name: str) -> None:
    os.utime(footage / "b.mp4", ns=(0, 10**18))
    alone = find([str(footage)]).sources
    (footage / name).write_text("1")
    os.utime(footage / name, ns=(0, 2 * 10**18))
    beside = find([str(footage)]).sources
    assert [one.changed_us for one in beside] == [alone[0].changed_us, 2 * 10**15, alone[2].changed_us]
    (footage / name).unlink()
    assert find([str(footage)]).sources == alone


def test_a_file_named_itself_is_a_source_whatever_its_suffix(footage: Path) -> None:
    assert uris(footage / "notes.txt") == [str(footage / "notes.txt")]


def test_one_path_named_in_several_ways_comes_once(footage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(footage)
    (footage / "link.mp4").symlink_to("b.mp4")
    assert uris("b.mp4", footage / "b.mp4", "deep/../b.mp4", "b*.mp4", "link.mp4", f"file://{footage}/b.mp4") == [
        str(footage / "b.mp4")
    ]


def test_a_link_that_leads_in_a_circle_is_followed_once(footage: Path) -> None:
    (footage / "deep" / "back").symlink_to(footage)
    assert len(uris(footage)) == 3


def test_a_link_to_nowhere_is_a_source_for_the_gate_to_turn_away(footage: Path) -> None:
    (footage / "gone.mp4").symlink_to(footage / "never.mp4")
    found = {source.uri: source.size_bytes for source in find([str(footage)]).sources}
    assert found[str(footage / "never.mp4")] == 0


def test_a_link_out_of_the_folder_stays_a_link_and_a_folder_behind_one_is_passed_over(
    footage: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.mp4").write_bytes(b"1")
    (footage / "link.mp4").symlink_to(outside / "secret.mp4")
    (footage / "password.mp4").symlink_to("/etc/passwd")
    (footage / "elsewhere").symlink_to(outside)
    found = find([str(footage)])
    assert {str(footage / "link.mp4"), str(footage / "password.mp4")} <= {source.uri for source in found.sources}
    assert not [source.uri for source in found.sources if source.uri.startswith((str(outside), "/etc"))]
    assert found.passed_over["a link out of its folder"] == 1
    assert uris(footage / "link.mp4") == [str(footage / "link.mp4")]


def test_a_link_to_another_place_in_the_folder_is_that_place(footage: Path) -> None:
    (footage / "deep" / "again.mp4").symlink_to("../b.mp4")
    assert str(footage / "b.mp4") in uris(footage)
    assert str(footage / "deep" / "again.mp4") not in uris(footage)


def test_a_pattern_matches_files_and_folders(footage: Path) -> None:
    assert uris(f"{footage}/**/*.webm") == [str(footage / "deep/er/c.webm")]
    assert uris(f"{footage}/d*") == [str(footage / "deep/er/c.webm")]


@pytest.mark.parametrize("name", ['it\'s "quoted".mp4', "two\nlines.mp4", "[a]*?.mp4", "-dash.mp4", "ünïcode ☃.mp4"])
def test_an_odd_name_comes_through_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"1")
    assert uris(tmp_path) == [str(tmp_path / name)] == uris(tmp_path / name)


def test_a_name_that_is_no_utf8_becomes_an_address_that_names_the_same_file(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9 1.mp4"
    Path(os.fsdecode(path)).write_bytes(b"1")
    (uri,) = uris(tmp_path)
    assert uri == f"file://{tmp_path}/caf%E9%201.mp4"
    assert uris(uri) == [uri]


def write_manifest(folder: Path, kind: str, rows: list[dict[str, str]]) -> Path:
    path = folder / f"list.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    else:
        sign = "\t" if kind == "tsv" else ","
        path.write_text(
            "\n".join(
                sign.join(f'"{value}"' for value in row) for row in [list(rows[0]), *(row.values() for row in rows)]
            )
        )
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv", "tsv", "jsonl"])
def test_a_manifest_gives_paths_relative_to_itself_and_provenance(footage: Path, kind: str) -> None:
    rows = [
        {"uri": "b.mp4", "licence": "CC0", "source": "archive, 1", "title": "B"},
        {"uri": str(footage / "a.MKV"), "licence": "", "source": "", "title": ""},
    ]
    one, two = find([str(write_manifest(footage, kind, rows))]).sources
    assert (one.uri, one.license, one.origin, one.title) == (str(footage / "b.mp4"), "CC0", "archive, 1", "B")
    assert (two.uri, two.license, two.origin, two.title) == (str(footage / "a.MKV"), None, None, None)


def test_a_manifest_keeps_what_it_names_but_is_not_there(footage: Path) -> None:
    manifest = write_manifest(footage, "csv", [{"uri": "gone.mp4"}])
    assert [(source.uri, source.size_bytes) for source in find([str(manifest)]).sources] == [
        (str(footage / "gone.mp4"), 0)
    ]


def test_provenance_wins_over_the_same_path_without(footage: Path) -> None:
    manifest = write_manifest(footage, "csv", [{"uri": "b.mp4", "title": "B"}])
    titles = {source.uri: source.title for source in find([str(footage), str(manifest)]).sources}
    assert titles[str(footage / "b.mp4")] == "B"
    assert len(titles) == 3


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_manifest_without_uri_is_told_which_column_to_rename(footage: Path, kind: str) -> None:
    with pytest.raises(BadInput, match=r"no column 'uri'.*rename 'path' to 'uri'"):
        find([str(write_manifest(footage, kind, [{"path": "b.mp4", "license": "CC0"}]))])


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_a_manifest_with_other_signs_than_commas_is_told_so(footage: Path, sign: str, name: str) -> None:
    (footage / "list.csv").write_text(f"uri{sign}title\nb.mp4{sign}B\n")
    with pytest.raises(BadInput, match=f"{name} between its columns.*with commas"):
        find([str(footage / "list.csv")])


def test_a_manifest_row_may_end_early_or_with_commas_too_many(footage: Path) -> None:
    (footage / "list.csv").write_text("uri,title,license\nb.mp4\na.MKV,A,CC0,,\n")
    found = find([str(footage / "list.csv")]).sources
    assert [(source.title, source.license) for source in found] == [(None, None), ("A", "CC0")]


def test_a_manifest_row_without_uri_is_named(footage: Path) -> None:
    manifest = footage / "list.jsonl"
    manifest.write_text('{"uri": "b.mp4"}\n{"uri": null}\n')
    with pytest.raises(BadInput, match=r"row 2 .* no usable uri"):
        find([str(manifest)])


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv"])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / f"list.{kind}").write_bytes(b'PAR1\xff\xfe{"')
    with pytest.raises(BadInput, match=f"list.{kind}"):
        find([str(tmp_path / f"list.{kind}")])


def test_an_empty_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("uri,title\n")
    with pytest.raises(BadInput, match="no rows"):
        find([str(tmp_path / "list.csv")])


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "uri,uri\na.mp4,b.mp4\n", "the column 'uri' twice"),
        ("a.csv", "uri,license,licence\na.mp4,MIT,CC0\n", "the columns 'licence' and 'license'"),
        ("a.jsonl", '{"uri": "a.mp4", "uri": "b.mp4"}', "'uri' is there twice"),
        ("a.jsonl", '{"uri": ' + "[" * 100_000, "line 1 .* is not JSON"),
        ("a.jsonl", '{"uri": "\\ud800.mp4"}', "row 1 .* no usable uri"),
        ("a.csv", "title,uri\nHello, world,a.mp4\n", "row 1 .* has 3 values for 2 columns; put .* into quotes"),
    ],
)
def test_a_manifest_that_two_readers_would_read_differently_is_refused(
    name: str, text: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=told):
        find([str(tmp_path / name)])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no such file or folder: .*nowhere"):
        find([str(tmp_path / "nowhere")])


def test_a_folder_without_video_says_what_it_holds_instead(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(BadInput, match=r"no video in .*; passed over: 1 \.txt"):
        find([str(tmp_path)])


def test_a_pattern_without_match_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nothing matches the pattern .*\*\.mp4"):
        find([f"{tmp_path}/*.mp4"])


def test_what_lies_in_the_datasets_own_folder_is_no_source(footage: Path) -> None:
    assert [one.uri for one in find([str(footage)], but_not=footage / "deep").sources] == [
        str(footage / name) for name in ("a.MKV", "b.mp4")
    ]
