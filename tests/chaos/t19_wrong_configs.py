"""T19: a profile, a setting, a list of videos or a manifest is taken as it stands, or refused with its wrong key."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random

from flows.recipe_book import Recipe, recipes
from flows.sources import find
from infra.profile import load
from schemas.errors import BadInput, Damaged, RushesError, WiringError
from storage.manifest import MANIFEST, Manifest, canonical, read
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.wrong_profiles import BASE, Wrong, profiles, said, toml

LARGE = 3_000_000
SETTINGS = ("nan", "inf", "-inf", "-1", "1e400", "9" * 400, "9" * 5000, "", " ", "x" * 200_000, "true", "[]", "0",
            "1.5", "\x00", "\ud800", "'; DROP TABLE x; --", "{{ 7*7 }}", "a" * 30, "0x10", "1_0", "None",
            "9" * 20)  # fmt: skip


Try = tuple[str, Callable[[], str]]


def show(folder: Path, scale: Scale) -> Shown:
    """Tries them all, and counts how each ended."""
    dice = Random(scale.seed)
    ends: Counter[str] = Counter()
    broken: list[str] = []
    tries = [*islice(_profiles(folder, dice), scale.of(380, 80)), *_large(folder), *_settings(dice, scale)]
    for what, attempt in [*tries, *_lists(folder), *_manifests(folder, dice, scale.of(80, 12))]:
        end = _end(attempt)
        ends[end.partition(":")[0]] += 1
        if end.startswith("WRONG"):
            broken.append(f"{what}: {end}")
    figures = (
        f"{ends.total()} wrong configurations: {ends['refused']} refused with the key, {ends['taken']} taken as they "
        f"read back, {ends['WRONG']} neither{f' ({broken[0][:300]})' if broken else ''}"
    )
    return Shown(not broken and ends.total() >= scale.of(500, 100), figures)


def _end(attempt: Callable[[], str]) -> str:
    """How it ended: ``taken``, ``refused``, or ``WRONG: why``."""
    try:
        return attempt()
    except Exception as error:  # noqa: BLE001  whatever comes instead of a clear message is what is counted
        return f"WRONG: {type(error).__name__}: {error}"


def _refused(error: RushesError, key: str) -> str:
    """Whether a message is one that a user can act on: one line that names the key, and no longer than a screen."""
    told = str(error)
    if len(told) > 2_000 or "\n" in told:
        return f"WRONG: a message of {len(told)} characters and {told.count(chr(10)) + 1} lines"
    return "refused" if key in told else f"WRONG: the message does not name {key!r}: {told}"


def _profiles(folder: Path, dice: Random) -> Iterator[Try]:
    for number, wrong in enumerate(profiles(dice)):
        yield f"profile {number}, {wrong.key}", partial(_profile, folder / f"{number}.toml", wrong)


def _profile(path: Path, wrong: Wrong) -> str:
    path.write_bytes(wrong.text.encode("utf-8", "surrogatepass"))
    try:
        profile = load(str(path))
    except BadInput as error:
        return _refused(error, wrong.key if wrong.is_surely_wrong else "")
    if wrong.is_surely_wrong:
        return f"WRONG: taken with {wrong.key!r}"
    path.write_text(toml(said(profile)))
    return "taken" if said(load(str(path))) == said(profile) else "WRONG: reads back as something else"


def _large(folder: Path) -> Iterator[Try]:
    texts = {
        "a large profile": toml(BASE) + "#" * LARGE,
        "a deep array": "x = " + "[" * 100_000,
        "a deep table": "[" + ".".join("a" * 3_000) + "]\n",
        "many keys": "".join(f"k{n} = 1\n" for n in range(20_000)),
    }
    for what, text in texts.items():
        path = folder / f"{what}.toml"
        path.write_text(text)
        yield what, partial(_surely, partial(load, str(path)), what)


def _settings(dice: Random, scale: Scale) -> Iterator[Try]:
    pairs = [(one, setting, value) for one in recipes() for setting in one.settings for value in SETTINGS]
    for one, setting, value in dice.sample(pairs, scale.of(90, 16)):
        yield f"{one.name} {setting.name}={value[:20]!r}", partial(_set, one, setting.name, value)
    for one in recipes():
        name = one.settings[0].name
        for texts, key in (
            ([f"{name}x=1"], f"{name}x"),
            ([f"{name}=1", f"{name}=2"], name),
            ([name], name),
            (["=1"], ""),
        ):
            yield f"{one.name} {texts}", partial(_surely, partial(one.parse, texts), key)


def _set(one: Recipe, name: str, value: str) -> str:
    try:
        settings = one.parse([f"{name}={value}"])
        one.rows(settings)
        again = one.checked(settings)
    except (BadInput, WiringError) as error:
        return _refused(error, name)
    return "taken" if again == settings else "WRONG: reads back as something else"


def _surely(attempt: Callable[[], object], key: str) -> str:
    """What must be refused."""
    try:
        attempt()
    except (BadInput, Damaged) as error:
        return _refused(error, key)
    return "WRONG: taken"


def _lists(folder: Path) -> Iterator[Try]:
    """Lists of videos that no reader may take."""
    table = io.StringIO()
    csv.writer(table).writerows([["uri", "uri"], ["a.mp4", "b.mp4"]])
    texts = {
        "repeated.csv": (table.getvalue(), "uri"),
        "both.csv": ("uri,license,licence\na.mp4,MIT,CC0\n", "licence"),
        "repeated.jsonl": ('{"uri": "a.mp4", "uri": "b.mp4"}\n', "uri"),
        "deep.jsonl": ('{"uri": ' + "[" * 100_000, "line 1"),
        "number.jsonl": ('{"uri": ' + "9" * 5_000 + "}\n", "line 1"),
        "nan.jsonl": ('{"uri": NaN}\n', "row 1"),
        "list.jsonl": ('{"uri": ["a.mp4"]}\n', "row 1"),
        "half.jsonl": ('{"uri": "\\ud800.mp4"}\n', "row 1"),
        "nul.jsonl": ('{"uri": "a\\u0000.mp4"}\n', "row 1"),
        "array.jsonl": ('["a.mp4"]\n', "line 1"),
        "misspelt.csv": ("url\na.mp4\n", "uri"),
        "empty.csv": ("", "uri"),
        "rows.csv": ("uri\n", "uri"),
        "long.csv": ("uri\n" + "a" * 200_000 + "\n", "long.csv"),
        "bytes.csv": ("uri\n\udcff.mp4\n", "bytes.csv"),
        "broken.parquet": ("PAR1 and nothing else PAR1", "broken.parquet"),
    }
    for name, (text, key) in texts.items():
        path = folder / name
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        yield name, partial(_surely, partial(find, [str(path)]), key)


def _manifests(folder: Path, dice: Random, n: int) -> Iterator[Try]:
    """Manifests of a version: bytes turned, and others whose digest fits and whose shape does not."""
    good = Manifest(1, "toy", "", {}, "", "", (), {}, {}, {})
    good.write(folder)
    sound = (folder / MANIFEST).read_bytes()
    plain = json.loads(sound)
    shapes: list[bytes] = [b"", b"null", b"[]", b"{}", b"[" * 100_000, sound[:-9], b"\xff" + sound, sound * 2]
    odd = (None, 5, "x", [5], {"x": 5}, -1)
    shapes += [canonical(plain | {key: value, "more": 1}) for key in plain for value in odd]
    for _ in range(n):
        at = dice.randrange(len(sound))
        shapes.append(sound[:at] + bytes([sound[at] ^ (1 << dice.randrange(8))]) + sound[at + 1 :])
    for number, stored in enumerate(shapes):
        version = folder / f"version{number}"
        version.mkdir()
        (version / MANIFEST).write_bytes(stored)
        yield f"manifest {number}", partial(_surely, partial(read, version), MANIFEST)


BAR = Bar("T19", "a wrong configuration is refused with its key, or read as it stands", show)
