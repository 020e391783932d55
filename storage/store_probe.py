"""What a store guarantees, found out on throw-away objects before anything is built on it."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from schemas.errors import BadInput
from storage.files import FORGOTTEN_S
from storage.store import Store

FOLDER = "probe"
RACERS = 6


@dataclass(frozen=True)
class Guarantees:
    """What was seen to hold. ``tells_md5``: an ETag is the MD5 of an object; ``lists``: what was written is listed.

    ``now`` is the time by the store's own clock, None where it does not say.
    """

    tells_md5: bool
    lists: bool
    now: datetime | None


def probe(store: Store) -> Guarantees:
    """What the store guarantees; nothing is left of the probe. About forty small requests.

    Raises BadInput for a store that lets two writers both create one object, or that does not show what was written.
    """
    folder = f"{FOLDER}/{secrets.token_hex(8)}"
    try:
        return _probed(store, folder)
    finally:
        store.remove([f"{folder}/{name}" for name in ("one", "race")])


def _probed(store: Store, folder: str) -> Guarantees:
    one, first, second, third = f"{folder}/one", b"first", b"second", b"third"
    if store.read(one) is not None or not store.put_new(one, first):
        raise _unfit(store, "says that an object is there which nobody wrote")
    if store.read(one) != first:
        raise _unfit(store, "does not show an object right after it was written")
    if store.put_new(one, second) or store.read(one) != first:
        raise _unfit(store, "ignores the condition `If-None-Match: *`, so two publishers could overwrite each other")
    _race(store, f"{folder}/race")
    store.put(one, third)
    if store.read(one) != third:
        raise _unfit(store, "shows an object as it was before it was written anew")
    facts = store.facts(one)
    if facts is None or facts.size_bytes != len(third):
        raise _unfit(store, "does not tell the size of an object that it holds")
    md5 = hashlib.md5(third, usedforsecurity=False).hexdigest()
    listed = store.below(FOLDER)
    store.remove(name for name in listed if _is_forgotten(store, name, facts.changed))
    return Guarantees(facts.etag == md5, one in listed, facts.changed)


def _is_forgotten(store: Store, name: str, now: datetime | None) -> bool:
    """Whether a probe that was killed left it there a day ago, by the store's own clock."""
    facts = store.facts(name)
    return bool(facts and facts.changed and now and (now - facts.changed).total_seconds() > FORGOTTEN_S)


def _race(store: Store, name: str) -> None:
    """Raises BadInput when of several who create one object at once not exactly one succeeds."""
    wishes = [f"racer {number}".encode() for number in range(RACERS)]
    wins = store.each(lambda wish: store.put_new(name, wish), wishes)
    won = [wish for wish, has_won in zip(wishes, wins, strict=True) if has_won]
    if len(won) != 1 or store.read(name) != won[0]:
        raise _unfit(store, f"let {len(won)} of {RACERS} writers at once create one object")


def _unfit(store: Store, fault: str) -> BadInput:
    return BadInput(
        f"{store.address}: this store {fault}; nothing is safe there. Publish to a folder and copy it, take a store "
        "with conditional writes (AWS S3, MinIO, Ceph, R2, GCS and Azure have them), or bring this one up to date"
    )
