"""T6: the process that drives a run is killed at any moment, and the same command is run again."""

import random
from pathlib import Path

from flows.films_truth import write_truth
from flows.rehearse import rehearsed
from flows.wish import Wish
from infra.rehearsal.settings import Settings
from infra.rehearsal.start import stats
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.builds import Build, films
from tests.chaos.kills import Killed, Killing

IN_FLIGHT = 4
MOST_AGAIN = 0.02


def show(folder: Path, scale: Scale) -> Shown:
    """Kills builds that decode, and builds that ask a simulated teacher."""
    given, chance = films(folder / "films", 1), random.Random(scale.seed)
    decoding = Killing(lambda to: Build(to, [given]), folder / "fragments", chance).run(scale.of(6, 1))
    asking = taught(folder, given, scale, chance)
    wrong = [*decoding.wrong, *asking.wrong]
    share = asking.asked_again / max(1, asking.requests)
    fewest = asking.asked_again <= IN_FLIGHT * asking.kills and share <= MOST_AGAIN
    return Shown(
        not wrong and fewest,
        f"{decoding.kills} kills of fragments and {asking.kills} of cineaste: {asking.asked_again} of "
        f"{asking.requests:,} requests sent twice ({share:.1%}), {IN_FLIGHT} in flight; "
        + (f"{len(wrong)} wrong, first: {wrong[0]}" if wrong else "the same bytes, no process and no lock left"),
    )


def taught(folder: Path, given: Path, scale: Scale, chance: random.Random) -> Killed:
    """The same of a recipe that asks, with the teacher in a process that nobody kills."""
    truth = write_truth(given, subtitles=True)
    teacher = Settings(seed=scale.seed, latency_s=0.03, truth=str(truth), log_chars=0)
    wish = Wish(recipe="cineaste", videos=[str(given)], to=str(folder / "rehearsal"), engine="inline")
    with rehearsed(wish, teacher, 0.95) as (ours, place):
        profile = folder / "teacher.toml"
        profile.write_text(Path(ours.profile).read_text().replace("in_flight = 64", f"in_flight = {IN_FLIGHT}"))
        more = ("--profile", str(profile))
        killing = Killing(
            lambda to: Build(to, [given], "cineaste", more),
            folder / "cineaste",
            chance,
            lambda: int(stats(place)["requests"]),
        )
        return killing.run(scale.of(14, 1))


BAR = Bar(
    "T6",
    "The driver killed at 20 random moments: the same bytes after going on, at most 2 % of requests sent twice, "
    "no process and no lock left",
    show,
    in_suite=False,
)
