"""Texts out of footage, titles and file names, made harmless for readers and for models that train on them."""

import re

# C0 and C1 controls but tab and newline; bidi embeddings, overrides, isolates and marks; line and paragraph separators
# and zero-width signs, which hide a token from a search; lone surrogates, which no file can hold.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
    "|[\U000e0000-\U000e007f]"
)
# `<image>`, `</s>`, `<|im_start|>` (also with U+FF5C for the bar), `<<SYS>>`: breaking the bracket breaks the token.
ANGLE = re.compile("<(?=[A-Za-z/|\uff5c<!\\[])")
BROKEN = "\u2039"  # looks like the bracket, and is in no token
# `[INST]`, `[/INST]`, `[IMG]`, `[gMASK]`, `[TOOL_CALLS]`
SQUARE = re.compile(r"\[(?=/?[A-Za-z]?[A-Z_]{3,}\])")


def visible(text: str) -> str:
    """The text without signs that cannot be seen or that turn the direction of writing."""
    return HIDDEN.sub("", text)


def harmless(text: str) -> str:
    """The visible text, in which nothing reads as a special token of a model: its opening bracket is another sign."""
    return SQUARE.sub("(", ANGLE.sub(BROKEN, visible(text)))
