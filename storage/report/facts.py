"""What a version's card and report say in numbers, asked of its tables."""

from dataclasses import dataclass
from typing import get_args

from schemas.duckdb import literal
from schemas.items import Gate
from storage.report.ask import Tables


@dataclass(frozen=True)
class Step:
    """One stage of the funnel: what is counted, how many are left, and what fell out on the way there, with reasons."""

    label: str
    n: int
    lost: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Reason:
    """How often one stage turned rows away for one reason, with one detail as an example."""

    stage: str
    reason: str
    n: int
    example: str


@dataclass(frozen=True)
class GateFacts:
    """How many items one gate judged, and how many of them it turned away."""

    gate: str
    judged: int
    failed: int


@dataclass(frozen=True)
class Split:
    """One split: its samples, and the videos they are about."""

    name: str
    n_samples: int
    n_videos: int


@dataclass(frozen=True)
class Licence:
    """What may be done with some of the footage, as it was given: licence, how many videos and samples, where from."""

    name: str
    n_videos: int
    n_samples: int
    origins: tuple[str, ...]


DROPPED = """
SELECT coalesce(replace(reason, '_', ' '), 'criterion violated') AS why, count(*) AS n
FROM questions ANTI JOIN items ON item_id = question_id
LEFT JOIN (SELECT row_id, min(reason) AS reason FROM rejects WHERE from_table = 'sound_claims' GROUP BY row_id)
     ON row_id = question_id
GROUP BY why ORDER BY n DESC, why"""
"""Why questions that were written did not become items, each counted once."""


FALLEN = f"""
SELECT coalesce(gate, 'passed every gate, not drawn') AS why, count(*) AS n
FROM items ANTI JOIN samples ON sample_id = item_id
LEFT JOIN (
    SELECT item_id, arg_min(gate, list_position([{", ".join(map(literal, get_args(Gate)))}], gate)) AS gate
    FROM verdicts WHERE NOT passed GROUP BY item_id
) USING (item_id) GROUP BY why ORDER BY n DESC, why"""  # noqa: S608  the names of gates
"""Why items did not become samples, each counted at the first gate, in the order of ``Gate``, that it did not pass."""


UNREAD = """
SELECT replace(reason, '_', ' ') || ' (video)' AS why, count(*) AS n
FROM entries ANTI JOIN items ON item_id = entry_id JOIN outcomes USING (source_id) GROUP BY why ORDER BY n DESC, why"""
"""Why questions that can be asked were not: their video could not be read."""


def funnel(tables: Tables) -> list[Step]:
    """From the files that were given to the samples that are kept."""
    steps = [_given(tables), _entries(tables), _videos(tables), _shots(tables), _questions(tables), _items(tables)]
    steps += [_kept(tables), _audited(tables)]
    return [step for step in steps if step]


def _given(tables: Tables) -> Step | None:
    n = tables.count("sources")
    return None if n is None else Step("files given", n)


def _entries(tables: Tables) -> Step | None:
    """The questions of a set that can be asked; what fell out are those with a flaw."""
    n = tables.count("entries")
    lost = tables.ask(
        "SELECT replace(reason, '_', ' '), count(*) AS n FROM rejects WHERE from_table = 'given_questions' "
        "GROUP BY reason ORDER BY n DESC, reason",
        "rejects",
    )
    return None if n is None else Step("questions that can be asked", n, tuple(lost))


def _audited(tables: Tables) -> Step | None:
    """The questions that were sorted; what fell out got too few usable answers."""
    if tables.count("audits") is None:
        return None
    n, lost = tables.ask("SELECT count(*), count(*) FILTER (category IS NULL) FROM audits")[0]
    return Step("sorted", n - lost, (("too few usable answers", lost),) if lost else ())


def _videos(tables: Tables) -> Step | None:
    """Different videos that could be read; what fell out are copies and files that could not."""
    read = "media" if "media" in tables.names else "videos"
    n = tables.count(read, "video_id")
    unread = f"outcome = 'copy' OR video_id IS NULL OR video_id NOT IN (SELECT video_id FROM {read})"  # noqa: S608
    return None if n is None else Step("videos read", n, _lost(tables, unread))


