"""The SQL of the recipes: one file per table, in ``flows/recipes/sql``."""

from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent / "sql"


def query(name: str, **settings: int) -> str:
    """The SQL of that file, each ``$setting`` in it replaced by its whole number.

    Raises KeyError when the SQL names a setting that is not given.
    """
    return Template((FOLDER / f"{name}.sql").read_text("utf-8")).substitute(
        {key: int(settings[key]) for key in settings}
    )
