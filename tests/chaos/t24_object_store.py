"""T24: versions on an object store, while publishers die, answers get lost and the store is busy."""

import multiprocessing
import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path

from schemas.errors import BadInput
from storage.store import Store
from storage.store_probe import probe
from tests.chaos.bar import Bar, Scale, Shown
from tests.storage.object_store import BUCKET, HASTY, Asked, Reply, before, fault, served
from tests.storage.versions_by_hand import publish, stored, versions

PROMISE = (
    "Versions on an object store: a publisher killed at any request leaves old or new, never half, and the next run "
    "finishes or removes it; publishers at once never mix; a busy store and lost answers cost tries, not versions; "
    "a flipped bit is found; a store that ignores If-None-Match is refused"
)


@dataclass
class Seen:
    """What went wrong, in words, and how much was tried."""

    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    numbers: int = 0
    faults: int = 0
    flips: int = 0

    def check(self, holds: bool, words: str) -> None:
        if not holds:
            self.wrong.append(words)


def show(folder: Path, scale: Scale) -> Shown:
    seen = Seen()
    with served() as endpoint:
        _killed(endpoint, folder / "killed", scale, seen)
        _at_once(folder / "at once", scale, seen)
        _busy(endpoint, folder / "busy", scale, seen)
        _flipped(scale, seen)
        _refused(endpoint, seen)
    figures = (
        f"{seen.kills} kills, one per request of a publish, {seen.numbers} publishes by 3 publishers at once, "
        f"{seen.faults} faults of the store in {scale.of(4, 1)} publishes, {seen.flips} flipped bits: "
        f"{len(seen.wrong)} wrong"
    )
    return Shown(not seen.wrong, "; ".join([figures, *seen.wrong[:3]]))


def _killed(endpoint: str, folder: Path, scale: Scale, seen: Seen) -> None:
    """A publisher is killed before its n-th request, for each n (or some) until it needs no more."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.storage.versions_by_hand", "s3fs"])
    address, old, number = f"s3://{BUCKET}/killed", "old", 1
    publish(address, folder / "old", old)
    while _died(context, endpoint, Publishing(address, folder / str(number), f"new {number}"), number):
        when, new = f"a kill at request {number}", f"new {number}"
        _look(address, {old, new}, seen, f"after {when}")
        publish(address, folder / f"{number} again", new)
        _look(address, {new}, seen, f"after the run that followed {when}")
        seen.check(_no_claim_stands(address), f"an unfinished claim is left by {when}")
        seen.kills, old, number = seen.kills + 1, new, number + scale.of(1, 9)


@dataclass(frozen=True)
class Publishing:
    """What a publisher does, in a process of its own."""

    address: str
    folder: Path
    words: str

    def at(self, endpoint: str) -> None:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        publish(self.address, self.folder, self.words)


def _died(context: ForkServerContext, endpoint: str, publishing: Publishing, number: int) -> bool:
    """Whether the publisher was killed before it was done."""
    publisher: list[int] = []

    def kill(asked: Asked) -> Reply | None:
        if asked.number != number:
            return None
        os.kill(publisher[0], signal.SIGKILL)
        return fault(503, "SlowDown")

    with before(endpoint, kill) as proxy:
        child = context.Process(target=publishing.at, args=(proxy.url,))
        with proxy.held():
            child.start()
            publisher.append(child.pid or 0)
        child.join(60)
    return child.exitcode == -signal.SIGKILL


def _no_claim_stands(address: str) -> bool:
    """Whether every claim is of a version that is there: such a one goes with the next version that is published."""
    claims = Store(address, HASTY).below("claims")
    return all(versions(address).manifest(int(Path(name).stem)) for name in claims)


def _look(address: str, wanted: set[str], seen: Seen, when: str) -> None:
    """What a reader finds: the latest version is one of these, and every byte of it is there."""
    latest = versions(address).latest()
    seen.check(latest is not None and latest.inputs in wanted, f"{when} the latest is not {wanted}")
    seen.check(latest is not None and not stored(address, latest.number).faults(), f"{when} the latest is not whole")


def _at_once(folder: Path, scale: Scale, seen: Seen) -> None:
    """Three publishers at once, each with content of its own, again and again."""
    address, each = f"s3://{BUCKET}/at-once", scale.of(4, 1)

    def several(who: int) -> list[int]:
        return [publish(address, folder / f"{who}-{nth}", f"{who}-{nth}") for nth in range(each)]

    with ThreadPoolExecutor(3) as pool:
        numbers = [number for some in pool.map(several, range(3)) for number in some]
    seen.numbers = len(numbers)
    seen.check(sorted(numbers) == list(range(1, 3 * each + 1)), f"the numbers are {sorted(numbers)}")
    for number in numbers:
        seen.check(stored(address, number).faults() == [], f"version {number} of several is not whole")


def _busy(endpoint: str, folder: Path, scale: Scale, seen: Seen) -> None:
    """A store of which every third answer is a fault or gets lost."""
    chance, address = random.Random(scale.seed), f"s3://{BUCKET}/busy"

    def mood(asked: Asked) -> Reply | str | None:
        if chance.random() > 0.33:
            return None
        seen.faults += 1
        faults: list[Reply | str] = ["lost", fault(503, "SlowDown"), fault(500, "InternalError")]
        return chance.choice(faults)

    for nth in range(scale.of(4, 1)):
        with before(endpoint, mood):
            number = publish(address, folder / str(nth), f"words {nth}")
        seen.check(number == nth + 1, f"a busy store gave number {number} to version {nth + 1}")
        seen.check(stored(address, number).faults() == [], f"version {number} of a busy store is not whole")


def _flipped(scale: Scale, seen: Seen) -> None:
    """One bit of one file, anywhere, manifest and all."""
    chance, store = random.Random(scale.seed), Store(f"s3://{BUCKET}/busy", HASTY)
    names = [name for name in store.below("versions/1") if not name.endswith("manifest.json")]
    for _ in range(scale.of(20, 3)):
        name = chance.choice(names)
        whole = store.read(name) or b""
        content = bytearray(whole)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        store.put(name, bytes(content))
        found = [f"versions/1/{one.path}" for one in stored(store.address, 1).faults()]
        store.put(name, whole)
        seen.flips += 1
        seen.check(found == [name], f"a flipped bit of {name} was told as {found}")


def _refused(endpoint: str, seen: Seen) -> None:
    with before(endpoint, lambda _: "unconditional"):
        try:
            probe(Store(f"s3://{BUCKET}/refused", HASTY))
        except BadInput as refused:
            seen.check("If-None-Match" in str(refused), f"it was refused for another reason: {refused}")
        else:
            seen.check(False, "a store that ignores If-None-Match was not refused")


BAR = Bar("T24", PROMISE, show)