def _shots(tables: Tables) -> Step | None:
    n = tables.count("shots")
    return None if n is None else Step("shots", n)


def _questions(tables: Tables) -> Step | None:
    """The questions that models wrote, before anybody judged them."""
    n = tables.count("questions")
    return None if n is None else Step("questions written", n)


def _items(tables: Tables) -> Step | None:
    """The items; what fell out are questions, or videos that were read, but of which nothing was asked."""
    n = tables.count("items")
    if n is not None and "entries" in tables.names:
        return Step("questions about them", n, tuple(tables.ask(UNREAD, "entries", "outcomes")))
    if n is not None and "questions" in tables.names:
        return Step("items", n, tuple(tables.ask(DROPPED, "questions", "items", "rejects")))
    if n is None or "media" not in tables.names:
        return None if n is None else Step("items", n)
    read, asked = "video_id IN (SELECT video_id FROM media)", "video_id IN (SELECT video_id FROM items)"
    lost = _lost(tables, f"outcome <> 'copy' AND {read} AND NOT {asked}")
    return Step("items", n, tuple((f"{reason} (videos)", n_lost) for reason, n_lost in lost))


def _lost(tables: Tables, condition: str) -> tuple[tuple[str, int], ...]:
    """The sources to which the condition applies, counted by reason."""
    sql = f"""
        SELECT replace(reason, '_', ' '), count(*) AS n FROM outcomes WHERE {condition}
        GROUP BY reason ORDER BY n DESC, reason"""  # noqa: S608
    return tuple((reason, n) for reason, n in tables.ask(sql, "outcomes"))


def _kept(tables: Tables) -> Step | None:
    """The samples; what fell out are items, by the first gate that turned each away."""
    n = tables.count("samples")
    return None if n is None else Step("kept", n, tuple(tables.ask(FALLEN, "items", "samples", "verdicts")))


def reasons(tables: Tables) -> list[Reason]:
    """Every reason for which rows were turned away, most frequent first."""
    found = tables.ask(
        "SELECT stage, reason, count(*) AS n, min(detail) FROM rejects GROUP BY ALL ORDER BY n DESC, stage, reason",
        "rejects",
    )
    return [Reason(*row) for row in found]


def gates(tables: Tables) -> list[GateFacts]:
    """What each gate said of the items, in all."""
    found = tables.ask(
        "SELECT gate, count(*), count(*) FILTER (NOT passed) AS failed FROM verdicts GROUP BY gate "
        "ORDER BY failed DESC, gate",
        "verdicts",
    )
    return [GateFacts(*row) for row in found]


def tasks(tables: Tables) -> list[tuple[str, int, int]]:
    """Each task with its items and its samples, most samples first."""
    found = tables.ask(
        "SELECT task, count(*) AS n, count(sample_id) AS kept FROM items LEFT JOIN (SELECT sample_id FROM samples) "
        "ON sample_id = item_id GROUP BY task ORDER BY kept DESC, n DESC, task",
        *("items", "samples"),
    )
    alone = "SELECT task, count(*) AS n, count(*) FROM samples GROUP BY task ORDER BY n DESC, task"
    return found or tables.ask(alone, "samples")


def splits(tables: Tables) -> list[Split]:
    """The splits, training first."""
    found = tables.ask(
        "SELECT split, count(*), count(DISTINCT video_id) FROM samples GROUP BY split "
        "ORDER BY list_position(['train', 'validation', 'test'], split)",
        "samples",
    )
    return [Split(*row) for row in found]


def licences(tables: Tables) -> list[Licence]:
    """The licences of the published footage, as they were given, most samples first."""
    of = "samples" if "samples" in tables.names else "audits"
    found = tables.ask(
        "SELECT coalesce(license, ''), count(DISTINCT video_id), count(*) AS n, "  # noqa: S608  one of two names
        "list_slice(list(DISTINCT origin ORDER BY origin) FILTER (origin IS NOT NULL), 1, 20) "
        f"FROM {of} GROUP BY license ORDER BY n DESC, license",
        of,
    )
    return [Licence(name, n_videos, n, tuple(origins or ())) for name, n_videos, n, origins in found]
