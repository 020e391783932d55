"""Whether a text speaks to a model instead of about footage: what somebody writes on a wall to steer whoever reads it.

A list of known ways to say it, no understanding: docs/models.md says what that holds against and what not.
"""

import re
import unicodedata

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
_WAYS = (
    rf"\b{_DROP}\b[^.!?]{{0,40}}\b{_WHICH}\b[^.!?]{{0,40}}\b(?:{_WHAT}|above|before|said|told|earlier)\b",
    rf"\b(?:new|updated|hidden|system|developer|important)\s+{_WHAT}\s*[:\-]",
    r"#{2,}\s*(?:system|instruction|assistant)|<\|?\s*(?:im_start|header_start)\W{0,6}(?:system|user)\b",
    r"\[INST\].*\[/INST\]|<<SYS>>.*<</SYS>>|[\"']role[\"']\s*:\s*[\"'](?:system|user|assistant)",
    rf"\b{_NOW}\b[^.!?]{{0,60}}\b{_ROLE}\b",
    rf"\b{_WHO}\b[^.!?]{{0,50}}\b{_MUST}\b[^.!?]{{0,40}}\b{_SAY}\b",
    rf"\b{_SAY}\b[^.!?]{{0,60}}\b{_INTO}\b[^.!?]{{0,20}}\b{_PLACE}\b",
    r"\b(?:respond|reply|output)\b[^.!?]{0,15}\b(?:only|exactly|verbatim|nothing but)\b",
    rf"\b{_SAY}\b[^.!?]{{0,20}}\b(?:option|letter|answer)\s+[\"'(]?[A-H]\b",
    r"\b(?:correct|right|final|true) (?:answer|option|choice) (?:is|must be|should be) (?:always )?(?:option )?[A-H]\b",
    rf"\b(?:rate|score|grade|mark|label|classify)\b[^.!?]{{0,30}}\bas (?:fully )?{_GOOD}\b",
    r"\b(?:rate|score|grade)\b[^.!?]{0,30}\b(?:highest|maximum|full marks|10 ?/ ?10|5 ?/ ?5)\b",
    r"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*)\b.{0,40}\b(?:anweisung\w*|vorgaben|regeln|bisherig\w*)",
    r"\b(?:ignore[rz]?|oublie[rz]?)\b.{0,40}\b(?:instructions?|consignes|règles)\b",
    r"\b(?:ignor[ae]\w*|olvid[ae]\w*|esque[cç]\w*|dimentica\w*)\b.{0,40}\b(?:instruc\w+|instruç\w+|istruzion\w+|reglas)",
    r"(?:忽略|无视|忽視|無視).{0,20}(?:指令|指示|说明|提示|規則)|(?:指示|命令|ルール).{0,6}無視",
    r"(?:игнорируй\w*|забудь\w*).{0,40}(?:инструкц\w*|правил\w*|указан\w*)",
)
_ORDER = re.compile("|".join(f"(?:{way})" for way in _WAYS), re.IGNORECASE)
MOST = 20_000


def reads_as_order(text: str) -> bool:
    """Whether the text holds what reads as an order to a model. Of very long texts the beginning is looked at."""
    plain = unicodedata.normalize("NFKC", text[:MOST])
    kept = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    return _ORDER.search(" ".join(kept.split())) is not None
