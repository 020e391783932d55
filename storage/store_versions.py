"""Versions on an object store: a version exists once its manifest does, and a manifest is only ever written once.

Below the address lie

    versions/<n>/...            as in a folder; ``manifest.json`` is written last, and only if there is none
    claims/<n>.json             who is writing version n, from before its first file until after its manifest
    latest.json                 a hint where to begin to look; never the truth

A number is taken when its manifest or its claim is there. Numbers are taken in order, so the latest is found by asking
for known keys, one after the other, and never by listing.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from storage.files import FORGOTTEN_S
from storage.manifest import MANIFEST, Manifest, canonical, digest, parse
from storage.owner import is_dead, mark
from storage.store import Store
from storage.store_probe import Guarantees, probe
from storage.store_send import send

VERSIONS, CLAIMS, HINT = "versions", "claims", "latest.json"
ABANDONED = "abandoned"


class StoreVersions:
    """The versions below one address, for whoever publishes there and for whoever reads."""

    def __init__(self, store: Store, look: Callable[[Store], Guarantees] = probe) -> None:
        self.store = store
        self._look = look
        self._lost: set[int] = set()
        self._newest = 0

    @cached_property
    def guarantees(self) -> Guarantees:
        """What the store guarantees, found out on first use. Raises BadInput for one that nobody can publish to."""
        return self._look(self.store)

    def address(self, number: int) -> str:
        """Where readers find that version."""
        return self.store.url(f"{VERSIONS}/{number}")

    def latest(self) -> Manifest | None:
        """The manifest of the latest version; None without one. Raises Damaged when it is not as it was written."""
        for number in range(self._top(), 0, -1):
            stored = self._stored(number)
            if stored:
                self._newest = number
                return parse(stored, self.store.url(_manifest(number)))
        return None

    def manifest(self, number: int) -> Manifest | None:
        """The manifest of one version; None where there is none, or where a publisher gave up. Raises Damaged."""
        stored = self._stored(number)
        return parse(stored, self.store.url(_manifest(number))) if stored else None

    def _stored(self, number: int) -> bytes | None:
        stored = self.store.read(_manifest(number))
        return None if stored == _gone(number) else stored

    def next_number(self, inputs: str) -> int:
        """One that nobody has, or that an earlier try for the same inputs had claimed before it ended.

        What other publishers left that surely publish no more is removed first.
        """
        kept = list(self._unfinished(inputs))
        return kept[0] if kept else self._top() + 1

    def place(self, folder: Path, manifest: Manifest) -> bool:
        """Claims the number, sends the files, then the manifest; False when the number is somebody else's by now."""
        number = manifest.number
        content = digest(canonical({name: facts.sha256 for name, facts in manifest.files.items()}))
        is_new = self._claim(manifest, content)
        won = is_new is not None and self._send(folder, manifest, is_new=is_new)
        if not won:
            self._lost.add(number)
        return won

    def _send(self, folder: Path, manifest: Manifest, *, is_new: bool) -> bool:
        number, guarantees = manifest.number, self.guarantees
        files = {f"{VERSIONS}/{number}/{name}": folder / name for name in manifest.files}
        send(self.store, files, is_new=is_new, tells_md5=guarantees.tells_md5)
        if not self._seal(manifest, (folder / MANIFEST).read_bytes()):
            self._clear(number)
            return False
        self.store.put(HINT, json.dumps({"version": number}).encode())
        self.store.remove([_claim(number)])
        return True

    def _seal(self, manifest: Manifest, stored: bytes) -> bool:
        """Whether the version is there now: written by us, or by one who had claimed the same content before us."""
        if self.store.put_new(_manifest(manifest.number), stored):
            return True
        found = self.manifest(manifest.number)
        return found is not None and found.files == manifest.files

    def _claim(self, manifest: Manifest, content: str) -> bool | None:
        """True for a claim that is new, False for one of the same content that was there, None for somebody else's."""
        number = manifest.number
        facts = {"inputs": manifest.inputs, "content": content, "by": mark(), "token": secrets.token_hex(8)}
        if self.store.put_new(_claim(number), canonical(facts)):
            if self.store.facts(_manifest(number)) is None:
                return True
            self.store.remove([_claim(number)])  # it was published between our look and our claim
            return None
        return False if self._claimed(number).get("content") == content else None

    def _claimed(self, number: int) -> dict[str, Any]:
        """What the claim says; nothing when it is gone, or is none of ours."""
        return _facts(self.store.read(_claim(number)))

    def _unfinished(self, inputs: str) -> Iterator[int]:
        """The numbers that were claimed for these inputs and not published; what the dead left is removed."""
        for name in self.store.within(CLAIMS):
            number = _number(name.rpartition("/")[2].removesuffix(".json"))
            claimed = self._claimed(number)
            if not number:
                continue  # none of ours
            if self.store.facts(_manifest(number)):
                self._clear(number)
            elif claimed.get("inputs") == inputs and number > self._newest and number not in self._lost:
                yield number
            elif self._is_forgotten(name, claimed) and self.store.put_new(_manifest(number), _gone(number)):
                self._clear(number)

    def _is_forgotten(self, name: str, claimed: dict[str, Any]) -> bool:
        """Whether its publisher surely runs no more, or began a day ago, by the store's own clock."""
        facts, now = self.store.facts(name), self.guarantees.now
        if is_dead(str(claimed.get("by", ""))):
            return True
        if facts is None or facts.changed is None or now is None:
            return False
        return now - facts.changed > timedelta(seconds=FORGOTTEN_S)

    def _clear(self, number: int) -> None:
        """Removes the claim of a number that is settled; of one that was given up, its files before that."""
        if self.store.read(_manifest(number)) == _gone(number):
            below = self.store.below(f"{VERSIONS}/{number}")
            self.store.remove(name for name in below if name != _manifest(number))
        self.store.remove([_claim(number)])

    def _top(self) -> int:
        """The highest number that is taken."""
        number = self._hinted()
        while self.store.facts(_manifest(number + 1)) or self.store.facts(_claim(number + 1)):
            number += 1
        return number

    def _hinted(self) -> int:
        """A number to begin with: the hint's, if that version is there, else the highest that the store lists."""
        hinted = _facts(self.store.read(HINT)).get("version")
        if isinstance(hinted, int) and hinted > 0 and self.store.facts(_manifest(hinted)):
            return hinted
        return max((_number(name.rpartition("/")[2]) for name in self.store.within(VERSIONS)), default=0)


def _facts(stored: bytes | None) -> dict[str, Any]:
    """What a small object says; nothing when it is not there, or is none of ours."""
    try:
        found = json.loads(stored or b"")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(name: str) -> int:
    return int(name) if name.isascii() and name.isdigit() else 0


def _manifest(number: int) -> str:
    return f"{VERSIONS}/{number}/{MANIFEST}"


def _claim(number: int) -> str:
    return f"{CLAIMS}/{number}.json"


def _gone(number: int) -> bytes:
    """What stands in place of the manifest of a version that was given up, so that nobody can finish it any more."""
    return canonical({ABANDONED: number})
