"""What a request will take at most, before it is sent; and what an answer took, also where the server does not say."""

from infra.models.ledger import Sum
from infra.profile_models import ModelPart
from schemas.chat import Picture, Request

# Tokenizers make a token of three to five bytes of prose, two of dense code and digits.
BYTES_PER_TOKEN = 2
# Roles, separators, and what a server adds of its own.
FRAME_TOKENS = 32


def tokens_in(request: Request, model: ModelPart, extra: str = "") -> int:
    """An upper bound of the tokens of a request; ``extra`` is what an earlier try has added to it."""
    texts = [request.system, extra, *(part for part in request.parts if isinstance(part, str))]
    if request.form:
        texts.append(request.form.schema_text())
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    pictures = sum(isinstance(part, Picture) for part in request.parts)
    return FRAME_TOKENS + -(-size // BYTES_PER_TOKEN) + pictures * model.picture_tokens


def bound(model: ModelPart, estimated_in: int, max_tokens: int) -> Sum:
    """What one asking takes at most."""
    return Sum(estimated_in + max_tokens, model.cost(estimated_in, max_tokens))


def used(said: object, estimated: int, most: int, least: int = 1) -> int:
    """The number of tokens that a server says it counted; our own upper bound where it says none, or nonsense.

    Some servers that do not count say 0: nothing that was asked, and no text that was said, has so few.
    """
    if isinstance(said, int) and not isinstance(said, bool) and least <= said <= most:
        return said
    return estimated
