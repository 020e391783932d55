"""The samples in two more forms, as JSON lines per split, with their pictures as files."""

import json
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from schemas.duckdb import literal
from storage.blobs import Blobs
from storage.publish_cells import Stored
from storage.publish_pictures import read_blob
from storage.publish_text import harmless

Sample = Mapping[str, Any]
ASK = "Answer with the letter of the right option."
IMAGES, FOOTAGE = "images", "footage"


def write_exports(connection: duckdb.DuckDBPyConnection, samples: Stored, folder: Path, blobs: Blobs) -> None:
    """``chat/<split>.jsonl``, ``rewards/<split>.jsonl``, and the files they name in ``images/`` and ``footage/``."""
    for split in _column(connection, f"SELECT DISTINCT split FROM {samples.sql} ORDER BY ALL"):  # noqa: S608
        for form, shape in FORMS.items():
            path = folder / form / f"{split}.jsonl"
            path.parent.mkdir(exist_ok=True)
            with path.open("w", encoding="utf-8") as file:
                for row in _rows(connection, samples, split):
                    file.write(json.dumps(shape(row), ensure_ascii=False) + "\n")
    for kind, column in ((IMAGES, "unnest(pictures)"), (FOOTAGE, "clip")):
        for name in _column(connection, f"SELECT DISTINCT {column} FROM {samples.sql} ORDER BY ALL"):  # noqa: S608
            if name:
                _copy(blobs, name, folder / place(kind, name))


def _column(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [value for (value,) in connection.execute(sql).fetchall()]


def _rows(connection: duckdb.DuckDBPyConnection, samples: Stored, split: str) -> Iterator[Sample]:
    plain = f"SELECT * EXCLUDE (images) FROM {samples.sql} WHERE split = {literal(split)} ORDER BY sample_id"  # noqa: S608
    for batch in connection.sql(plain).to_arrow_reader(1_000):
        yield from batch.to_pylist()


def _copy(blobs: Blobs, name: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(read_blob(blobs, name))


def place(kind: str, blob: str) -> str:
    """Where a blob lies in a version, relative to it: in one of 256 folders, so that none holds too many."""
    return f"{kind}/{blob[:2]}/{blob}"


def chat(sample: Sample) -> dict[str, Any]:
    """The sample as a conversation of two turns, as LLaVA and ShareGPT readers expect: one ``<image>`` per picture."""
    answer = f"{harmless(sample['reasoning'])}\n\nAnswer: {letter(sample['answer'])}. {harmless(sample['answer_text'])}"
    found = {
        "id": sample["sample_id"],
        "images": [place(IMAGES, name) for name in sample["pictures"]],
        "conversations": [{"from": "human", "value": prompt(sample)}, {"from": "gpt", "value": answer}],
        "task": sample["task"],
        "video_id": sample["video_id"],
    }
    return found | ({"clip": place(FOOTAGE, sample["clip"])} if sample["clip"] else {})


def reward(sample: Sample) -> dict[str, Any]:
    """The sample as a question whose answer a program can verify: the letter, and the program that computed it."""
    return {
        "id": sample["sample_id"],
        "prompt": prompt(sample),
        "images": [place(IMAGES, name) for name in sample["pictures"]],
        "options": [harmless(option) for option in sample["options"]],
        "answer": letter(sample["answer"]),
        "answer_text": harmless(sample["answer_text"]),
        "task": sample["task"],
        "verifier": {"kind": "choice", "letters": [letter(place) for place in range(len(sample["options"]))]},
        "program": _deep(json.loads(sample["program"])),
        "evidence": _deep(json.loads(sample["evidence"])),
        "video_id": sample["video_id"],
    }


def _deep(found: Any) -> Any:
    """A JSON value whose texts are harmless."""
    if isinstance(found, str):
        return harmless(found)
    if isinstance(found, list):
        return [_deep(one) for one in found]
    if isinstance(found, dict):
        return {harmless(name): _deep(one) for name, one in found.items()}
    return found


def prompt(sample: Sample) -> str:
    """Pictures with their labels, question, lettered options, and how to answer."""
    lines = [*_pictures(sample["pictures"], sample["labels"]), harmless(sample["question"])]
    lines += [f"{letter(place)}. {harmless(option)}" for place, option in enumerate(sample["options"])]
    return "\n".join([*lines, ASK])


def _pictures(pictures: Sequence[str], labels: Sequence[str]) -> list[str]:
    if len(labels) != len(pictures):
        return ["<image>" for _ in pictures]
    return [f"{_named(harmless(label))}: <image>" if label else "<image>" for label in labels]


def _named(label: str) -> str:
    """What is said of a picture: ``Picture 2`` for a mere number or letter."""
    return f"Picture {label}" if len(label) <= 2 else label


def letter(place: int) -> str:
    """The letter of an option: A, B, ... Z, AA, AB, ..."""
    more, last = divmod(place, 26)
    return (letter(more - 1) if more else "") + string.ascii_uppercase[last]


FORMS: dict[str, Callable[[Sample], dict[str, Any]]] = {"chat": chat, "rewards": reward}
