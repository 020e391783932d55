"""What a model wrote, as one line."""


def plain(text: str) -> str:
    """The text with one space wherever it had white space, and none around it."""
    return " ".join(text.split())
