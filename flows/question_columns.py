"""Which column of a set of questions holds what: as its usual names say, or a TOML file of the user's."""

import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from schemas.errors import BadInput

Part = Literal["id", "question", "options", "answer", "video", "task", "start_s", "end_s", "start_us", "end_us"]

USUAL: Mapping[str, tuple[str, ...]] = {
    "id": ("question_id", "sample_id", "item_id", "qid", "id", "uid", "idx"),
    "question": ("question", "query", "question_text", "prompt", "conversations", "text"),
    "options": ("options", "choices", "candidates", "answer_choices", "multiple_choice", "option"),
    "answer": ("answer", "correct_answer", "correct_choice", "correct", "gt", "label", "truth", "conversations"),
    "video": (
        *("uri", "video_path", "video", "videoid", "video_file", "video_name", "video_filename", "filename"),
        *("file_name", "file", "path", "vid", "youtube_id", "video_id", "video_uid"),
    ),
    "task": ("task_type", "task", "question_type", "question_category", "category", "type"),
    "start_s": ("start_s", "start", "start_time"),
    "end_s": ("end_s", "end", "end_time"),
    "start_us": ("start_us",),
    "end_us": ("end_us",),
}
"""What a column is usually called, by what it holds; capitals do not count."""

LETTERED = ("{}", "option_{}", "option{}", "choice_{}", "options_{}", "opt_{}")
NUMBERED = ("a{}", "option_{}", "option{}", "choice{}", "choice_{}", "answer{}", "answer_{}")
"""How columns are called that hold an option each: by letter, or by number."""

NEEDED: tuple[Part, ...] = ("question", "answer", "video")
KEYS = (*USUAL, "answers_from")


@dataclass(frozen=True)
class Columns:
    """The names of the columns by what they hold. Of a video there may be several, tried one after the other.

    ``options`` is one column with a list or a text, or one for each option; empty where the question's text has them.
    ``answers_from`` is the number of the first option where answers are numbers; None where that is to be found out.
    """

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answers_from: int | None = None

    def of(self, part: Part) -> tuple[str, ...]:
        """The columns that hold this part of a question."""
        return self.names.get(part, ())

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that is read."""
        return tuple(dict.fromkeys(name for names in self.names.values() for name in names))


@dataclass(frozen=True)
class Named:
    """What the user names: the file, and columns by what they hold, where the file does not call them as usual."""

    path: Path
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answers_from: int | None = None


def named(given: str) -> Named:
    """The file itself, or the one that a TOML file names: ``file``, and under ``[columns]`` what holds what.

    Raises BadInput for a TOML file that says anything else.
    """
    path = Path(given).expanduser()
    if path.suffix.lower() != ".toml":
        return Named(path)
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise BadInput(f"cannot read the column map {given!r}: {wrong}") from None
    _known(given, told, ("file", "columns"))
    columns = told.get("columns", {})
    if not isinstance(told.get("file"), str) or not isinstance(columns, dict):
        raise BadInput(f'the column map {given!r} names no file; write file = "questions.parquet" and [columns]')
    _known(given, columns, KEYS)
    first = columns.pop("answers_from", None)
    if first not in (None, 0, 1):
        raise BadInput(f"answers_from is {first!r} in {given!r}; answers count from 0 or from 1")
    return Named(path.parent / told["file"], {name: _names(given, name, one) for name, one in columns.items()}, first)


def chosen(wish: Named, found: Sequence[str]) -> Columns:
    """The columns to read, out of those that the file has. Raises BadInput where one that is needed is missing."""
    plain = {name.lower(): name for name in reversed(found)}
    names: dict[str, tuple[str, ...]] = {}
    for part, usual in USUAL.items():
        told = wish.columns.get(part)
        if told is not None:
            names[part] = tuple(_column(wish, name, found) for name in told)
        elif present := [plain[name] for name in usual if name in plain]:
            names[part] = tuple(present) if part == "video" else (present[0],)
    if "options" not in names:
        names["options"] = _one_each(plain)
    for part in NEEDED:
        if part not in names:
            raise BadInput(_lacks(wish, part, found))
    own = 0 if "sample_id" in found and "answer_text" in found else None
    extra = {"more": tuple(name for name in ("pictures_us", "labels", "sample_id") if name in found)}
    return Columns(names | extra, wish.answers_from if wish.answers_from is not None else own)


def _one_each(plain: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that hold an option each, in order; none where there are not two at least."""
    for pattern, signs in [(one, "abcdefghij") for one in LETTERED] + [(one, "0123456789") for one in NUMBERED]:
        start = 1 if signs[0] == "0" and pattern.format(0) not in plain else 0
        run: list[str] = []
        for sign in signs[start:]:
            if pattern.format(sign) not in plain:
                break
            run.append(plain[pattern.format(sign)])
        if len(run) > 1:
            return tuple(run)
    return ()


def _column(wish: Named, name: str, found: Sequence[str]) -> str:
    if name in found:
        return name
    close = difflib.get_close_matches(name, found, 1, 0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"it has: {', '.join(found)}"
    raise BadInput(f"{str(wish.path)!r} has no column {name!r}; {hint}")


def _lacks(wish: Named, part: Part, found: Sequence[str]) -> str:
    close = [one for usual in USUAL[part] for one in difflib.get_close_matches(usual, found, 1, 0.6)]
    hint = f"did you mean {close[0]!r}? If so, say" if close else f"it has: {', '.join(found)}; say"
    written = close[0] if close else "COLUMN"
    return (
        f'{str(wish.path)!r} has no column for the {part} of a question; {hint} {part} = "{written}" '
        "under [columns] of a TOML file (docs/audit.md)"
    )


def _known(given: str, told: Mapping[str, Any], keys: Collection[str]) -> None:
    for name in told:
        if name not in keys:
            close = difflib.get_close_matches(name, list(keys), 1, 0.5)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(keys)}"
            raise BadInput(f"the column map {given!r} knows no {name!r}; {hint}")


def _names(given: str, part: str, told: Any) -> tuple[str, ...]:
    names = (told,) if isinstance(told, str) else tuple(told) if isinstance(told, list) else ()
    if not names or not all(isinstance(name, str) for name in names):
        raise BadInput(f"{part} is {told!r} in {given!r}; write the name of a column, or a list of names")
    return names
