"""Whether the stages and roles that a profile names exist: a misspelt one would be passed over in silence."""

import difflib
from collections.abc import Iterable, Iterator
from inspect import isabstract
from typing import Any

from flows.recipe_book import recipes
from infra.profile import Profile, shown
from schemas.errors import BadInput
from stages.graph import Rows
from stages.stage import Stage

Kind = type[Stage[Any, Any, Any]]


def check_names(profile: Profile, rows: Rows[Any], where: str) -> None:
    """Raises BadInput for a stage or a role that neither this recipe has nor any other that is known.

    A profile may well serve several recipes, so what only another one has is no mistake.
    """
    own = [type(node.stage) for node in rows.walk() if node.stage]
    if not _unknown(profile, own):
        return
    recipes()  # their modules bring the stages of all
    for place, name, known in _unknown(profile, [*own, *_below(Stage)]):
        kind = "role" if place == "roles" else "stage"
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(sorted(known))}"
        raise BadInput(f"profile {where}: {place} names {shown(name)}, and no recipe has a {kind} of that name; {hint}")


def _unknown(profile: Profile, stages: Iterable[Kind]) -> list[tuple[str, str, set[str]]]:
    """Every name that none of these stages bears or asks for: under which key, the name, and what could be meant."""
    names = {stage.__name__ for stage in stages}
    roles = {role for stage in stages for role in stage.roles}
    said = [("batch_rows", profile.batch_rows, names), ("max_reject_ratio", profile.max_reject_ratio, names)]
    return [
        (place, name, known)
        for place, given, known in [*said, ("roles", profile.roles, roles)]
        for name in given
        if name not in known
    ]


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for stage in kind.__subclasses__():
        if not isabstract(stage):
            yield stage
        yield from _below(stage)
