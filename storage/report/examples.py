"""Twenty published items, whole: pictures, question, options, reasoning, evidence and what the gates said."""

from dataclasses import dataclass
from typing import Any

from storage.blobs import Blobs
from storage.exports import letter
from storage.publish_pictures import read_blob
from storage.report.ask import Tables
from storage.report.sheets import clock
from storage.report.thumbs import Thumbs

ITEMS = 20
WIDTH = 240


@dataclass(frozen=True)
class Picture:
    """One picture as it is shown: a data URI, its label, and its time in the video."""

    image: str
    label: str
    at: str


@dataclass(frozen=True)
class Option:
    """One option with its letter."""

    letter: str
    text: str
    is_right: bool


@dataclass(frozen=True)
class Opinion:
    """What one gate said of an item."""

    gate: str
    passed: bool
    reason: str


@dataclass(frozen=True)
class Example:
    """One published item."""

    sample_id: str
    task: str
    split: str
    source: str
    question: str
    pictures: tuple[Picture, ...]
    options: tuple[Option, ...]
    reasoning: str
    evidence: tuple[tuple[str, str], ...]
    verdicts: tuple[Opinion, ...]


SAMPLES = """
SELECT sample_id, task, split, uri, question, options, answer, reasoning, labels, pictures_us, pictures
FROM samples SEMI JOIN (
    SELECT sample_id FROM (
        SELECT sample_id, task, row_number() OVER (PARTITION BY task ORDER BY md5(sample_id)) AS nth FROM samples
    ) ORDER BY nth, task LIMIT $n
) USING (sample_id) ORDER BY task, sample_id"""


def examples(tables: Tables, thumbs: Thumbs, blobs: Blobs) -> list[Example]:
    """Twenty items, spread evenly over the tasks; which ones depends on nothing but their ids."""
    if "samples" not in tables.names:
        return []
    found = tables.connection.execute(SAMPLES, {"n": ITEMS})
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [_example(tables, row, _pictures(row, thumbs, blobs)) for row in rows]


def _example(tables: Tables, row: dict[str, Any], pictures: tuple[Picture, ...]) -> Example:
    sample = row["sample_id"]
    return Example(
        sample_id=sample,
        task=row["task"],
        split=row["split"],
        source=row["uri"].rpartition("/")[2],
        question=row["question"],
        pictures=pictures,
        options=tuple(Option(letter(place), text, place == row["answer"]) for place, text in enumerate(row["options"])),
        reasoning=row["reasoning"],
        evidence=_evidence(tables, sample),
        verdicts=_verdicts(tables, sample),
    )


def _pictures(row: dict[str, Any], thumbs: Thumbs, blobs: Blobs) -> tuple[Picture, ...]:
    labels = row["labels"] if len(row["labels"]) == len(row["pictures"]) else [""] * len(row["pictures"])
    times = row["pictures_us"] if len(row["pictures_us"]) == len(row["pictures"]) else [None] * len(row["pictures"])
    return tuple(
        Picture(thumbs.picture(read_blob(blobs, name), WIDTH), label, "" if at is None else f"{at / 1e6:.2f} s")
        for name, label, at in zip(row["pictures"], labels, times, strict=True)
    )


def _evidence(tables: Tables, sample: str) -> tuple[tuple[str, str], ...]:
    found = tables.ask(
        "SELECT start_us / 1e6, end_us / 1e6, what FROM evidence WHERE item_id = $sample "
        "ORDER BY start_us, end_us LIMIT 12",
        "evidence",
        sample=sample,
    )
    return tuple((f"{clock(start)} ({start:.2f} to {end:.2f} s)", what) for start, end, what in found)


def _verdicts(tables: Tables, sample: str) -> tuple[Opinion, ...]:
    found = tables.ask(
        "SELECT gate, passed, reason FROM verdicts WHERE item_id = $sample ORDER BY gate", "verdicts", sample=sample
    )
    return tuple(Opinion(*row) for row in found)
