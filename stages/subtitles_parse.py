"""Subtitles out of untrusted bytes, SubRip or WebVTT: in time that grows with their length and nothing else."""

import codecs
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stages.refusal import Refused

MOST_CUES = 20_000
MOST_CHARACTERS = 500
SHOWN_US = 3_000_000
"""How long a line is taken to stay where nothing says so, if the next one does not come sooner."""

_LINE, _BLOCK = 2000, 12
_TIME = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"\s{{0,9}}(-?){_TIME}\s{{0,9}}-->\s{{0,9}}(?:(-?){_TIME})?")
_SPEAKER = re.compile(r"<v(?:\.[^<> ]{1,40})? ([^<>]{1,80})>")
_MARKUP = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_BYTE_ORDERS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True, order=True)
class Cue:
    """One subtitle: shown in [start_us, end_us), without markup."""

    start_us: int
    end_us: int
    text: str


def cues(content: bytes) -> list[Cue]:
    """The subtitles in the bytes, in order of time, each once. Raises ``Refused`` where there are none.

    A line that ends before it begins, or never, stays until the next one, or for three seconds. What lies before 0 is
    left out, and what comes after 20,000 subtitles or after 500 characters of one.
    """
    found = [cue for cue in _finished(list(_blocks(decoded(content).splitlines()))) if cue.text and cue.end_us > 0]
    if not found:
        raise Refused("not_media", "there is no subtitle in it: no line with 00:00:01,000 --> 00:00:02,000 and words")
    return sorted(set(found))


def decoded(content: bytes) -> str:
    """The text: as its byte order mark says, else UTF-8, else Windows-1252. Raises ``Refused`` for what is no text."""
    for mark, encoding in _BYTE_ORDERS:
        if content.startswith(mark):
            text = content[len(mark) :].decode(encoding, "replace")
            break
    else:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
    if len(_CONTROL.findall(text[:100_000])) > len(text[:100_000]) // 100:
        raise Refused("not_media", f"it is no text: it begins with {content[:12].hex(' ')}")
    return text


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, int | None, list[str]]]:
    """Start, end and lines of each subtitle; an end is None where there is none."""
    times = {number: found for number, line in enumerate(lines) if (found := _TIMING.match(line[:_LINE]))}
    starts = sorted(times)[:MOST_CUES]
    for number, after in pairwise([*starts, len(lines)]):
        block: list[str] = []
        for line in lines[number + 1 : min(after, number + 1 + _BLOCK)]:
            if not line.strip():
                break
            block.append(line[:_LINE])
        if number + 1 + len(block) == after and after < len(lines) and block and block[-1].strip().isdigit():
            block.pop()  # the number of the next one, with no empty line before it
        found = times[number]
        yield _micros(found, 1) or 0, _micros(found, 6), block


def _micros(found: re.Match[str], at: int) -> int | None:
    sign, hours, minutes, seconds, fraction = found.group(*range(at, at + 5))
    if minutes is None:
        return None
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    us = whole * 1_000_000 + int((fraction or "").ljust(6, "0"))
    return -us if sign else us


def _finished(found: list[tuple[int, int | None, list[str]]]) -> Iterator[Cue]:
    """Subtitles with an end after their start, none before 0."""
    for (start, end, lines), (after, *_) in pairwise([*found, (1 << 62, None, [])]):
        told = end is not None and end > start
        usual = min(start + SHOWN_US, after) if after > start else start + SHOWN_US
        yield Cue(max(0, start), end if told and end else usual, _plain(lines))


def _plain(lines: Sequence[str]) -> str:
    """The words alone, in one line; who speaks stays, where WebVTT says so."""
    text = " ".join(lines)[: 4 * MOST_CHARACTERS]
    unmarked = _MARKUP.sub("", _SPEAKER.sub(r"\1: ", text))
    return " ".join(_CONTROL.sub(" ", html.unescape(unmarked)).split())[:MOST_CHARACTERS].strip()
