"""Whether a text speaks to a model instead of about footage: what somebody writes on a wall to steer whoever reads it.

A list of known ways to say it, no understanding: docs/models.md says what that holds against and what not.
"""

import re
import unicodedata
from dataclasses import dataclass

_WHAT = (
    "(?:instruct\\w*|prompts?|rules?|directions?|directives?|guidelines?|commands?|context|messages?|training|schema)"
)
_WHICH = "(?:all|any|every|everything|your|previous|prior|above|earlier|preceding|foregoing|system)"
_PLACE = (
    "(?:answers?|options?|questions?|captions?|choices|replies|responses?|outputs?|fields?|summar(?:y|ies)|titles?)"
)
_DROP = "(?:ignore|disregard|forget|override|overrule|bypass|discard|drop|skip|stop following|do ?n[o']?t follow)"
_SAY = "(?:answer|respond|reply|output|say|write|print|include|repeat|insert|append|add|put|give|choose|select|pick)"
_INTO = "(?:(?:in|into|to) (?:all|every|each|any)|(?:in|into|as) (?:your|the right|the correct))"
_WHO = "(?:AI|LLM|GPT|chatbot|assistant|language model|vision model|annotator|grader|judge|captioner)s?"
_NOW = "(?:you are (?:now|no longer)|from now on|pretend (?:to be|you are)|act as (?:an?|if))"
_ROLE = (
    "(?:AI|model|assistant|annotator|judge|system|bot|filter|mode|rules?|instructions?|questions?|answers?|options?)"
)
_MUST = "(?:must|should|shall|have to|are to|is to|please|need to|required to)"
_GOOD = "(?:supported|correct|passed|valid|true)"


@dataclass(frozen=True)
class Way:
    """One way to give an order. Every text that holds it also holds one of ``hints``, in small letters.

    Looking for those first takes a few microseconds, the patterns of all ways a hundred.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]

    def is_in(self, text: str, small: str) -> bool:
        """Whether the text, which is ``small`` in small letters, holds it."""
        return any(hint in small for hint in self.hints) and self.pattern.search(text) is not None


def _way(pattern: str, hints: str) -> Way:
    return Way(tuple(hints.split("|")), re.compile(pattern, re.IGNORECASE))


WAYS = (
    _way(
        rf"\b{_DROP}\b[^.!?]{{0,40}}\b{_WHICH}\b[^.!?]{{0,40}}\b(?:{_WHAT}|above|before|said|told|earlier)\b",
        "ignore|disregard|forget|overr|bypass|discard|drop|skip|follow",
    ),
    _way(
        rf"\b(?:new|updated|hidden|system|developer|important)\s+{_WHAT}\s*[:\-]",
        "new|updated|hidden|system|developer|important",
    ),
    _way(
        r"#{2,}\s*(?:system|instruction|assistant)|<\|?\s*(?:im_start|header_start)\W{0,6}(?:system|user)\b",
        "##|im_start|header_start",
    ),
    _way(
        r"\[INST\].*\[/INST\]|<<SYS>>.*<</SYS>>|[\"']role[\"']\s*:\s*[\"'](?:system|user|assistant)",
        "[inst]|<<sys>>|role",
    ),
    _way(rf"\b{_NOW}\b[^.!?]{{0,60}}\b{_ROLE}\b", "you are n|now on|pretend|act as"),
    _way(
        rf"\b{_WHO}\b[^.!?]{{0,50}}\b{_MUST}\b[^.!?]{{0,40}}\b{_SAY}\b",
        "must|should|shall|have to|are to|is to|please|need to|required to",
    ),
    _way(
        rf"\b{_SAY}\b[^.!?]{{0,60}}\b{_INTO}\b[^.!?]{{0,20}}\b{_PLACE}\b",
        " all| every| each| any| your|the right|the correct",
    ),
    _way(
        r"\b(?:respond|reply|output)\b[^.!?]{0,15}\b(?:only|exactly|verbatim|nothing but)\b",
        "only|exactly|verbatim|nothing but",
    ),
    _way(rf"\b{_SAY}\b[^.!?]{{0,20}}\b(?:option|letter|answer)\s+[\"'(]?[A-H]\b", "option |letter |answer "),
    _way(
        r"\b(?:correct|right|final|true) (?:answer|option|choice) "
        r"(?:is|must be|should be) (?:always )?(?:option )?[A-H]\b",
        "answer |option |choice ",
    ),
    _way(
        rf"\b(?:rate|score|grade|mark|label|classify)\b[^.!?]{{0,30}}\bas (?:fully )?{_GOOD}\b",
        "as fully|as supported|as correct|as passed|as valid|as true",
    ),
    _way(
        r"\b(?:rate|score|grade)\b[^.!?]{0,30}\b(?:highest|maximum|full marks|10 ?/ ?10|5 ?/ ?5)\b",
        "highest|maximum|full marks|10|5",
    ),
    _way(
        r"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*)\b.{0,40}\b(?:anweisung\w*|vorgaben|regeln|bisherig\w*)",
        "ignorier|vergiss|vergesst|missachte",
    ),
    _way(r"\b(?:ignore[rz]?|oublie[rz]?)\b.{0,40}\b(?:instructions?|consignes|règles)\b", "ignore|oublie"),
    _way(
        r"\b(?:ignor[ae]\w*|olvid[ae]\w*|esque[cç]\w*|dimentica\w*)\b"
        r".{0,40}\b(?:instruc\w+|instruç\w+|istruzion\w+|reglas)",
        "ignor|olvid|esque|dimentica",
    ),
    _way(
        r"(?:忽略|无视|忽視|無視).{0,20}(?:指令|指示|说明|提示|規則)|(?:指示|命令|ルール).{0,6}無視",
        "忽略|无视|忽視|無視",
    ),
    _way(r"(?:игнорируй\w*|забудь\w*).{0,40}(?:инструкц\w*|правил\w*|указан\w*)", "игнорируй|забудь"),
)
MOST = 20_000
_LIKE_I = str.maketrans("İı", "ii")  # which the patterns take for an i as well


def reads_as_order(text: str) -> bool:
    """Whether the text holds what reads as an order to a model. Of very long texts the beginning is looked at."""
    plain = unicodedata.normalize("NFKC", text[:MOST])
    if not plain.isascii():
        plain = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    plain = " ".join(plain.split())
    small = plain.translate(_LIKE_I).casefold()
    return any(way.is_in(plain, small) for way in WAYS)
