"""How much each stage of a run may turn away before the run is stopped, rather than spent on what is going wrong."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from infra.order import Blueprint, Outcome
from schemas.errors import TooManyRejects

# Below so many rows a ratio says little, so the first rejects count as if there had been as many.
FEWEST = 20


class Tolerance:
    """Counts what stages turn away in this run. ``most`` is the largest share of each, by the stage's class name."""

    def __init__(self, most: Mapping[str, float]) -> None:
        self._most = most
        self._given: Counter[str] = Counter()
        self._reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def count(self, plan: Blueprint, outcome: Outcome) -> TooManyRejects | None:
        """Takes in a committed cell; gives what stops the run, once the stage has turned away too much."""
        stage = type(plan.stage).__name__
        if stage not in self._most:
            return None
        self._given[plan.table] += outcome.units
        reasons = self._reasons[plan.table]
        reasons.update(outcome.rejects)
        turned_away, given, most = reasons.total(), self._given[plan.table], self._most[stage]
        if turned_away <= most * max(given, FEWEST):
            return None
        reason, times = reasons.most_common(1)[0]
        return TooManyRejects(
            f"{stage} turned away {turned_away:,} of {given:,} ({turned_away / max(given, 1):.0%}), and "
            f"max_reject_ratio allows {most:.0%}; most often: {reason} ({times:,}). `rushes status` shows examples, "
            "docs/rejects.md has remedies; what is finished is kept: mend the cause or raise the ratio, and run again"
        )

    def forget(self, table: str) -> None:
        """Begins to count anew for a table that is tried again."""
        self._given.pop(table, None)
        self._reasons.pop(table, None)
