"""What an audit found, for card and report: what the questions take, who is right when, which place is preferred."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from storage.blobs import Blobs
from storage.exports import letter
from storage.publish_pictures import read_blob
from storage.report.ask import Tables
from storage.report.examples import Option, Picture
from storage.report.guessing import interval
from storage.report.thumbs import Thumbs

KINDS = {
    "blind": "can be answered without the video",
    "single frame": "need no more than one frame",
    "any order": "need several frames, but not their order",
    "in order": "need the frames in order",
    "nobody": "are answered by nobody on the panel",
    "unsorted": "got too few usable answers to be sorted",
}
CATEGORIES = {
    "blind": "LLM-answerable",
    "single frame": "semantic",
    "any order": "semantic",
    "in order": "temporal",
    "nobody": "others",
}
CONDITIONS = {"blind": "blind", "single": "one frame", "shuffled": "shuffled", "ordered": "in order"}
TASKS, EXAMPLES, FRAMES, WIDTH, PLACES = 40, 20, 8, 200, 12


@dataclass(frozen=True)
class Share:
    """How many questions take what, their share, and its 95 % interval over questions.

    ``start`` is the share of all kinds before it: where its part of a bar begins.
    """

    kind: str
    words: str
    n: int
    start: float
    share: float
    low: float
    high: float

    @property
    def category(self) -> str:
        """What VBenchComp calls it; empty for what it has no word for."""
        return CATEGORIES.get(self.kind, "")

    @property
    def name(self) -> str:
        """The kind as a style may be called."""
        return self.kind.replace(" ", "-")


@dataclass(frozen=True)
class TaskShares:
    """One task, and what its questions take, in the order of ``KINDS``."""

    task: str
    n: int
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Accuracy:
    """How often a model is right under one condition, over questions, with the 95 % interval, and what chance gives."""

    condition: str
    n: int
    accuracy: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True)
class Member:
    """One model: its accuracies by condition, and how often it chose each place against an even spread."""

    name: str
    accuracies: tuple[Accuracy, ...]
    places: tuple[tuple[str, float], ...]
    even: float


@dataclass(frozen=True)
class AuditedItem:
    """One question as the report shows it."""

    item_id: str
    kind: str
    task: str
    source: str
    question: str
    why: str
    doubt: float
    options: tuple[Option, ...]
    rival: str
    pictures: tuple[Picture, ...]

    @property
    def name(self) -> str:
        """The kind as a style may be called."""
        return self.kind.replace(" ", "-")


@dataclass(frozen=True)
class Audited:
    """Everything that card and report say about an audit."""

    n: int
    n_sure: int
    n_rivals: int
    shares: tuple[Share, ...]
    tasks: tuple[TaskShares, ...]
    members: tuple[Member, ...]
    examples: tuple[AuditedItem, ...]

    @property
    def headline(self) -> str:
        """What strikes most: how many of the questions need no video, and how many need it in order."""
        told = {share.kind: share for share in self.shares}
        return "; ".join(_said(told[kind]) for kind in ("blind", "in order") if kind in told)


def audited(tables: Tables, thumbs: Thumbs | None = None, blobs: Blobs | None = None) -> Audited | None:
    """What the audit found; None where the recipe is no audit, or nothing was audited. Examples only with pictures."""
    if not tables.count("audits"):
        return None
    n, n_sure, n_rivals = tables.ask("SELECT count(*), count(*) FILTER (is_sure), count(rival) FROM audits")[0]
    kinds = dict(tables.ask("SELECT answerable, count(*) FROM audits GROUP BY answerable"))
    examples = _examples(tables, thumbs, blobs) if thumbs and blobs else ()
    return Audited(n, n_sure, n_rivals, _shares(kinds), _tasks(tables), _members(tables), examples)


def _said(share: Share) -> str:
    return f"{100 * share.share:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f} %) {share.words}"


def _shares(counts: dict[str, int]) -> tuple[Share, ...]:
    n = sum(counts.values())
    found = [
        (kind, words, counts.get(kind, 0)) for kind, words in KINDS.items() if kind != "unsorted" or kind in counts
    ]
    starts = accumulate((k for *_, k in found), initial=0)
    return tuple(
        Share(kind, words, k, start / n, k / n, *interval(k / n, n))
        for (kind, words, k), start in zip(found, starts, strict=False)
    )


def _tasks(tables: Tables) -> tuple[TaskShares, ...]:
    """The tasks with most questions, those that need least of the video first."""
    found: dict[str, dict[str, int]] = {}
    for task, kind, n in tables.ask("SELECT task, answerable, count(*) FROM audits GROUP BY ALL ORDER BY ALL"):
        found.setdefault(task, {})[kind] = n
    largest = sorted(found.items(), key=lambda one: (-sum(one[1].values()), one[0]))[:TASKS]
    told = [TaskShares(task, sum(counts.values()), _shares(counts)) for task, counts in largest]
    return tuple(sorted(told, key=lambda one: [-share.share for share in one.shares]))


def _members(tables: Tables) -> tuple[Member, ...]:
    found: dict[str, list[Accuracy]] = {}
    for by, condition, n, rate, chance in tables.ask(ACCURACIES, "answers", "audits"):
        low, high = interval(rate, n)
        found.setdefault(by, []).append(Accuracy(CONDITIONS[condition], n, rate, low, high, chance))
    places: dict[str, list[tuple[str, float]]] = {}
    for by, place, share in tables.ask(CHOSEN_PLACES, "answers", "audits"):
        places.setdefault(by, []).append((letter(place), share))
    options = tables.ask("SELECT mode(len(options)) FROM audits")[0][0]
    return tuple(Member(by, tuple(told), tuple(places.get(by, ())), 1 / options) for by, told in found.items())


def _examples(tables: Tables, thumbs: Thumbs, blobs: Blobs) -> tuple[AuditedItem, ...]:
    rows = tables.connection.execute(DRAWN, {"n": EXAMPLES}).fetchall()
    return tuple(_example(tables, row, thumbs, blobs) for row in rows)


def _example(tables: Tables, row: Sequence[object], thumbs: Thumbs, blobs: Blobs) -> AuditedItem:
    item_id, kind, task, uri, question, why, doubt, options, answer, rival = row
    shown = tables.ask(SHOWN, "items", "frames", item=item_id)
    kept = [shown[len(shown) * nth // FRAMES] for nth in range(FRAMES)] if len(shown) > FRAMES else shown
    pictures = [Picture(thumbs.picture(read_blob(blobs, blob), WIDTH), "", f"{at / 1e6:.2f} s") for blob, at in kept]
    listed: Sequence[str] = options  # type: ignore[assignment]  # a list of texts
    return AuditedItem(
        item_id=str(item_id),
        kind=str(kind),
        task=str(task),
        source=str(uri).rpartition("/")[2],
        question=str(question),
        why=str(why),
        doubt=float(str(doubt)),
        options=tuple(Option(letter(place), text, place == answer) for place, text in enumerate(listed)),
        rival="" if rival is None else letter(int(str(rival))),
        pictures=tuple(pictures),
    )


ACCURACIES = """
WITH rates AS (
    SELECT "by", condition, item_id, avg((choice = answer)::INT) AS rate, any_value(1 / len(options)) AS chance
    FROM answers JOIN audits USING (item_id) GROUP BY ALL
), means AS (
    SELECT "by", condition, count(*) AS n, avg(rate) AS rate, avg(chance) AS chance FROM rates GROUP BY ALL
)
FROM means
ORDER BY min(list_position(['blind', 'single', 'shuffled', 'ordered'], condition)) OVER (PARTITION BY "by"), "by",
         list_position(['blind', 'single', 'shuffled', 'ordered'], condition)"""

# Of questions with the usual number of options; the right one stands at every place equally often.
CHOSEN_PLACES = f"""
SELECT "by", place, count(*) / sum(count(*)) OVER (PARTITION BY "by")
FROM answers JOIN audits USING (item_id)
WHERE len(options) = (SELECT mode(len(options)) FROM audits) AND place < {PLACES}
GROUP BY "by", place ORDER BY "by", place"""  # noqa: S608  a number of ours

DRAWN = """
SELECT item_id, answerable, task, uri, question, why, doubt, options, answer, rival
FROM audits SEMI JOIN (
    SELECT item_id FROM (
        SELECT item_id, answerable, row_number() OVER (PARTITION BY answerable ORDER BY md5(item_id)) AS nth FROM audits
    ) ORDER BY nth, answerable LIMIT $n
) USING (item_id)
ORDER BY list_position(['blind', 'single frame', 'any order', 'in order', 'nobody', 'unsorted'], answerable),
         md5(item_id)"""

SHOWN = """
SELECT blob, frames.at_us FROM (
    SELECT video_id, unnest(pictures_us) AS at_us, generate_subscripts(pictures_us, 1) AS place
    FROM items WHERE item_id = $item
) JOIN frames USING (video_id, at_us) ORDER BY place"""
