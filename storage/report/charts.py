"""The report's distributions as numbers that a template can draw: bars, and histograms with round edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from storage.report.ask import Tables


@dataclass(frozen=True)
class Bar:
    """One bar: its label, the count beside it, its length against the longest, and the part of it that is filled."""

    label: str
    n: int
    share: float
    filled: float = 1.0
    note: str = ""


@dataclass(frozen=True)
class Bin:
    """One column of a histogram: its span, its count, its height against the highest."""

    low: str
    high: str
    n: int
    share: float


@dataclass(frozen=True)
class Chart:
    """One distribution: a title, one sentence on how to read it, and bars (across) or bins (upright)."""

    title: str
    note: str
    bars: tuple[Bar, ...] = ()
    bins: tuple[Bin, ...] = ()


SHOT_EDGES = (0, 0.5, 1, 2, 3, 5, 8, 13, 21, 34, 60, 120, 600)
LENGTH_EDGES = (0, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36000)
RATIO_EDGES = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0, 1.005, 1.02, 2)


def charts(tables: Tables) -> list[Chart]:
    """Every distribution that the recipe's tables allow."""
    drawn = [
        _lengths(tables, "shots", "(end_us - start_us) / 1e6", ("Length of shots", "seconds", SHOT_EDGES)),
        _lengths(tables, "media", "duration_us_measured / 1e6", ("Length of videos", "seconds", LENGTH_EDGES)),
        _bars(
            tables, "shots", "opened_by", ("What opens a shot", "Each shot begins its video, or after a transition.")
        ),
        _bars(tables, "shot_looks", "camera", ("What the camera does", "By shot, over the whole of it.")),
        _tasks(tables),
        _answers(tables),
        _bars(tables, "samples", "split", ("Splits", "Samples; a video lies in one split only.")),
        _lengths(tables, "media", "decoded_ratio", ("Decoded against promised", "ratio", RATIO_EDGES)),
    ]
    return [chart for chart in drawn if chart]


def bars(counted: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """Bars of the counts, the longest filling the row."""
    highest = max((n for _, n in counted), default=0)
    return tuple(Bar(str(label), n, n / highest if highest else 0.0) for label, n in counted)


def _bars(tables: Tables, table: str, column: str, said: tuple[str, str]) -> Chart | None:
    counted = tables.ask(
        f'SELECT "{column}", count(*) AS n FROM "{table}" GROUP BY 1 ORDER BY n DESC, 1 LIMIT 12',  # noqa: S608
        table,
    )
    return Chart(*said, bars=bars([(label, n) for label, n in counted])) if counted else None


def _tasks(tables: Tables) -> Chart | None:
    """Items by task; the filled part of each bar is kept."""
    counted = tables.ask(
        "SELECT task, count(*) AS n, count(sample_id) AS kept FROM items LEFT JOIN (SELECT sample_id FROM samples) "
        "ON sample_id = item_id GROUP BY task ORDER BY n DESC, task",
        *("items", "samples"),
    )
    if not counted:
        return None
    highest = max(n for _, n, _ in counted)
    drawn = tuple(Bar(task, n, n / highest, kept / n, f"{kept} of {n}") for task, n, kept in counted)
    return Chart("Items by task", "The filled part was kept.", bars=drawn)


def _answers(tables: Tables) -> Chart | None:
    """Where the right option stands, against what an even spread would give."""
    counted = tables.ask(
        """
        WITH places AS (SELECT unnest(range(len(options))) AS place, 1 / len(options) AS even FROM samples)
        SELECT place, sum(even), any_value(coalesce(right_there.n, 0)) FROM places
        LEFT JOIN (SELECT answer, count(*) AS n FROM samples GROUP BY answer) AS right_there ON answer = place
        GROUP BY place ORDER BY place LIMIT 12""",
        "samples",
    )
    if not counted:
        return None
    highest = max(n for _, _, n in counted) or 1
    drawn = tuple(
        Bar("ABCDEFGHIJKL"[place], n, n / highest, note=f"{n} · even would be {even:.1f}") for place, even, n in counted
    )
    return Chart("Where the right option stands", "Beside an even spread.", bars=drawn)


def _lengths(tables: Tables, table: str, value: str, said: tuple[str, str, Sequence[float]]) -> Chart | None:
    title, unit, edges = said
    if not tables.count(table):
        return None
    cases = " ".join(f"WHEN {value} < {high} THEN {nth}" for nth, high in enumerate(edges[1:]))
    counted = dict(
        tables.ask(f'SELECT CASE {cases} ELSE {len(edges) - 2} END AS nth, count(*) FROM "{table}" GROUP BY nth')  # noqa: S608
    )
    middle = tables.ask(f'SELECT median({value}) FROM "{table}"')[0][0]  # noqa: S608
    highest = max(counted.values())
    found = [
        Bin(f"{low:g}", f"{high:g}", counted.get(nth, 0), counted.get(nth, 0) / highest)
        for nth, (low, high) in enumerate(pairwise(edges))
    ]
    return Chart(title, f"In {unit}; the median is {middle:.3g}.", bins=_trimmed(found))


def _trimmed(bins: Sequence[Bin]) -> tuple[Bin, ...]:
    """The bins without the empty ones at both ends."""
    filled = [nth for nth, one in enumerate(bins) if one.n]
    return tuple(bins[filled[0] : filled[-1] + 1])
