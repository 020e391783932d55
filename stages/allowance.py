"""How much memory a child of ours may take: little while it opens footage, then by the size of its pictures."""

import resource

_OPENING = 1 << 30
"""Address space with all libraries in it. A header that needs more is a bomb: one of 900 bytes asks for 2 GB."""
_PER_PIXEL = 256
"""Decoders hold up to forty pictures, of up to six bytes a pixel."""


def for_opening() -> None:
    """From now on no more than opening takes."""
    _allow(_OPENING)


def for_pictures(n_pixels: int) -> None:
    """From now on as much as decoding pictures of that size may take."""
    _allow(_OPENING + _PER_PIXEL * n_pixels)


def _allow(n_bytes: int) -> None:
    """Set the soft limit, within the sandbox's hard one; outside of a sandbox nothing is limited."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_AS, (min(n_bytes, hard), hard))
