"""The SQL of the recipes: one file per table, in ``flows/recipes/sql``."""

from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent / "sql"
VERDICTS = """
WITH {shared}judged AS MATERIALIZED ({judged}), balanced AS ({balance})
SELECT item_id || '/' || gate AS verdict_id, item_id, video_id, gate, passed, reason
FROM (SELECT * FROM judged UNION ALL SELECT * FROM balanced)
"""


def query(name: str, **settings: int) -> str:
    """The SQL of that file without its comments, each ``$setting`` in it replaced by its whole number.

    Comments go, because the text is in the fingerprint: a better comment must not rebuild a table.
    Raises KeyError when the SQL names a setting that is not given.
    """
    lines = (FOLDER / f"{name}.sql").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    return Template(text).substitute({key: int(value) for key, value in settings.items()})


def verdicts(gates: str, *shared: str, **settings: int) -> str:
    """The SQL of a recipe's verdicts: those of its own gates, and the balance of what they let through, over all.

    ``shared`` names files that several recipes' gates read, each under its own name; a later one may read an earlier.
    """
    judged, balance = query(gates, **settings), query("balance", **settings)
    before = "".join(f"{name} AS ({query(name)}), " for name in shared)
    return VERDICTS.format(shared=before, judged=judged, balance=balance)


TEXT_AND_COPIES = ("blind", "guessable", "options_differ", "comes_once")
"""What the gates of recipes share whose items a text-only classifier guesses, and whose footage may come twice."""
