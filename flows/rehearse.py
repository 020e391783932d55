"""A build against a simulated teacher: who fills each role, and what the teacher is like."""

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flows import demo
from flows.films_questions import THEIR_TRUTH, write_questions
from flows.films_truth import write_truth
from flows.recipe_book import recipe
from flows.wish import Wish
from infra.profile_models import TRANSCRIBER
from infra.rehearsal import start
from infra.rehearsal.asked import TOKENS_PER_PICTURE
from infra.rehearsal.settings import Settings
from schemas.audits import QuestionFile
from schemas.errors import BadInput
from stages.ask import AskPanel
from stages.graph import Rows
from stages.stage import digest
from storage.layout import Workspace
from storage.rehearsed import mark

PROFILE = "rehearsal.toml"
PANEL = ("a", "b")
AT_HOME = ("detector", "picture_embedder")
"""Roles that no teacher plays: what sees pictures as vectors or boxes runs where the footage is, and is not asked."""
MODEL = """
[models.{name}]
kind = "openai"
name = "{name}"
revision = "{revision}"
endpoints = ["{url}"]
in_flight = 64
timeout_s = 60
picture_tokens = {picture_tokens}
mode = "{mode}"
"""


@contextmanager
def rehearsed(wish: Wish, teacher: Settings, accuracy: float, mode: str = "live") -> Iterator[tuple[Wish, start.Place]]:
    """The same wish with a teacher in every role that is asked, in a process of its own while the block lasts.

    Panels get two models. Judges and panels are right as often as ``accuracy`` says, the others always. The workspace
    is marked, and nothing is published. Raises BadInput for a recipe that asks no model, or whose truth is not there.
    """
    roles = cast(wish.rows)
    if not roles:
        raise BadInput(f"the recipe {wish.recipe!r} asks no model, so there is nothing to rehearse; build it")
    doubtful = {"judge", *(role for role, names in roles.items() if len(names) > 1)}
    models = {name: accuracy if role in doubtful else 1.0 for role, names in roles.items() for name in names}
    settings = replace(teacher, models=models, answerers=answerers(wish.recipe))
    revision = digest(settings.to_json() + _truth_of(settings))
    mark(wish.workspace, {"seed": teacher.seed, "faults": dict(teacher.faults), "defects": dict(teacher.defects)})
    with start.apart(settings) as place:
        told = {"url": place.url, "revision": revision, "picture_tokens": TOKENS_PER_PICTURE}
        profile = _profile(wish.workspace, roles, mode, told)
        yield replace(wish, profile=str(profile), publish=False), place


@dataclass(frozen=True)
class Known:
    """Films of which everything is known: their folder, the truth, and questions where the recipe is about any."""

    folder: Path
    truth: str
    questions: str = ""


def known(of: str, folder: Path) -> Known:
    """The films of the demo for a rehearsal of that recipe, with what is true of them, and what is said in them."""
    films = demo.films(folder / "films")
    truth = write_truth(films, subtitles=True)
    if not any(setting.kind is QuestionFile for setting in recipe(of).settings):
        return Known(films, str(truth))
    questions = write_questions(films)
    return Known(films, str(films / THEIR_TRUTH), str(questions))


def cast(rows: Rows[Any]) -> dict[str, tuple[str, ...]]:
    """The names of the models by role: two where a panel is asked, none ``AT_HOME``, and vectors of texts are ours."""
    found: dict[str, tuple[str, ...]] = {}
    for node in rows.walk():
        stage = node.stage
        for role in sorted(set(stage.roles) - {"embedder", *AT_HOME} if stage else ()):
            names = tuple(f"{role}-{letter}" for letter in PANEL) if isinstance(stage, AskPanel) else (role,)
            found[role] = max(found.get(role, ()), names, key=len)
    return found


def answerers(recipe: str) -> str:
    """Where answers to the forms of this recipe are, if somebody wrote them; else the teacher goes by the schema."""
    module = f"infra.rehearsal.answers_{recipe}"
    return f"{module}:ANSWERERS" if recipe.isidentifier() and importlib.util.find_spec(module) else ""


def _truth_of(settings: Settings) -> str:
    if not settings.truth:
        return ""
    try:
        return Path(settings.truth).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the truth {settings.truth!r} cannot be read: {error}") from None


def _profile(workspace: Workspace, roles: Mapping[str, tuple[str, ...]], mode: str, told: Mapping[str, object]) -> Path:
    """A profile in the workspace that gives each role to the teacher. Who listens cannot wait for a batch."""
    modes = {name: "live" if role == TRANSCRIBER else mode for role, filled in roles.items() for name in filled}
    models = "".join(MODEL.format(name=name, mode=how, **told) for name, how in modes.items())
    filled = "".join(f"{role} = {list(names)}\n".replace("'", '"') for role, names in roles.items())
    path = workspace.root / PROFILE
    path.write_text(f"# Written by `rushes rehearse`.\n{models}\n[roles]\n{filled}", encoding="utf-8")
    return path
