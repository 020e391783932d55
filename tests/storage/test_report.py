"""The report is one file that loads nothing, and that no text can break out of."""

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from schemas.items import Evidence, Guess, Item, TraceStep, Verdict
from schemas.media import Source, Video
from schemas.samples import Sample
from storage.blobs import Blobs
from storage.built import Built
from storage.layout import Workspace
from storage.publish import Version
from storage.report.guessing import interval
from storage.report.thumbs import Thumbs
from tests.storage.conftest import Publish
from tests.storage.runs import ORDER, built, parts, picture, video_id

Published = tuple[Workspace, Built, Version]
pytestmark = [pytest.mark.xdist_group("published"), pytest.mark.slow]

NASTY = (
    "</style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)> {{ 7*7 }} {% raw %}"
    "\u202egnp.exe\u2066\x01\x1b[31m<!-- <a href='javascript:alert(4)'>&lt;b&gt; \\u003cscript\\u003e"
)


def page(version: Version) -> Element:
    parsed = html5lib.parse((version.path / "report.html").read_text("utf-8"), namespaceHTMLElements=False)
    assert isinstance(parsed, Element)
    return parsed


def shape(parsed: Element) -> Counter[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes, counted."""
    return Counter((str(one.tag), tuple(sorted(one.attrib))) for one in parsed.iter())


def text(parsed: Element) -> str:
    return " ".join(" ".join(parsed.itertext()).split())


def hostile(rows: list[Any], **named: str) -> list[Any]:
    return [replace(row, **named) for row in rows]


def test_the_report_needs_nothing_but_itself(published: Published) -> None:
    source = (published[2].path / "report.html").read_text("utf-8")
    assert len(source) < 6_000_000
    parsed = page(published[2])
    (policy,) = [one.attrib["content"] for one in parsed.iter("meta") if "http-equiv" in one.attrib]
    assert re.fullmatch(
        "default-src 'none'; img-src data:; style-src 'sha256-[^' ]+'; base-uri 'none'; form-action 'none'", policy
    )
    (style,) = parsed.iter("style")
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert not list(parsed.iter("script"))
    assert not list(parsed.iter("link"))
    for one in parsed.iter():
        for name, value in one.attrib.items():
            assert not str(name).startswith("on")
            assert name != "style"
            if name in ("src", "href"):
                assert re.match(r"data:image/(jpeg|png);base64,|#", value), value
    assert not re.search(r"url\(|@import", source)


def test_the_report_tells_the_whole_story(published: Published) -> None:
    told = text(page(published[2]))
    for said in (
        "synthetic version 1", "Rows made by hand.", "5 files given", "1 not media", "1 duplicate", "8 kept",
        "6 veracity", "it begins with <html>", "2 items, none kept: veracity 2",
        "In which order do these pictures come in the video?", "Step 0. Step 1.", "0:00 (0.00 to 1.00 s)",
        "the first shot", "as seen", "Length of shots", "What the camera does", "Where the right option stands",
        "A good film", "4 shots \u00b7 4 samples", "0.00\u20131.80 s", "8 published items",
    ):  # fmt: skip
        assert said in told, said
    images = [one.attrib["src"] for one in page(published[2]).iter("img")]
    assert sum(src.startswith("data:image/jpeg") for src in images) > 16


def test_hostile_texts_add_no_element_and_no_attribute(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    plain = shape(page(unchecked(workspace, built(workspace, given))))
    for part in given:
        for row_type in (Source, Video):
            part.rows[row_type] = hostile(
                part.rows[row_type], uri=f"/films/{NASTY}", title=NASTY, origin=NASTY, license=NASTY
            )
        part.rows[Evidence] = hostile(part.rows[Evidence], what=NASTY)
        part.rows[Verdict] = hostile(part.rows[Verdict], reason=NASTY)
        part.rows[Item] = hostile(part.rows[Item], question=NASTY)
        part.rows[Sample] = [
            replace(row, question=NASTY, options=(NASTY,) * 4, reasoning=NASTY, labels=(NASTY,) * 2, origin=NASTY,
                    license=NASTY, uri=f"/films/{NASTY}")
            for row in part.rows[Sample] if isinstance(row, Sample)
        ]  # fmt: skip
    for found in given[0].rejects.values():
        found[:] = hostile(found, detail=NASTY, uri=NASTY)
    parsed = page(unchecked(workspace, built(workspace, given)))
    more, fewer = shape(parsed) - plain, plain - shape(parsed)
    assert {tag for tag, _ in more + fewer} <= {
        "tr",
        "td",
        "br",
        "span",
    }  # one licence in place of two
    told = text(parsed)
    assert "<script>alert(1)</script>" in told  # shown, as text
    assert "{{ 7*7 }}" in told
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f]", told)


def test_the_funnel_tells_videos_that_nothing_was_asked_of_from_files_that_could_not_be_read(
    workspace: Workspace, unchecked: Publish
) -> None:
    given = parts(Blobs(workspace.blobs))
    for row_type in (Item, Verdict, Evidence, TraceStep, Guess):
        given[0].rows[row_type] = [
            row for row in given[0].rows[row_type] if getattr(row, "video_id", "") != video_id(3)
        ]
    told = text(page(unchecked(workspace, built(workspace, given))))
    assert "3 videos read \u22121 duplicate \u22121 not media" in told
    assert "12 items \u22121 nothing to ask (videos)" in told
    assert "8 kept \u22124 veracity" in told


@pytest.mark.parametrize("kept", [1, 2, 6, 10])
def test_a_recipe_that_lacks_tables_has_a_report_of_what_it_has(
    workspace: Workspace, unchecked: Publish, kept: int
) -> None:
    version = unchecked(workspace, built(workspace, order=ORDER[:kept]))
    told = text(page(version))
    assert "5 files given" in told
    assert "Blind guesses" not in told
    assert ("Length of shots" in told) == (kept >= 6)


def test_pictures_beyond_the_budget_are_left_out() -> None:
    thumbs = Thumbs(left=3_000)
    made = [thumbs.picture(picture(number), 96) for number in range(12)]
    assert made[0].startswith("data:image/jpeg;base64,")
    assert sum(map(len, made)) <= 3_000
    assert thumbs.omitted == made.count("") > 0


def test_what_is_no_picture_is_not_shown() -> None:
    assert Thumbs().picture(b"<svg onload=alert(1)>", 96) == ""
    assert Thumbs().grid(b"short") == ""


def test_an_alarm_is_raised_only_above_chance_beyond_doubt() -> None:
    assert interval(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)  # Wilson's interval, by hand
    assert interval(1.0, 3)[0] == pytest.approx(0.4385, abs=1e-4)
    assert interval(0.0, 0) == (0.0, 1.0)


def test_a_task_that_is_guessed_beyond_doubt_is_marked(workspace: Workspace, unchecked: Publish) -> None:
    given = parts(Blobs(workspace.blobs))
    for part in given:
        guesses = [row for row in part.rows[Guess] if isinstance(row, Guess)]
        part.rows[Guess] = [replace(row, is_right=row.task == "rearrange") for row in guesses]
    marked = page(unchecked(workspace, built(workspace, given)))
    (table,) = [one for one in marked.iter("table") if one.attrib.get("class") == "guesses"]
    rows = [(row.attrib.get("class"), text(row)) for row in table.iter("tr")][1:]
    assert rows[0][0] == "alarmed"
    assert rows[0][1].startswith("rearrange 5 100 %")
    assert rows[0][1].endswith("25 % 100 % alarm")
    assert [mark for mark, _ in rows[1:]] == [None, None]
