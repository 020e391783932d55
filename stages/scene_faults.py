"""What code alone can see to be wrong with a question that a model wrote."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MOST_ASKED, MOST_OPTION = 400, 250
SOURCES = {"seen": "seen", "said": "said", "heard": "said"}
"""What each kind of fact was observed by. A title and a summary are a model's words about such facts, and no source."""

_IDS = re.compile(r"\b[VDST]\d+\b")
_LETTERED = re.compile(r"\(?[A-Da-d1-4][.):]\s|option [A-D]\b", re.IGNORECASE)
_OF_THE_OPTIONS = re.compile(
    r"\b(?i:all|none|both|neither|any|two) of (?:(?:the|these) (?:above|options?|others?)\b|(?:them|these|those)\W*$)"
    r"|\b[A-D] (?:and|or) [A-D]\b|\boptions? \(?[A-D]\b"
)
_OUTSIDE = re.compile(
    r"\b(?:according to|as told in|by|from|in) the (?:given |listed )?"
    r"(?:facts?|summary|title|description|transcript|subtitles?)\b"
    r"|\bfact ids?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Written:
    """A question as a model wrote it: ``answer`` is the letter of the right option."""

    question: str
    options: tuple[str, ...]
    answer: str
    fact_ids: tuple[str, ...]


def fault(written: Written, kinds: Mapping[str, str], of_two_sources: bool) -> str:
    """What is wrong with the question, empty where nothing is. ``kinds`` has the kind of each fact that there is."""
    found = (check(written) for check in _WORDINGS)
    return next((why for why in found if why), "") or _unfounded(written, kinds, of_two_sources)


def _unfounded(written: Written, kinds: Mapping[str, str], of_two_sources: bool) -> str:
    cited = set(written.fact_ids)
    if unknown := sorted(cited - set(kinds)):
        return f"it cites {unknown[0][:20]!r}, which is no fact of the scene"
    sources = [SOURCES[kinds[label]] for label in cited if kinds[label] in SOURCES]
    if len(sources) < 2:
        return f"it cites {len(sources)} facts, not two, that were seen or said"
    if of_two_sources and len(set(sources)) < 2:
        return f"all facts that it cites are {sources[0]}, and its category needs two sources"
    return ""


def _length(written: Written) -> str:
    if not 8 <= len(written.question.strip()) <= MOST_ASKED:
        return f"its question has {len(written.question)} characters, not 8 to {MOST_ASKED}"
    longest = max(map(len, written.options))
    if longest > MOST_OPTION:
        return f"an option has {longest} characters, more than {MOST_OPTION}"
    return "" if all(option.strip() for option in written.options) else "an option is empty"


def _alike(written: Written) -> str:
    plain = {re.sub(r"[\W_]+", " ", option).strip().casefold() for option in written.options}
    return "" if len(plain) == len(written.options) else "two of its options are alike"


def _lettered(written: Written) -> str:
    """An option's letter in its text, or in another's, means nothing once the options are in another order."""
    for text in (*written.options, written.question):
        if _OF_THE_OPTIONS.search(text) or (text != written.question and _LETTERED.match(text.strip())):
            return f"{text[:60]!r} speaks of letters or of other options"
    return ""


def _telling(written: Written) -> str:
    """Somebody who watches knows no ids and no summary."""
    for text in (*written.options, written.question):
        if _IDS.search(text) or _OUTSIDE.search(text):
            return f"{text[:60]!r} speaks of facts or texts that a viewer does not have"
    return ""


_WORDINGS: tuple[Callable[[Written], str], ...] = (_length, _alike, _lettered, _telling)
