"""What the user asked for, checked before anything starts."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from flows.place import Place, place
from flows.profile_names import check_names
from flows.question_set import QuestionSet, take_in
from flows.recipe_book import Recipe, recipe
from flows.sources import Found, find
from infra.profile import Profile, load
from infra.profile_models import Budget
from schemas.audits import QuestionFile
from schemas.errors import BadInput
from schemas.row import Row
from stages.graph import Rows
from storage.folder_probe import probe_folder
from storage.layout import Workspace

Engine = Literal["ray", "inline"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One run: which recipe with which settings, of which videos, into which folder, by which engine, how much of it.

    ``to`` may be an address on an object store; ``work`` is then the folder to work in. ``workers`` is the number of
    cores to use, ``budget_usd`` and ``budget_tokens`` what models may cost; 0 is what the profile says. Nothing here is
    looked up before it is used.
    """

    recipe: str
    videos: Sequence[str]
    to: str
    work: str = ""
    engine: Engine = "ray"
    profile: str = "local"
    settings: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 0
    publish: bool = True
    budget_usd: float = 0
    budget_tokens: int = 0

    @cached_property
    def known_recipe(self) -> Recipe:
        """The recipe. Raises BadInput when there is none of that name."""
        return recipe(self.recipe)

    @cached_property
    def all_settings(self) -> dict[str, Any]:
        """The recipe's settings, those of the user in place of the defaults. Raises BadInput."""
        defaults = {setting.name: setting.default for setting in self.known_recipe.settings}
        return defaults | self.known_recipe.checked(self.settings)

    @cached_property
    def rows(self) -> Rows[Row]:
        """The recipe as a value, with these settings; a set of questions goes by its content."""
        taken = {self._question_setting: self.questions.blob_id} if self.questions else {}
        return self.known_recipe.rows(self.all_settings | taken)

    @cached_property
    def found(self) -> Found:
        """The sources; with questions only those that they are about. What lies in the dataset's folder is none.

        Raises BadInput.
        """
        return dataclasses.replace(self._given, sources=[*self.questions.sources]) if self.questions else self._given

    @cached_property
    def questions(self) -> QuestionSet | None:
        """The questions that the recipe is about, taken in; None where it is about footage alone. Raises BadInput."""
        if not self._question_setting:
            return None
        given = self.all_settings[self._question_setting]
        if not given:
            raise BadInput(
                f"the recipe {self.recipe!r} is about questions; name their file with --questions FILE (docs/audit.md)"
            )
        return take_in(given, self._given.sources)

    @property
    def _question_setting(self) -> str:
        return next((one.name for one in self.known_recipe.settings if one.kind is QuestionFile), "")

    @cached_property
    def _given(self) -> Found:
        return find(self.videos, but_not=self.workspace.root)

    @cached_property
    def place(self) -> Place:
        """Where the dataset is. Raises BadInput."""
        return place(self.to, self.work)

    @property
    def workspace(self) -> Workspace:
        """The folder that the work is done in."""
        return self.place.workspace

    def probe(self) -> None:
        """Raises BadInput where nothing is safe, or versions could not be published, before anything is built."""
        probe_folder(self.workspace.root)
        if self.publish and self.place.versions:
            _ = self.place.versions.guarantees

    @cached_property
    def where(self) -> Profile:
        """The profile, with the number of cores and the budget that the user asked for. Raises BadInput."""
        profile = load(self.profile)
        said = profile.budget
        budget = Budget(usd=self.budget_usd or said.usd, tokens=self.budget_tokens or said.tokens)
        workers = dataclasses.replace(profile.workers, cpus=self.workers or profile.workers.cpus)
        return dataclasses.replace(profile, workers=workers, budget=budget)

    def check(self) -> None:
        """Raises BadInput for whatever is wrong, without changing or starting anything."""
        _ = self.all_settings, self.where
        _writable(self.workspace.root)
        _ = self.found
        check_names(self.where, self.rows, self.profile)


def _writable(root: Path) -> None:
    """Raises BadInput when the folder is none or nothing can be written into it."""
    above = next(path for path in (root, *root.parents) if path.exists() or path.is_symlink())
    if not above.is_dir():
        raise BadInput(f"cannot build into {str(root)!r}: {str(above)!r} is not a folder; choose another with --to")
    if not os.access(above, os.W_OK | os.X_OK):
        raise BadInput(f"cannot write into {str(above)!r}: permission denied; choose another folder with --to")
