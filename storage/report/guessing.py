"""How well a task can be answered without its pictures: the accuracy of blind guesses against chance."""

from dataclasses import dataclass
from math import sqrt

from storage.report.ask import Tables

Z = 1.959964


@dataclass(frozen=True)
class Guessing:
    """Blind guesses at the items of one task: accuracy, its 95 % interval, and what chance alone gives.

    ``kept`` is the accuracy among the published items, of which the gate has taken what was guessed; None without any.
    """

    task: str
    n_items: int
    accuracy: float
    low: float
    high: float
    chance: float
    kept: float | None

    @property
    def alarms(self) -> bool:
        """Whether the task can be guessed: even the low end of the interval lies above chance."""
        return self.low > self.chance


def guessing(tables: Tables) -> list[Guessing]:
    """Every task that was guessed at, the most guessable first. Repeats of one item count as one item together."""
    found = tables.ask(
        """
        WITH each_item AS (
            SELECT guesses.item_id, any_value(guesses.task) AS task, avg(is_right::INT) AS rate,
                   any_value(1 / len(options)) AS chance
            FROM guesses JOIN items USING (item_id) GROUP BY guesses.item_id
        )
        SELECT task, count(*), avg(rate), avg(chance), avg(rate) FILTER (item_id IN (SELECT sample_id FROM samples))
        FROM each_item GROUP BY task ORDER BY avg(rate) - avg(chance) DESC, task""",
        *("guesses", "items", "samples"),
    )
    return [Guessing(task, n, rate, *interval(rate, n), chance, kept) for task, n, rate, chance, kept in found]


def interval(rate: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share seen in ``n`` cases, after Wilson (1927): within 0 and 1 for few cases too."""
    if n == 0:
        return 0.0, 1.0
    middle = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
