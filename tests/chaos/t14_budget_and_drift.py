"""T14: a budget holds over all workers, whatever the server counts; another model under the old name stops the run."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.models.desk import Desk
from infra.models.gate import HereDoor
from infra.profile_models import Budget, ModelPart
from infra.rehearsal import start
from schemas.errors import BudgetSpent, ModelDrift
from schemas.scenes import ScenePack
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.teaching import Pupil, packs, teacher

WORKERS = 4
# How many times what it took the server puts on the bill, by the fault.
COUNTS = {"": 1, "no_usage": 1, "tenfold_usage": 10, "huge_usage": 1}


def show(folder: Path, scale: Scale) -> Shown:
    """Four workers on one budget, for each way of counting; then a server that changes its model now and then."""
    told, held = [], True
    for fault, times in COUNTS.items():
        over, stopped, paid, kept = _spend(folder / (fault or "honest"), fault, times, scale.of(60_000, 20_000))
        held &= over <= (1.0 if times > 1 else 0.0) and stopped == WORKERS and kept == paid > WORKERS
        told.append(
            f"{fault or 'honest count'} {over:+.2f} calls a worker over the cap after {paid} paid and {kept} kept"
        )
    late, drifted = _drift(folder / "drift", scale.of(200, 60), scale.seed)
    held &= drifted and late <= 16
    figures = (
        f"all {WORKERS} workers stopped with: {'; '.join(told)}; after another model answered, {late} more requests "
        f"came (16 in flight, {scale.of(200, 60)} wanted), and the run ended with ModelDrift: {drifted}"
    )
    return Shown(held, figures)


def _spend(folder: Path, fault: str, times: int, cap: int) -> tuple[float, int, int, int]:
    """Largest calls a worker over the cap (at least 0), workers that stopped, answers paid for, and answers kept."""
    with teacher(faults={fault: 1.0} if fault else {}, latency_s=0.02) as place:
        part = ModelPart(name="teacher", revision="1", endpoints=(place.url,), in_flight=WORKERS)
        door = HereDoor(Desk({"teacher": part}, Budget(tokens=cap)))
        scenes = packs(400)
        with ThreadPoolExecutor(WORKERS) as pool:
            pupils = [Pupil(folder, place, door=door, worker=f"worker {number}") for number in range(WORKERS)]
            shares = [scenes[number::WORKERS] for number in range(WORKERS)]
            stopped = sum(pool.map(_is_stopped, pupils, shares))
        log = [entry for entry in start.entries(place) if entry["status"] == 200 and not entry["is_gone"]]
    bills = [times * (entry["tokens_in"] + entry["tokens_out"]) for entry in log]
    lines = sum(len(path.read_bytes().splitlines()) for path in (folder / "replies").rglob("*.jsonl"))
    return max(0.0, sum(bills) - cap) / max(bills) / WORKERS, stopped, len(log), lines


def _is_stopped(pupil: Pupil, scenes: Sequence[ScenePack]) -> bool:
    try:
        pupil.learn(scenes, in_flight=WORKERS)
    except BudgetSpent:
        return True
    return False


def _drift(folder: Path, count: int, seed: int) -> tuple[int, bool]:
    """How many requests came after the first answer of another model, and whether the run ended because of it."""
    with teacher(seed=seed, faults={"other_model": 0.05}, latency_s=0.05) as place:
        drifted = False
        try:
            Pupil(folder, place).learn(packs(count), in_flight=16)
        except ModelDrift:
            drifted = True
        log = start.entries(place)
    changed = min(entry["at_s"] + entry["seconds"] for entry in log if entry["fault"] == "other_model")
    return sum(entry["at_s"] > changed for entry in log), drifted


BAR = Bar(
    "T14", "a budget is overspent by one call a worker at most; a changed model stops the run within a batch", show
)
