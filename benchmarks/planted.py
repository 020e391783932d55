"""Planted defects: how many get through each recipe's gates, and how many good questions are lost with them.

    python benchmarks/planted.py [cineaste videoespresso peakclips] [--films 250]

Made-up films of known truth, a teacher that writes from it except for what is planted (10 % hallucinated, 20 %
answerable blind, 5 % broken replies, 2 % refusals), judges and a blind panel of two that are right 95 % of the time.
The stages, prompts, SQL and gates are the recipe's own; films, HTTP and workers are left out, so that thousands of
questions take a minute. `peakclips` composes its questions out of captions, so there lies are planted in captions, and
nobody can give an answer away. Prints a Markdown table; ends with 1 where a bar is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.rehearsal.truth import Truth
from tests.flows import test_cineaste, test_peakclips, test_videoespresso
from tests.flows.rehearsed import Bench

PLANTED = {"hallucinated": 0.1, "hallucinated_text": 0.1, "blind": 0.2, "refused": 0.02, "broken_json": 0.05}
FALSE_GONE, BLIND_GONE, GOOD_LOST = 0.99, 0.98, 0.03
BROKEN = ("refused", "bad_reply")
JUDGING = ("context", "veracity", "ambiguity", "duplicate")


@dataclass
class Count:
    """Questions, by what was planted in them, and what is left of each."""

    false: int
    false_kept: int
    blind: int
    blind_kept: int
    good: int
    good_kept: int

    @property
    def holds(self) -> bool:
        """Whether all three bars are met."""
        return (
            self.false_kept <= (1 - FALSE_GONE) * self.false
            and self.blind_kept <= (1 - BLIND_GONE) * self.blind
            and self.good - self.good_kept <= GOOD_LOST * self.good
        )


def count(made: Bench) -> Count:
    """What came of the questions; what only the quotas turned away counts as kept."""
    lost = {one.item_id for one in made.rows("verdicts") if not one.passed and one.gate in JUDGING}
    items = made.rows("items")
    kept = {item.question for item in items if item.item_id not in lost}
    marked: Any = made.env.chat("writer").planted  # type: ignore[attr-defined]  # the taught one
    false, blind = ({one["question"] for one in marked if one["defect"] == name} for name in ("hallucinated", "blind"))
    good = written(made) - false - blind
    return Count(len(false), len(false & kept), len(blind), len(blind & kept), len(good), len(good & kept))


def count_captions(made: Bench) -> Count:
    """What came of the captions of scenes: one is kept when a question about it is, or none could be put together."""
    lies = {one["text"] for one in made.env.chat("captioner").planted if "text" in one}  # type: ignore[attr-defined]
    false = {one.caption_id for one in made.rows("captions") if any(lie in one.text for lie in lies)}
    lost = {one.item_id for one in made.rows("verdicts") if not one.passed and one.gate in JUDGING}
    items = {item.item_id for item in made.rows("items")}
    asked: dict[str, list[bool]] = {one.scene_id: [] for one in made.rows("sound_scenes")}
    for case in made.rows("peak_cases"):
        if case.case_id in items and case.task in {"localise", "caption"}:
            asked[case.scene_id].append(case.case_id not in lost)
    kept = {scene for scene, ends in asked.items() if any(ends) or not ends}
    good = {one.caption_id for one in made.rows("captions")} - false
    return Count(len(false), len(false & kept), 0, 0, len(good), len(good & kept))


def written(made: Bench) -> set[str]:
    """All that the writer asked, but questions to which a later reply was broken or refused: those cannot be whole."""
    if "questions" not in {node.table for node in made.recipe.walk()}:
        return {item.question for item in made.rows("items")}
    broken = {one.row_id for rejects in made.rejects.values() for one in rejects if one.reason in BROKEN}
    return {one.question for one in made.rows("questions") if one.question_id not in broken}


RECIPES: dict[str, tuple[ModuleType, Callable[[Bench], Count]]] = {
    "cineaste": (test_cineaste, count),
    "videoespresso": (test_videoespresso, count),
    "peakclips": (test_peakclips, count_captions),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("--films", type=int, default=250)
    asked = parser.parse_args()
    print("| recipe | items | hallucinated gone | blind gone | good lost | bars | s |\n|---|---|---|---|---|---|---|")
    held = True
    for name in asked.recipes or RECIPES:
        (module, counted), begun = RECIPES[name], time.perf_counter()
        module.TRUTH = Truth({one.video_id: one for one in map(module.film, range(asked.films))})
        made = module.bench(**PLANTED)
        found = counted(made)
        held = held and found.holds
        gone = f"{found.false - found.false_kept} of {found.false} | {found.blind - found.blind_kept} of {found.blind}"
        lost = f"{found.good - found.good_kept} of {found.good}"
        n, took = len(made.rows("items")), time.perf_counter() - begun
        print(f"| {name} | {n} | {gone} | {lost} | {'held' if found.holds else 'MISSED'} | {took:.0f} |", flush=True)
    sys.exit(not held)


if __name__ == "__main__":
    main()
