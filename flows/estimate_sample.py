"""A rehearsal of a few of the videos, for a plan: what a recipe asks about them, of a teacher that costs nothing."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.estimate import Evidence
from flows.rehearse import AT_HOME, answerers
from flows.wish import Wish
from infra.engine import engine
from infra.forecast import Survey, survey
from infra.profile import Profile
from infra.profile_models import Budget, ModelPart
from infra.rehearsal import start
from infra.rehearsal.asked import TOKENS_PER_PICTURE
from infra.rehearsal.imagined import imagined
from infra.rehearsal.settings import Settings
from infra.rehearsal.truth import save
from infra.run import Run
from schemas.media import Probe, Source
from stages.graph import Rows
from storage.layout import Workspace
from storage.tables import read

IN_FLIGHT = 64
ACCURACY = 0.95


def chosen(minutes: Mapping[str, float], count: int) -> list[str]:
    """So many of the addresses behind which there is a film, evenly spread from the shortest to the longest."""
    films = sorted((length, uri) for uri, length in minutes.items() if length)
    places = [int((number + 0.5) * len(films) / count) for number in range(min(count, len(films)))]
    return sorted(films[place][1] for place in places)


def rehearsed(wish: Wish, minutes: Mapping[str, float], count: int, truth: str = "") -> Evidence:
    """What the recipe asks about ``count`` of the videos, in a folder that is gone afterwards.

    The teacher takes a made-up truth for true where none is given, and answers with all that it is asked for.
    """
    uris = set(chosen(minutes, count))
    sources = [source for source in wish.found.sources if source.uri in uris]
    with TemporaryDirectory(prefix="rushes-plan-") as folder:
        counted = _counted(wish, sources, Path(folder), truth)
    name = f"a rehearsal of {len(sources)} of your {sum(length > 0 for length in minutes.values())} videos"
    return Evidence(counted, minutes, name, TOKENS_PER_PICTURE)


def _counted(wish: Wish, sources: Sequence[Source], folder: Path, truth: str) -> Survey:
    workspace = Workspace(folder / "tables")
    if wish.questions:
        wish.questions.lay(workspace)
    if not truth:
        truth = str(folder / "truth.json")
        _imagine(wish, sources, workspace, Path(truth))
    settings = Settings(models=_accuracies(wish.where), truth=truth, answerers=answerers(wish.recipe), log_chars=0)
    with start.apart(settings) as place, _run(wish.rows, sources, workspace, _taught(wish.where, place.url)) as run:
        run.built()
        return survey(run)


def _accuracies(profile: Profile) -> dict[str, float]:
    """How often each model is right: those who judge and those who answer on a panel err now and then."""
    doubtful = {name for role, names in profile.roles.items() if role == "judge" or len(names) > 1 for name in names}
    return {part.name: ACCURACY if name in doubtful else 1.0 for name, part in profile.models.items()}


def _imagine(wish: Wish, sources: Sequence[Source], workspace: Workspace, path: Path) -> None:
    """Writes a made-up truth about the films."""
    probes = [node for node in wish.rows.walk() if node.row_type is Probe]
    films = []
    if probes:
        with _run(probes[0], sources, workspace, Profile()) as run:
            cells = [read(cell) for cell in run.built().table("probes").cells]
        told = [row for cell in cells for row in cell.select(["video_id", "duration_us_claimed"]).to_pylist()]
        films = [imagined(row["video_id"], row["duration_us_claimed"] or 0) for row in told]
    save(films, path)


def _taught(profile: Profile, url: str) -> Profile:
    """The same cast, with the teacher in place of each model: without limits, and for nothing."""
    models = {name: _pupil(part, url) for name, part in profile.models.items()}
    roles = {role: names for role, names in profile.roles.items() if _is_asked(role, names, profile.models)}
    return dataclasses.replace(profile, models=models, roles=roles, budget=Budget())


def _pupil(part: ModelPart, url: str) -> ModelPart:
    return ModelPart(
        name=part.name, revision=f"{part.revision} as rehearsed", endpoints=(url,), in_flight=IN_FLIGHT, timeout_s=60
    )


def _is_asked(role: str, names: Sequence[str], models: Mapping[str, ModelPart]) -> bool:
    is_near = role in AT_HOME or (role == "embedder" and models[names[0]].kind != "openai")
    return not is_near


def _run(rows: Rows, sources: Sequence[Source], workspace: Workspace, profile: Profile) -> Run:  # type: ignore[type-arg]
    return Run(rows, sources, workspace, engine("inline"), profile=profile)
